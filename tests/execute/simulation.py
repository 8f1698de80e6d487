"""Hosts without hosts: answers the executor's trips in memory, in any order a test chooses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

from runner.execute.run import Run
from runner.execute.world import Outbox, World
from runner.inventory.patterns import resolve
from runner.load.files import Files
from runner.load.include import TaskLoader
from runner.model.call import Effect, Line, Reply, Status, Trip, TripEnd
from runner.model.event import Event, Kept, TaskIntent, TaskResult
from runner.model.fate import Fate
from runner.model.inventory import Group, Host, Inventory
from runner.model.options import Options
from runner.model.playbook import Block, Condition, Directives, Node, Play, Playbook, Task
from runner.model.span import Span
from runner.model.values import Template
from runner.plan.build import make_plan
from runner.preparation import make_templar
from tests.load.trees import load

PLACE = Span("play.yml", 1, 1)


def task(name: str, module: str = "command", **more: Any) -> Task:
    """A task that runs `name` as a command (or with `args`)."""
    args = more.pop("args", {"_raw_params": name} if module == "command" else {})
    directives = Directives(**more.pop("directives", {}))
    when = tuple(Condition(text, PLACE) for text in more.pop("when", ()))
    return Task(name, name, module, module, args, PLACE, directives, when=when, **more)


def block(name: str, body: Sequence[Node], rescue: Sequence[Node] = (), always: Sequence[Node] = ()) -> Block:
    """A block."""
    return Block(name, name, PLACE, tuple(body), tuple(rescue), tuple(always))


def play(tasks: Sequence[Node], **more: Any) -> Play:
    """A play on all hosts that gathers no facts."""
    more.setdefault("gather_facts", False)
    return Play(more.pop("id", "play"), more.pop("name", "play"), "all", PLACE, "play.yml", tasks=tuple(tasks), **more)


def inventory(*names: str) -> Inventory:
    """Hosts that are in no group."""
    hosts = {name: Host(name) for name in names}
    groups = {"all": Group("all", children=("ungrouped",)), "ungrouped": Group("ungrouped", hosts=names)}
    return Inventory(hosts, groups)


def template(text: str) -> Template:
    """Trusted template text."""
    return Template(text, PLACE)


Answer = Callable[[str, str, Any, int], int | tuple[int, str]]
Lose = Callable[[Trip, int], TripEnd | None]


class BrokenOff(Exception):
    """The run was killed."""


@dataclass(slots=True)
class Simulation:
    """A run whose hosts are `answer(host, task, item, attempt) -> rc` (or code and output), tasks by name. `ran` is
    what ran, in order of running. A job that goes on by itself begins, and never ends.

    `pick` chooses among the trips under way whose next line runs; without it the oldest goes first. `lose` may end a
    trip before its line of a given number, as a broken connection does, `end_lost` behind its last answer.
    `told_before` are the events told before a trip was sent. `log` has what is kept as well; the run is broken off
    as by kill -9 when it has come to `cut` events: those behind are lost, and what they were about to send is not sent.
    `kept` is what hosts know of lines that ran; whoever `asks` is told, to others it is lost.
    """

    run: Run
    answer: Answer
    pick: Callable[[int], int] = lambda _count: 0
    lose: Lose = lambda _trip, _at: None
    end_lost: Callable[[int], bool] = lambda _trip: False
    events: list[Event] = field(default_factory=list)
    log: list[Event] = field(default_factory=list)
    cut: int = 1_000_000
    kept: dict[tuple[int, int], tuple[int, str]] = field(default_factory=dict)
    asks: bool = False
    ran: list[tuple[str, str, Any]] = field(default_factory=list)
    sent: list[Trip] = field(default_factory=list)
    told_before: dict[int, tuple[Event, ...]] = field(default_factory=dict)
    _under_way: list[tuple[Trip, list[TaskIntent], int]] = field(default_factory=list)
    _failed: set[tuple[int, int]] = field(default_factory=set)
    now: float = 1000.0

    def go(self) -> Simulation:
        """Run to the end (bounded)."""
        self.run.tick(self.now)
        if self.run.world.replay is None:
            self.run.start()
        else:
            self.events += self.run.recall()
            self.run.pump()
        for _ in range(100_000):
            self._take()
            if self._under_way:
                self._one_line(self.pick(len(self._under_way)))
            elif self.run.world.next_wake is not None:
                self.now = self.run.world.next_wake
                self.run.tick(self.now)
            elif not self.run.world.outbox:
                break
        assert self.run.finished, "the run is stuck"
        return self

    def _take(self) -> None:
        while box := self.run.world.take_outbox():
            self._take_box(box)
            self.run.pump()

    def _take_box(self, box: Outbox) -> None:
        self.events += [event for event in box.events if not isinstance(event, Kept)]
        self.log += box.events
        if len(self.log) >= self.cut:
            raise BrokenOff
        intents = [event for event in box.events if isinstance(event, TaskIntent)]
        for trip in box.trips:
            self.sent.append(trip)
            self.told_before[trip.id] = tuple(self.events)
            self._under_way.append((trip, [intent for intent in intents if intent.trip == trip.id], 0))

    def _one_line(self, chosen: int) -> None:
        trip, intents, at = self._under_way.pop(chosen)
        lost = self.lose(trip, at)
        if lost is not None:
            self.run.end(lost)
            return
        line, intent = trip.lines[at], intents[at]
        fate = self._fate(line)
        if fate is Fate.LOST:
            self.run.hear(Reply(trip.id, line.index, 1, start=self.now, end=self.now, fate=Fate.LOST))
            self.run.end(TripEnd(trip.id))
            return
        ends = at + 1 == len(trip.lines)
        rc, text = self._known(line) if fate is Fate.DONE else self._ran(trip, line, intent)
        self.now += 0.01
        differs = bool(line.fragment.apply)
        self.run.world.now = self.now
        values = {"path": b"/jobs/j"} if "pb_job=" in line.fragment.probe + line.fragment.apply else {}
        self.run.hear(
            Reply(trip.id, line.index, rc, differs, values, text.encode(), b"", self.now, self.now, fate=fate)
        )
        if ends or self._stopped(trip, at, rc):
            self.run.end(TripEnd(trip.id, "connection reset" if self.end_lost(trip.id) else None))
        else:
            self._under_way.insert(chosen, (trip, intents, at + 1))

    def _ran(self, trip: Trip, line: Line, intent: TaskIntent) -> tuple[int, str]:
        """The code and the output of a line that runs; the host keeps them."""
        self.ran.append((intent.host, intent.task, intent.item))
        said = self.answer(intent.host, intent.task, intent.item, intent.attempt)
        found = said if isinstance(said, tuple) else (said, f"{intent.task} {intent.item}")
        self.kept[trip.id, line.index] = found
        return found

    def _fate(self, line: Line) -> Fate | None:
        if not line.earlier:
            return None
        if not self.asks:
            return Fate.LOST if line.fragment.effect is Effect.UNSAFE else Fate.ABSENT
        return Fate.DONE if any((one.trip, one.index) in self.kept for one in line.earlier) else Fate.ABSENT

    def _known(self, line: Line) -> tuple[int, str]:
        found = [self.kept[one.trip, one.index] for one in line.earlier if (one.trip, one.index) in self.kept]
        return found[-1]

    def _stopped(self, trip: Trip, at: int, rc: int) -> bool:
        """Whether the shell stops before the next line: a failed item lets the others of its group run first."""
        line, following = trip.lines[at], trip.lines[at + 1]
        if rc != 0 and not line.tolerant:
            self._failed.add((trip.id, line.group))
        return line.group != following.group and (trip.id, line.group) in self._failed

    def results(self, host: str) -> list[tuple[str, Status]]:
        """The final results of one host: the task's name and status."""
        return [
            (event.task, event.status)
            for event in self.events
            if isinstance(event, TaskResult) and event.final and event.host == host
        ]

    def ran_on(self, host: str) -> list[tuple[str, Any]]:
        """What ran on one host, in order."""
        return [(task_id, item) for name, task_id, item in self.ran if name == host]


