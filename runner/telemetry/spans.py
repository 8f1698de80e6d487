"""What of a run becomes spans: pure, and the same for the same log, ids included."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from runner.history import BAD, Play, Run, Task
from runner.model.event import TaskResult
from runner.model.quick import dataclass
from runner.reporters import visible

MAX_TEXT: Final = 1_000
Value = str | int | bool

ROOT: Final = -1


@dataclass(frozen=True, slots=True)
class Span:
    """One span. `parent` is the number of the span that it is in (`ROOT`: none); times are in UTC epoch nanoseconds.
    `error` is None if all is well, else why it is not."""

    name: str
    parent: int
    start_ns: int
    end_ns: int
    attributes: Mapping[str, Value]
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Trace:
    """A run's spans, each behind its parent; `resource` says what they are all of."""

    id: int
    resource: Mapping[str, Value]
    spans: Sequence[Span]


def trace(run: Run) -> Trace:
    """The run as a trace. Its id comes from the run's own."""
    made: list[Span] = []
    start = run.start
    facts: dict[str, Value] = {"pbrun.run": visible(run.id), "pbrun.outcome": visible(run.outcome)}
    resource: dict[str, Value] = {"service.name": "pbrun"}
    if start is not None:
        resource |= {"service.version": visible(start.version), "host.name": visible(start.controller)}
        facts |= {"pbrun.check": start.check, "enduser.id": visible(start.user)}
        if start.git.get("commit"):
            facts["vcs.ref.head.revision"] = visible(str(start.git["commit"]))
    times = [time for play in run.plays for time in _times(play)]
    bad = None if run.outcome == "ok" else visible(run.outcome)
    made.append(Span("run", ROOT, *_around([run.began, run.ended, *times]), facts, bad))
    for play in run.plays:
        _add(made, play)
    number = int.from_bytes(hashlib.sha256(f"pbrun {run.id}".encode("utf-8", "replace")).digest()[:16], "big")
    return Trace(number or 1, resource, made)


def _add(made: list[Span], play: Play) -> None:
    facts: dict[str, Value] = {"pbrun.hosts": len(play.hosts), "pbrun.batch": play.batch}
    mine = len(made)
    made.append(Span(visible(play.name) or "play", 0, *_around([play.began, play.ended, *_times(play)]), facts))
    for task in play.tasks:
        results = list(task.finals())
        failed = sum(result.status in BAD and not result.ignored for result in results)
        error = f"failed on {failed} of {len(results)} hosts" if failed else None
        times = _times_of(results) or [play.began]
        at = len(made)
        made.append(Span(visible(task.title) or "task", mine, *_around(times), _facts(task), error))
        for result in results:
            made.append(_step(result, at, min(times)))


def _facts(task: Task) -> dict[str, Value]:
    path, _, rest = task.path.partition(":")
    facts: dict[str, Value] = {"pbrun.module": visible(task.module), "pbrun.handler": task.handler}
    if path:
        facts["code.file.path"] = visible(path)
    line = rest.partition(":")[0]
    if line.isdecimal():
        facts["code.line.number"] = int(line)
    return facts


def _step(result: TaskResult, parent: int, unknown: float) -> Span:
    """A task on a host; what ran here has no times of its own and takes none."""
    facts: dict[str, Value] = {
        "pbrun.host": visible(result.host),
        "pbrun.status": result.status.value,
        "pbrun.changed": result.changed,
    }
    if result.rc is not None:
        facts["pbrun.rc"] = result.rc
    if result.ignored:
        facts["pbrun.ignored"] = True
    bad = result.status in BAD and not result.ignored
    error = visible(result.msg[:MAX_TEXT]) or result.status.value if bad else None
    return Span(visible(result.host), parent, *_around(_times_of([result]) or [unknown]), facts, error)


def _times(play: Play) -> Iterator[float]:
    return (time for task in play.tasks for time in _times_of(task.finals()))


def _times_of(results: Iterator[TaskResult] | Sequence[TaskResult]) -> list[float]:
    timed = (result for result in results if result.start > 0 and result.end >= result.start)
    return [time for result in timed for time in (result.start, result.end)]


def _around(times: Sequence[float]) -> tuple[int, int]:
    """The first and the last moment, in nanoseconds: the log's times are exact to the microsecond."""
    return round(min(times) * 1e6) * 1000, round(max(times) * 1e6) * 1000
