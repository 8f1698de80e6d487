"""Failures of a run, those that are alike together: what a reader wants to see first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field

from runner.history import Play, Run, Task
from runner.model.call import Status
from runner.model.event import TaskIntent, TaskResult
from runner.model.quick import dataclass
from runner.reports.words import FAILED, state


@dataclass(frozen=True, slots=True)
class Failure:
    """One failure and the hosts that had it, with a result each. `hosts` and `results` are of the same length."""

    play: str
    title: str
    module: str
    path: str
    hosts: tuple[str, ...]
    results: tuple[TaskResult, ...]

    @property
    def example(self) -> TaskResult:
        """The first of them: in all that is shown the others are like it."""
        return self.results[0]


@dataclass(slots=True)
class _Heap:
    play: Play
    task: Task
    results: list[TaskResult] = field(default_factory=list)


def failures(run: Run) -> list[Failure]:
    """What went wrong, in the order of the log; last the hosts that were lost without a result of theirs."""
    heaps: dict[tuple[object, ...], _Heap] = {}
    for play, task in run.tasks():
        for result in bad_results(task):
            key = (play.id, play.batch, task.id, *_look(result))
            heaps.setdefault(key, _Heap(play, task)).results.append(result)
    made = [_failure(heap) for heap in heaps.values()]
    told = {result.delegate or result.host for heap in heaps.values() for result in heap.results}
    return made + [
        Failure("", "Connection", "", "", (lost.host,), (_lost(lost.host, lost.reason),))
        for lost in run.lost
        if lost.host not in told
    ]


def bad_results(task: Task) -> Iterator[TaskResult]:
    """Results that make the task fail. A loop's own result is left out where a round of it says more."""
    forgiven = {result.host for result in task.results if result.final and state(result) in ("ignored", "rescued")}
    rounds = set()
    for result in task.results:
        if result.host in forgiven or state(result) not in FAILED:
            continue
        if not result.final:
            rounds.add(result.host)
        elif result.host in rounds:
            continue
        yield result
    yield from (unheard(task, intent) for intent in task.open)


def unheard(task: Task, intent: TaskIntent) -> TaskResult:
    """What stands for the result of a step that was sent and not heard of."""
    return TaskResult(
        intent.play,
        task.name,
        task.id,
        intent.host,
        task.module,
        Status.INDETERMINATE,
        item=intent.item,
        final=intent.item is None,
        msg="The step was sent, and the log has no result: nobody knows whether it ran.",
        role=task.role,
    )


def _lost(host: str, reason: str) -> TaskResult:
    return TaskResult("", "Connection", "", host, "", Status.UNREACHABLE, msg=reason)


def _look(result: TaskResult) -> tuple[object, ...]:
    """What of a failure is seen; hosts that have the same are told together."""
    return (
        result.status,
        repr(result.item),
        # A message often says the host's own name.
        result.msg.replace(result.host, ""),
        result.rc,
        result.stdout,
        result.stderr,
        result.diff,
    )


def _failure(heap: _Heap) -> Failure:
    task = heap.task
    results = tuple(sorted(heap.results, key=lambda result: result.host))
    return Failure(heap.play.name, task.title, task.module, task.path, tuple(r.host for r in results), results)
