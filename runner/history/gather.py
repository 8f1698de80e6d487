"""From records to runs: one pass, which keeps one run at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import field
from typing import Final

from runner.history.run import BAD, Play, Run, Task
from runner.model.call import Status
from runner.model.event import (
    UNDECIDED,
    HandlerNotified,
    HostLost,
    IntentWithdrawn,
    Notice,
    PlanMade,
    PlayStart,
    Record,
    ResumeStart,
    RunEnd,
    RunStart,
    TaskIntent,
    TaskOutput,
    TaskResult,
    TaskStart,
)
from runner.model.quick import dataclass, replace

LAST_LINES: Final = 20
_NO_ANSWER: Final = frozenset({Status.UNREACHABLE, Status.INDETERMINATE})

Trim = Callable[[TaskResult], TaskResult | None]


def whole(result: TaskResult) -> TaskResult | None:
    """Nothing is cut."""
    return result


def brief(result: TaskResult) -> TaskResult | None:
    """What a result came to, without output, differences and values; those of a failure stay."""
    if result.status in BAD:
        return result
    return replace(result, stdout="", stderr="", diff=(), values={})


def gathered(records: Iterable[Record], trim: Trim = whole) -> Run:
    """The last run of a log. Raises ValueError if there is none."""
    last = None
    for run in runs(records, trim):
        last = run
    if last is None:
        raise ValueError("the log holds no run")
    return last


def runs(records: Iterable[Record], trim: Trim = whole) -> Iterator[Run]:
    """The runs of a log, each as soon as its last record is seen."""
    gathering: _Run | None = None
    for record in records:
        if gathering is None or record.run != gathering.id:
            if gathering is not None:
                yield gathering.made()
            gathering = _Run(record.run, record.ts, record.ts, trim)
        gathering.add(record)
    if gathering is not None:
        yield gathering.made()


@dataclass(slots=True)
class _Task:
    """A task so far. `open` is keyed by host and by round of the loop."""

    id: str
    name: str
    module: str
    handler: bool
    path: str = ""
    role: str = ""
    results: list[TaskResult] = field(default_factory=list)
    open: dict[str, dict[str, TaskIntent]] = field(default_factory=dict)
    printed: dict[tuple[str, str], deque[tuple[str, str]]] = field(default_factory=dict)

    def hear(self, output: TaskOutput) -> None:
        """Keep the last lines of a step until it answers."""
        last = self.printed.setdefault((output.host, repr(output.item)), deque(maxlen=LAST_LINES))
        last.extend((output.stream, line) for line in output.lines[-LAST_LINES:])

    def close(self, result: TaskResult) -> None:
        """A result came: what it answers is open no more; the task's own answers all rounds on its host."""
        if result.status not in _NO_ANSWER:
            self.printed.pop((result.host, repr(result.item)), None)
        rounds = self.open.get(result.host)
        if rounds is None:
            return
        if not result.final:
            rounds.pop(repr(result.item), None)
        if result.final or not rounds:
            del self.open[result.host]

    def made(self) -> Task:
        """The value."""
        left = tuple(intent for rounds in self.open.values() for intent in rounds.values())
        results, printed = tuple(self.results), {place: tuple(last) for place, last in self.printed.items()}
        return Task(self.id, self.name, self.module, self.path, self.role, self.handler, results, left, printed)


@dataclass(slots=True)
class _Play:
    """A play, or a batch of one, so far."""

    start: PlayStart
    hosts: frozenset[str]
    began: float
    ended: float
    tasks: dict[str, _Task] = field(default_factory=dict)

    def made(self) -> Play:
        """The value."""
        start = self.start
        tasks = tuple(task.made() for task in self.tasks.values() if task.results or task.open)
        return Play(start.play_id, start.play, start.hosts, start.batch, start.batches, self.began, self.ended, tasks)


@dataclass(slots=True)
class _Run:
    """A run so far."""

    id: str
    began: float
    ended: float
    trim: Trim
    records: int = 0
    start: RunStart | None = None
    plan: PlanMade | None = None
    end: RunEnd | None = None
    plays: list[_Play] = field(default_factory=list)
    starts: dict[str, TaskStart] = field(default_factory=dict)
    lost: list[HostLost] = field(default_factory=list)
    notified: list[HandlerNotified] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)

    def add(self, record: Record) -> None:
        """Take in one record."""
        self.records += 1
        self.ended = record.ts
        match record.event:
            case TaskResult() as result:
                task = self._task(result, record.ts)
                task.role = task.role or result.role
                task.close(result)
                kept = self.trim(result)
                if kept is not None:
                    task.results.append(kept)
            case TaskIntent() as intent:
                self._task(intent, record.ts).open.setdefault(intent.host, {})[repr(intent.item)] = intent
            case TaskOutput() as output:
                speaking = self._play(output.play, output.host, record.ts).tasks.get(output.task_id)
                if speaking is not None:
                    speaking.hear(output)
            case IntentWithdrawn() as void:
                self._withdraw(void)
            case TaskStart() as start:
                self.starts[start.task_id] = start
            case PlayStart() as start:
                self.plays.append(_Play(start, frozenset(start.hosts), record.ts, record.ts))
            case HostLost() as lost:
                self.lost.append(lost)
            case HandlerNotified() as notified:
                self.notified.append(notified)
            case Notice() as notice:
                self.notices.append(notice)
            case ResumeStart():
                if self.end is not None and self.end.status == UNDECIDED:
                    self._decided()
                self.end = None
            case RunStart() as start:
                self.start = start
            case PlanMade() as plan:
                self.plan = plan
            case RunEnd() as end:
                self.end = end

    def _decided(self) -> None:
        """Steps that may or may not have run get other results now."""
        for play in self.plays:
            for task in play.tasks.values():
                hosts = {result.host for result in task.results if result.undecided and result.final}
                task.results = [
                    result
                    for result in task.results
                    if result.host not in hosts or not (result.final or result.undecided)
                ]

    def _task(self, event: TaskResult | TaskIntent, ts: float) -> _Task:
        """The task that an event belongs to, which may be the first one that is heard of it."""
        play = self._play(event.play, event.host, ts)
        play.ended = ts
        found = play.tasks.get(event.task_id)
        if found is None:
            start = self.starts.get(event.task_id)
            handler = start.handler if start else isinstance(event, TaskResult) and event.handler
            found = _Task(event.task_id, event.task, event.module, handler, start.path if start else "")
            play.tasks[event.task_id] = found
        return found

    def _play(self, name: str, host: str, ts: float) -> _Play:
        """The last play of this name whose batch has the host, else the last one of this name."""
        named = None
        for play in reversed(self.plays):
            if play.start.play == name:
                if host in play.hosts:
                    return play
                named = named or play
        if named is None:
            named = _Play(PlayStart(name, "", ()), frozenset(), ts, ts)
            self.plays.append(named)
        return named

    def _withdraw(self, void: IntentWithdrawn) -> None:
        for play in reversed(self.plays):
            task = play.tasks.get(void.task_id)
            rounds = task.open.get(void.host, {}) if task else {}
            if rounds.pop(repr(void.item), None) is not None:
                return

    def made(self) -> Run:
        """The value."""
        return Run(
            self.id,
            self.began,
            self.ended,
            self.records,
            self.start,
            self.plan,
            tuple(play.made() for play in self.plays),
            tuple(self.lost),
            tuple(self.notified),
            tuple(self.notices),
            self.end,
        )
