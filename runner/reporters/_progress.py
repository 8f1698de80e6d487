"""How far a run is, folded from its events: what the live screen shows below the results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from runner.model.call import Status
from runner.model.event import (
    Event,
    HostLost,
    IntentWithdrawn,
    PlanMade,
    PlayStart,
    TaskIntent,
    TaskResult,
    TaskStart,
)
from runner.model.quick import dataclass
from runner.reporters._transfers import Transfers

OUT = frozenset({Status.FAILED, Status.UNREACHABLE, Status.INDETERMINATE})


@dataclass(slots=True)
class TaskProgress:
    """One task of a batch: hosts it runs on now, and those that are done with it."""

    name: str
    running: dict[str, None] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)


@dataclass(slots=True)
class PlayProgress:
    """One play's batch. `order` says where a task stands in the play; `reached` how far each host has come in it."""

    name: str
    hosts: frozenset[str] = frozenset()
    order: Mapping[str, int] = field(default_factory=dict)
    out: set[str] = field(default_factory=set)
    tasks: dict[str, TaskProgress] = field(default_factory=dict)
    reached: dict[str, int] = field(default_factory=dict)

    def task(self, key: str, name: str) -> TaskProgress:
        """The task of this id, made if it is new."""
        found = self.tasks.get(key)
        if found is None:
            found = self.tasks[key] = TaskProgress(name)
        return found

    def result(self, result: TaskResult) -> None:
        """A step of this play ended."""
        task = self.task(result.task_id, result.task)
        if not result.final:
            return
        task.running.pop(result.host, None)
        task.done.add(result.host)
        if result.host in self.reached:
            self.reached[result.host] = max(self.reached[result.host], self.order.get(result.task_id, -1) + 1)
        if result.status in OUT and not result.ignored and not result.rescued:
            self.drop(result.host)

    def drop(self, host: str) -> None:
        """Nothing more will run on this host."""
        if host in self.hosts:
            self.out.add(host)
        for task in self.tasks.values():
            task.running.pop(host, None)

    @property
    def running(self) -> set[str]:
        """Hosts that something runs on now."""
        return {host for task in self.tasks.values() for host in task.running}

    @property
    def finished(self) -> set[str]:
        """Hosts that are done with the play (but for its handlers)."""
        busy, length = self.running, len(self.order)
        return {host for host, step in self.reached.items() if step >= length > 0 and host not in self.out | busy}

    @property
    def share(self) -> float:
        """How much of the batch's steps is over, from 0 to 1; a host that is out counts as done."""
        length = len(self.order)
        done = sum(length if host in self.out else step for host, step in self.reached.items())
        return done / (length * len(self.hosts)) if length and self.hosts else 0.0

    def current(self) -> list[TaskProgress]:
        """Tasks that run somewhere now, in the order they were begun."""
        return [task for task in self.tasks.values() if task.running]

    def is_over(self, key: str) -> bool:
        """Whether no host still has to do this task: each did it, is out, or is further on (`run_once`)."""
        task = self.tasks.get(key)
        if task is None or len(task.done) + len(self.out) >= len(self.hosts):
            return True
        place = self.order.get(key)
        return all(
            host in task.done or host in self.out or (place is not None and self.reached[host] > place + 1)
            for host in self.hosts
        )


class Progress:
    """All plays that were begun, by name; several can be under way side by side."""

    def __init__(self) -> None:
        self.plays: dict[str, PlayProgress] = {}
        self._orders: dict[str, Mapping[str, int]] = {}
        self._latest = ""
        self.transfers = Transfers()

    def see(self, event: Event) -> None:
        """Take in one event."""
        if isinstance(event, TaskIntent):
            self._play(event.play).task(event.task_id, event.task).running[event.host] = None
        elif isinstance(event, TaskResult):
            self._play(event.play).result(event)
            self.transfers.drop(event.delegate or event.host)
        elif isinstance(event, TaskStart):
            self._play(event.play).task(event.task_id, event.task)
        elif isinstance(event, IntentWithdrawn):
            for task in (play.tasks[event.task_id] for play in self.plays.values() if event.task_id in play.tasks):
                task.running.pop(event.host, None)
        elif isinstance(event, HostLost):
            self.transfers.drop(event.host)
            for play in self.plays.values():
                play.drop(event.host)
        elif isinstance(event, PlayStart):
            self._latest = event.play
            order = self._orders.get(event.play, {})
            reached = dict.fromkeys(event.hosts, 0)
            self.plays[event.play] = PlayProgress(event.play, frozenset(event.hosts), order, reached=reached)
        elif isinstance(event, PlanMade):
            self._orders = {str(play.get("name", "")): _order(play) for play in event.plays}

    def _play(self, name: str) -> PlayProgress:
        found = self.plays.get(name)
        if found is None:
            found = self.plays[name] = PlayProgress(name)
        return found

    def shown(self) -> list[PlayProgress]:
        """Plays that are under way now; the last one that was begun at least."""
        return [play for play in self.plays.values() if play.running or play.name == self._latest]

    def is_over(self, task: tuple[str, str]) -> bool:
        """Whether no host still has to do the task (its play's name and its id)."""
        play = self.plays.get(task[0])
        return play is None or play.is_over(task[1])


def _order(play: Mapping[str, Any]) -> Mapping[str, int]:
    """Where each task stands. Handlers do not count: most of them never run."""
    tasks = [task for task in play.get("tasks", ()) if isinstance(task, Mapping) and not task.get("handler")]
    return {str(task.get("id")): number for number, task in enumerate(tasks)}
