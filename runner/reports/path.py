"""The critical path: the steps, one after the other, without which the run would have been over earlier.

The log says when each step ran, not what it waited for. So the path is walked back from the step that ended last: what
came before a step is the one before it on its host, unless the host idled and a step of another host ended meanwhile.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

from runner.model.event import TaskResult
from runner.model.quick import dataclass

IDLE_S: Final = 0.02  # less than this between two steps of a host is the way there and back
SAME_S: Final = 0.001  # clocks of the log are read in turn


@dataclass(frozen=True, slots=True)
class Leg:
    """One step of the path: which result it is, and how long nothing on the path ran before it, in seconds."""

    index: int
    waited_s: float


def critical_path(results: Sequence[TaskResult], began: float) -> list[Leg]:
    """The path in the order of time; `index` counts in `results`. `began`: when the run began (UTC epoch seconds).
    Only tasks' own results count, and only those whose times are known."""
    timed = sorted(
        (result.end, result.start, index)
        for index, result in enumerate(results)
        if result.final and result.start and result.end >= result.start
    )
    if not timed:
        return []
    ends = [end for end, _start, _index in timed]
    own: dict[str, list[int]] = {}
    for position, (_end, _start, index) in enumerate(timed):
        own.setdefault(results[index].host, []).append(position)
    made: list[Leg] = []
    at = len(timed) - 1
    while True:
        _end, start, index = timed[at]
        before = _before(timed, ends, own[results[index].host], at)
        waited = start - (began if before is None else timed[before][0])
        made.append(Leg(index, max(0.0, waited)))
        if before is None:
            return made[::-1]
        at = before


def _before(timed: list[tuple[float, float, int]], ends: list[float], own: list[int], at: int) -> int | None:
    """What ran before `at`, as a position in `timed`; always one further to the left, so that the walk ends."""
    start = timed[at][1]
    last = min(bisect_right(ends, start + SAME_S), at) - 1
    if last < 0:
        return None
    mine = own[bisect_right(own, last) - 1] if own[0] <= last else None
    if mine is not None and (start - ends[mine] <= IDLE_S or ends[last] - ends[mine] <= IDLE_S):
        return mine
    return last
