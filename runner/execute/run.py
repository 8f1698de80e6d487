"""A whole run: plays in the order their needs allow, each in its batches, until nothing is left or nobody."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from runner.errors import LogMismatch, StepError
from runner.execute.play import PlayRun
from runner.execute.results import plain
from runner.execute.state import RunState
from runner.execute.world import World
from runner.model.call import Lines, Reply, TripEnd
from runner.model.event import Event, Notice, PlayStart, Recap, TaskStart
from runner.model.inventory import Inventory
from runner.model.names import LayeredNames
from runner.model.past import TaskEnd
from runner.model.plan import Plan, PlayPlan
from runner.model.playbook import Play
from runner.model.quick import dataclass

HostsOf = Callable[[Play, Inventory], tuple[str, ...]]


@dataclass(slots=True)
class PlayState:
    """A play under way: the batches still to come and the one that runs. `everyone` and the batches hold hosts that
    failed in an earlier play as well, as in Ansible."""

    plan: PlayPlan
    everyone: tuple[str, ...]
    batches: list[tuple[str, ...]]
    number: int = 0
    current: PlayRun | None = None


class Run:
    """Takes a plan through. Feed it replies, trip ends and time; take what it wants done from `world.outbox`, and then
    `pump`, until the outbox stays empty."""

    def __init__(self, world: World, plan: Plan, inventory: Inventory, hosts_of: HostsOf) -> None:
        self.world = world
        self.state = RunState(inventory)
        self._plan = plan
        self._hosts_of = hosts_of
        self._waiting = set(range(len(plan.plays)))
        self._ended: set[int] = set()
        self._active: dict[int, PlayState] = {}
        self._trips: dict[int, PlayRun] = {}
        self._stopped = False
        self.broken = False

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do."""
        return not self._active and (self._stopped or not self._waiting)

    def start(self) -> None:
        """Begin every play that waits for none."""
        self._next()

    def recall(self) -> list[Event]:
        """Begin a run that goes on: take over all that the log holds. Returns what tells where it stands: plays and
        tasks that began. Raises LogMismatch when the log holds steps that this run does not come to."""
        replay = self.world.replay
        assert replay is not None
        self.start()
        told: list[Event] = []
        moved = True
        while moved:
            while box := self.world.take_outbox():
                told += [event for event in box.events if isinstance(event, PlayStart | TaskStart)]
                self.pump()
            moved = replay.deliver(self._facts)
        if replay.left:
            raise LogMismatch([(end.host, end.name) for end in replay.left])
        replay.active = False
        for play in list(self._active.values()):
            if play.current is not None:
                play.current.batch.wake_all()
        active = {play.plan.play.id for play in self._active.values()}
        plays = {event.play_id: event for event in told if isinstance(event, PlayStart) and event.play_id in active}
        return [*plays.values(), *(event for event in told if isinstance(event, TaskStart))]

    def _facts(self, end: TaskEnd) -> bool:
        """Facts that no task of the plan gathers are those of the play under way that wanted them."""
        found = any(play.current and play.current.recollect.facts(end) for play in self._active.values())
        self._next()
        return found

    def hear(self, reply: Reply) -> None:
        """A step answered."""
        self._trips[reply.trip].hear(reply)
        self._next()

    def hear_lines(self, lines: Lines) -> None:
        """A step that is under way has printed something."""
        if lines.trip in self._trips:
            self._trips[lines.trip].hear_lines(lines)

    def forget(self, trip: int) -> None:
        """A trip does not leave: the run is being stopped."""
        self._trips[trip].forget(trip)

    def under_way(self, trips: Sequence[int]) -> list[tuple[str, str]]:
        """The host and the task of each step that was sent with these trips and has not answered."""
        return [found for trip in trips for found in self._trips[trip].under_way(trip)]

    def end(self, end: TripEnd) -> None:
        """A trip is over."""
        self._trips[end.trip].end(end)
        self._next()

    def pump(self) -> None:
        """Go on where the outbox was full."""
        for play in list(self._active.values()):
            if play.current is not None:
                play.current.pump()
        self._next()

    def tick(self, now: float) -> None:
        """Time has come to `now` (epoch seconds)."""
        self.world.tick(now)
        self._next()

    def _next(self) -> None:
        """Begin what may begin, and go on to next batches, until nothing more moves."""
        moved = True
        while moved:
            moved = False
            for index, play in list(self._active.items()):
                if play.current is not None and play.current.finished:
                    self._close(index, play)
                    moved = True
            for index in sorted(self._waiting):
                if not self._stopped and self._plan.after[index] <= self._ended:
                    self._waiting.discard(index)
                    self._open(index)
                    moved = True

    def _open(self, index: int) -> None:
        plan = self._plan.plays[index]
        listed = self._hosts_of(plan.play, self.state.inventory)
        everyone = self._as_before(plan.play, self._ordered(plan.play, listed))
        hosts = self._in(everyone)
        for name in hosts:
            own = self.state.of(name)
            own.may_gather = own.may_gather or plan.play.gather_facts is not False
        if not hosts or not plan.nodes:
            self.world.emit(PlayStart(plan.play.name, plan.play.id, hosts))
            self._ended.add(index)
            return
        try:
            batches = batches_of(everyone, plan.play.serial, lambda value: self._keyword(plan.play, value))
        except StepError as error:
            self.world.emit(Notice("warning", f"play {plan.play.name!r}: {error}; running all hosts at once"))
            batches = [everyone]
        self._active[index] = PlayState(plan, listed, batches)
        self._begin_batch(self._active[index])

    def _in(self, hosts: Sequence[str]) -> tuple[str, ...]:
        known = self.state.hosts
        return tuple(h for h in hosts if h not in known or not (known[h].failed or known[h].unreachable))

    def _keyword(self, play: Play, value: Any) -> Any:
        """A play's keyword, rendered with the variables that need no host. Raises StepError."""
        prompts = self.world.prompts.get(play.id, {})
        return self.world.templar.render(value, LayeredNames(self.world.options.extra_vars, prompts, play.vars))

    @staticmethod
    def _ordered(play: Play, hosts: tuple[str, ...]) -> tuple[str, ...]:
        """`order:` of a play. Source: https://docs.ansible.com/ansible/latest/playbook_guide/playbooks_strategies.html"""
        match play.order:
            case "reverse_inventory":
                return tuple(reversed(hosts))
            case "sorted":
                return tuple(sorted(hosts))
            case "reverse_sorted":
                return tuple(sorted(hosts, reverse=True))
            case "shuffle":
                return tuple(random.SystemRandom().sample(hosts, len(hosts)))
            case _:
                return hosts

    def _as_before(self, play: Play, hosts: tuple[str, ...]) -> tuple[str, ...]:
        """The order that chance gave the hosts before the run was broken off."""
        known = self.world.replay.past.orders.get(play.id, ()) if self.world.replay and play.order == "shuffle" else ()
        return (*(host for host in known if host in hosts), *(host for host in hosts if host not in known))

    def _begin_batch(self, play: PlayState) -> None:
        hosts = self._in(play.batches[play.number])
        options, wanted = self.world.options, play.plan.play.force_handlers
        force = options.force_handlers or self._keyword(play.plan.play, wanted) in (True, "true", "yes")
        play.current = PlayRun(
            self.world, self.state, play.plan, play.everyone, hosts, self._trips, force_handlers=force
        )
        play.current.begin(play.number, len(play.batches))

    def _close(self, index: int, play: PlayState) -> None:
        """A batch is through: note who failed, go on with the next one unless all of it failed (in this play)."""
        run = play.current
        assert run is not None
        failed = 0
        for name, flow in zip(run.batch.hosts, run.batch.flows, strict=True):
            own = self.state.of(name)
            own.failed = own.failed or flow.lost
            failed += own.failed or own.unreachable
        everybody = bool(run.batch.hosts) and failed == len(play.batches[play.number])
        play.number += 1
        if everybody or run.batch.broken:
            self._stopped = self.broken = True
        if play.number < len(play.batches) and not self._stopped and not run.batch.over:
            self._begin_batch(play)
            return
        del self._active[index]
        self._ended.add(index)

    def recap(self) -> Mapping[str, Recap]:
        """The counts of every host that has any, sorted by name, as in Ansible's recap."""
        counts = {name: self.state.hosts[name].recap() for name in sorted(self.state.hosts)}
        return {name: own for name, own in counts.items() if own != Recap()}

    def stats(self) -> Mapping[str, Mapping[str, Any]]:
        """What set_stats has kept, by host; `_run` is the run itself."""
        return {host: plain(own) for host, own in self.state.stats.items()}

    def exit_code(self) -> int:
        """Ansible's: 4 if a host was unreachable, 2 if one failed (and was not forgiven by a meta task), else 0."""
        if any(own.unreachable for own in self.state.hosts.values()):
            return 4
        return 2 if self.broken or any(own.failed for own in self.state.hosts.values()) else 0


def batches_of(
    hosts: tuple[str, ...], serial: tuple[Any, ...], render: Callable[[Any], Any] = lambda value: value
) -> list[tuple[str, ...]]:
    """The batches of `serial`: numbers or percentages, the last one repeated. Raises StepError for other values.

    Source: https://docs.ansible.com/ansible/latest/playbook_guide/playbooks_strategies.html#setting-the-batch-size-with-serial
    """
    rendered = [render(entry) for entry in serial]
    written = [size for entry in rendered for size in (entry if isinstance(entry, list) else [entry])]
    sizes = [_size(entry, len(hosts)) for entry in written] or [len(hosts)]
    batches: list[tuple[str, ...]] = []
    at = 0
    while at < len(hosts):
        size = sizes[min(len(batches), len(sizes) - 1)]
        size = size if size > 0 else len(hosts)
        batches.append(hosts[at : at + size])
        at += size
    return batches


def _size(entry: Any, total: int) -> int:
    text = str(entry).strip()
    try:
        if text.endswith("%"):
            return max(1, int(float(text[:-1]) * total / 100))
        return int(text)
    except ValueError:
        raise StepError(f"serial: {entry!r} is neither a number nor a percentage") from None