def simulate(
    plays: Sequence[Play],
    hosts: Sequence[str],
    answer: Answer = lambda *_: 0,
    pick: Callable[[int], int] = lambda _count: 0,
    lose: Lose = lambda _trip, _at: None,
    end_lost: Callable[[int], bool] = lambda _trip: False,
    **options: Any,
) -> Simulation:
    """Plan and run plays on simulated hosts."""
    return run_plan(plays, inventory(*hosts), answer, pick, lose, end_lost, **options)


def run_plan(
    plays: Sequence[Play],
    known: Inventory,
    answer: Answer = lambda *_: 0,
    pick: Callable[[int], int] = lambda _count: 0,
    lose: Lose = lambda _trip, _at: None,
    end_lost: Callable[[int], bool] = lambda _trip: False,
    **options: Any,
) -> Simulation:
    """Plan and run plays on the simulated hosts of an inventory; each play's `hosts` is a plain pattern."""
    return planned(plays, known, answer, pick, lose, end_lost, **options).go()


def planned(
    plays: Sequence[Play],
    known: Inventory,
    answer: Answer = lambda *_: 0,
    pick: Callable[[int], int] = lambda _count: 0,
    lose: Lose = lambda _trip, _at: None,
    end_lost: Callable[[int], bool] = lambda _trip: False,
    **options: Any,
) -> Simulation:
    """A simulation that has not begun."""
    chosen = Options(**options)
    templar = make_templar()
    plan = make_plan(Playbook(tuple(plays)), known, chosen, templar)
    world = World(chosen, templar, Files(), TaskLoader(chosen.extra_vars))
    run = Run(world, plan, known, lambda one, now: resolve(str(one.hosts), now).hosts)
    return Simulation(run, answer, pick, lose, end_lost)


@dataclass(frozen=True, slots=True)
class Book:
    """Playbooks as text, in a folder of their own: `site` is `site.yml`, `files` the other files."""

    folder: Path

    def run(
        self,
        site: str,
        hosts: Sequence[str] = ("h1", "h2"),
        answer: Answer = lambda *_: 0,
        *,
        files: Mapping[str, str] | None = None,
        host_vars: Mapping[str, Mapping[str, Any]] | None = None,
        pick: Callable[[int], int] = lambda _count: 0,
        lose: Lose = lambda _trip, _at: None,
        **options: Any,
    ) -> Simulation:
        """Load and run. A text that does not begin with `- hosts` is the `tasks:` of a play without facts."""
        text = dedent(site).strip("\n")
        if not text.startswith(("- hosts", "- name: play")):
            text = "- hosts: all\n  gather_facts: false\n  tasks:\n" + indent(text, "    ")
        plays, _ = load(self.folder, {"site.yml": text + "\n", **(files or {})})
        known = inventory(*hosts)
        merged = {name: replace(host, vars=(host_vars or {}).get(name, {})) for name, host in known.hosts.items()}
        return run_plan(plays, replace(known, hosts=merged), answer, pick, lose, **options)


def said(done: Simulation, host: str) -> list[str]:
    """What the debug tasks of a host said, items of loops included."""
    found = [event for event in done.events if isinstance(event, TaskResult) and event.host == host]
    return [event.msg for event in found if event.module == "debug" and not (event.final and "results" in event.values)]
