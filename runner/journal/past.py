"""From the records of a run that was broken off to the past that it goes on from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field, replace
from typing import Any

from runner.journal.kept import whole
from runner.model.call import Status
from runner.model.event import (
    UNDECIDED,
    Event,
    IntentWithdrawn,
    Kept,
    PlayStart,
    Record,
    ResumeStart,
    RunEnd,
    TaskIntent,
    TaskResult,
)
from runner.model.past import NOTHING_OPEN, Open, Past, Policy, StepEnd, TaskEnd
from runner.model.quick import dataclass

Unseal = Callable[[Kept], Mapping[str, Any]]
_OF_TASK = ("looped", "flags", "notify", "loop", "items", "asker")


def past_of(run: str, records: Iterable[Record], unseal: Unseal, policy: Policy | None = None) -> Past:
    """The past of a run. `unseal` gives what was kept, in the clear. Raises ValueError for a log that was not written
    by a run."""
    reading = _Reading(unseal)
    for record in records:
        reading.now = record.ts
        reading.see(record.event)
    reading.decide()
    return Past(
        run,
        tuple(reading.tasks),
        {key: dict(items) for key, items in reading.items.items() if items},
        {key: known for key, known in reading.open.items() if known is not NOTHING_OPEN},
        {play: tuple(hosts) for play, hosts in reading.orders.items()},
        reading.trips,
        policy,
    )


@dataclass(slots=True)
class _Reading:
    """What has been read so far. `sent` counts the fragments of a step since the process that goes on began."""

    unseal: Unseal
    tasks: list[TaskEnd] = field(default_factory=list)
    items: dict[tuple[str, str], dict[int, StepEnd]] = field(default_factory=lambda: defaultdict(dict))
    open: dict[tuple[str, str, int], Open] = field(default_factory=dict)
    orders: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    lines: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    sent: dict[tuple[str, str, int], int] = field(default_factory=lambda: defaultdict(int))
    undecided: set[tuple[str, str]] = field(default_factory=set)
    is_over: bool = False
    kept: Kept | None = None
    trips: int = 0
    now: float = 0.0

    def see(self, event: Event) -> None:
        """Take one event in."""
        kept, self.kept = self.kept, None
        match event:
            case Kept(what="task" | "item"):
                exact = self.unseal(event)
                self.kept = replace(event, exact=exact)
                if "alone" in exact:
                    self._task(self.kept, None)
                    self.kept = None
            case Kept():
                self._begun(event)
            case TaskResult(final=True):
                self._task(kept, event)
            case TaskResult():
                self._item(kept, event)
            case TaskIntent():
                self._sent(event)
            case IntentWithdrawn():
                self._withdrawn(event)
            case PlayStart():
                self.orders[event.play_id] += event.hosts
            case ResumeStart():
                self.sent.clear()
                self.decide()
            case RunEnd():
                self.is_over = event.status == UNDECIDED

    def decide(self) -> None:
        """A run that has ended with steps that may or may not have run goes on: they are to be decided now."""
        if not self.is_over:
            return
        for end in [end for end in self.tasks if (end.task_id, end.host) in self.undecided]:
            self.tasks.remove(end)
            for index, step in enumerate(end.steps):
                if step.status is Status.INDETERMINATE:
                    self.open[end.task_id, end.host, index] = Open(end.name, unsafe=True, asked=True)
                else:
                    self.items[end.task_id, end.host][index] = step
        self.undecided.clear()
        self.is_over = False

    def _item(self, kept: Kept | None, result: TaskResult) -> None:
        items = self.items[result.task_id, result.host]
        index = kept.index if kept is not None else len(items)
        items[index] = StepEnd(**whole(kept.exact if kept is not None else {}, result))
        self.open.pop((result.task_id, result.host, index), None)

    def _task(self, kept: Kept | None, result: TaskResult | None) -> None:
        about = result or kept
        assert about is not None
        items = self.items.pop((about.task_id, about.host), {})
        left = kept.exact if kept is not None else {}
        looped = bool(items) or "looped" in left
        if looped:
            exact = whole(left, None)
            steps = tuple(items[index] for index in sorted(items))
            steps = tuple(StepEnd(**end) for end in exact.pop("steps", ())) or steps
        else:
            exact = whole(left, result)
            own = {name: exact.pop(name) for name in list(exact) if name not in _OF_TASK}
            own.pop("alone", None)
            steps = (StepEnd(**own),) if own else ()
        exact.pop("alone", None)
        more: dict[str, Any] = {
            name: value if isinstance(value, str | bool) else tuple(value) for name, value in exact.items()
        }
        hidden = result.censored if result is not None else bool(kept and kept.secret)
        name = result.task if result is not None else ""
        end = TaskEnd(about.task_id, about.host, name, steps, hidden=hidden, **{"looped": looped, **more})
        self.tasks.append(end)
        if result is not None and result.undecided:
            self.undecided.add((end.task_id, end.host))
        for key in [key for key in self.open if key[:2] == (about.task_id, about.host)]:
            del self.open[key]

    def _begun(self, event: Kept) -> None:
        key, exact = (event.task_id, event.host, event.index), whole(self.unseal(event), None)
        known = self.open.get(key, NOTHING_OPEN)
        if event.what == "attempt":
            self.open[key] = Open(known.name, attempts=int(exact["attempts"]))
            self.sent.pop(key, None)
        elif event.what == "job":
            self.open[key] = replace(known, job=tuple(exact["job"]))

    def _sent(self, event: TaskIntent) -> None:
        key = (event.task_id, event.host, event.index)
        known = self.open.get(key, NOTHING_OPEN)
        line = self.lines[event.trip]
        self.lines[event.trip] += 1
        self.trips = max(self.trips, event.trip)
        number = self.sent[key]
        self.sent[key] += 1
        sends = [*known.sends, *[()] * (number + 1 - len(known.sends))]
        sends[number] = (*sends[number], (event.trip, line, self.now))
        unsafe = known.unsafe or event.effect == "unsafe"
        self.open[key] = replace(known, name=event.task, sends=tuple(sends), unsafe=unsafe)

    def _withdrawn(self, event: IntentWithdrawn) -> None:
        key = (event.task_id, event.host, event.index)
        known = self.open.get(key)
        if known is None:
            return
        sends = [tuple(send for send in one if send[0] != event.trip) for one in known.sends]
        while sends and not sends[-1]:
            sends.pop()
        self.sent[key] = max(0, self.sent[key] - 1)
        if sends or known.attempts or known.job:
            self.open[key] = replace(known, sends=tuple(sends), unsafe=known.unsafe and bool(sends))
        else:
            del self.open[key]
