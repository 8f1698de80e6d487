"""What a run was: plays, tasks, results. Each is as the log has it, in the log's order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Final

from runner.model.call import Status
from runner.model.event import (
    HandlerNotified,
    HostLost,
    Notice,
    PlanMade,
    Recap,
    RunEnd,
    RunStart,
    TaskIntent,
    TaskResult,
)
from runner.model.quick import dataclass

BAD: Final = frozenset({Status.FAILED, Status.UNREACHABLE, Status.INDETERMINATE})
CRASHED: Final = "crashed"


@dataclass(frozen=True, slots=True)
class Task:
    """A task of a play, on all its hosts. `name` is what the first result, or intent, calls it; `path` is where it
    stands ("" if the log does not say).

    `results`: a loop's rounds (`final` is false) come before the task's own result. `open`: what was sent, and no
    result came; when the run was killed, nobody knows whether it ran. `printed`: by host and item, the last lines
    that streamed steps had printed (`stdout` or `stderr`, line) which never answered.
    """

    id: str
    name: str
    module: str
    path: str = ""
    role: str = ""
    handler: bool = False
    results: tuple[TaskResult, ...] = ()
    open: tuple[TaskIntent, ...] = ()
    printed: Mapping[tuple[str, str], tuple[tuple[str, str], ...]] = field(default_factory=dict)

    def last_lines(self, step: TaskIntent | TaskResult) -> tuple[tuple[str, str], ...]:
        """What a step that never answered had printed last."""
        return self.printed.get((step.host, repr(step.item)), ())

    @property
    def title(self) -> str:
        """The task's name as it is shown: behind that of its role."""
        return f"{self.role} : {self.name}" if self.role else self.name

    def finals(self) -> Iterator[TaskResult]:
        """The task's own result on each host, without the rounds of loops."""
        return (result for result in self.results if result.final)


@dataclass(frozen=True, slots=True)
class Play:
    """A play, or one batch of it (`batch` of `batches`, from 0), with the tasks that any host reached.

    `began` and `ended`: when its first and last lines were written (UTC epoch seconds)."""

    id: str
    name: str
    hosts: tuple[str, ...]
    batch: int
    batches: int
    began: float
    ended: float
    tasks: tuple[Task, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """One run. `start` is None if its first line is missing, `end` is None if it was killed (or is still going).

    `began` and `ended`: when its first and last lines were written (UTC epoch seconds); `records`: how many there
    are."""

    id: str
    began: float
    ended: float
    records: int
    start: RunStart | None
    plan: PlanMade | None
    plays: tuple[Play, ...]
    lost: tuple[HostLost, ...]
    notified: tuple[HandlerNotified, ...]
    notices: tuple[Notice, ...]
    end: RunEnd | None

    @property
    def outcome(self) -> str:
        """`ok`, `failed`, `unreachable`, `interrupted`; `crashed` for a run without an end."""
        return self.end.status if self.end else CRASHED

    @property
    def duration_s(self) -> float:
        """How long it took, in seconds; up to its last line if it has no end."""
        return self.end.duration_s if self.end else max(0.0, self.ended - self.began)

    @property
    def hosts(self) -> tuple[str, ...]:
        """All hosts of its plays, and those added meanwhile, in the order in which they came."""
        named = [host for play in self.plays for host in play.hosts]
        return tuple(dict.fromkeys([*named, *(self.end.hosts if self.end else ())]))

    @property
    def recap(self) -> Mapping[str, Recap]:
        """Each host's counts; {} for a run without an end."""
        return self.end.hosts if self.end else {}

    def tasks(self) -> Iterator[tuple[Play, Task]]:
        """Each task with its play."""
        return ((play, task) for play in self.plays for task in play.tasks)

    def results(self) -> Iterator[TaskResult]:
        """Every result, task by task."""
        return (result for _play, task in self.tasks() for result in task.results)

    def open(self) -> Iterator[TaskIntent]:
        """Every step that was sent and has no result."""
        return (intent for _play, task in self.tasks() for intent in task.open)
