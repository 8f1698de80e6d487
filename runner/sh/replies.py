"""Records of a trip folded into one `Reply` a step; times are the caller's."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import field

from runner.model.call import Line, Reply
from runner.model.fate import Fate
from runner.model.quick import dataclass
from runner.sh.asking import KEPT, kept
from runner.sh.frames import Differs, Errors, Fated, Output, Record, StepEnd, StepStart, Value
from runner.sh.fuse import differs_for_certain


@dataclass(slots=True)
class _Open:
    """The step that is under way."""

    index: int
    start: float
    differs: bool = False
    values: dict[str, bytes] = field(default_factory=dict)
    stdout: bytes = b""
    stderr: bytes = b""
    truncated: bool = False
    fate: Fate | None = None
    was: int = 0


class Replies:
    """Folds one trip's records. `running` is the index of the step under way, as far as the host has said.

    `lines` are the trip's and `start` when it left (UTC epoch seconds): a step that does not say when it began did so
    when the one before it ended.
    """

    def __init__(self, trip: int, lines: Collection[Line] = (), start: float = 0.0) -> None:
        self._trip = trip
        self._open: _Open | None = None
        self._certain = {line.index for line in lines if differs_for_certain(line)}
        self._asked = {line.index for line in lines if line.earlier}
        self._last = start

    @property
    def running(self) -> int | None:
        return self._open.index if self._open else None

    def see(self, record: Record, now: float) -> Reply | None:
        """The step's reply if `record` ended it. `now` is UTC epoch seconds, when the record arrived."""
        if isinstance(record, StepStart):
            self._begin(record.index, now)
            return None
        if not isinstance(record, Fated | Value | Differs | Output | Errors | StepEnd):
            return None
        step = self._open
        if step is None or step.index != record.index:
            step = self._begin(record.index, self._last or now)
        if isinstance(record, StepEnd):
            self._open = None
            self._last = now
            return self._reply(step, record.rc, now, timed_out=False)
        if isinstance(record, Differs):
            step.differs = True
            return None
        if isinstance(record, Fated):
            step.fate, step.was = record.fate, record.was
            return None
        step.truncated |= record.truncated
        if isinstance(record, Value) and record.key == KEPT:
            values, differs = kept(record.data, step.was)
            step.values.update(values)
            step.differs |= differs
        elif isinstance(record, Value):
            step.values[record.key] = record.data
        elif isinstance(record, Output):
            step.stdout = record.data
        else:
            step.stderr = record.data
        return None

    def _begin(self, index: int, at: float) -> _Open:
        fate = Fate.ABSENT if index in self._asked else None
        self._open = _Open(index, at, index in self._certain, fate=fate)
        return self._open

    def timed_out(self, now: float) -> Reply | None:
        """The reply of the step under way when the caller killed it at its deadline (rc 124, as timeout(1) says)."""
        step, self._open = self._open, None
        return self._reply(step, 124, now, timed_out=True) if step else None

    def _reply(self, step: _Open, rc: int, now: float, *, timed_out: bool) -> Reply:
        return Reply(
            trip=self._trip,
            index=step.index,
            rc=rc,
            differs=step.differs,
            values=step.values,
            stdout=step.stdout,
            stderr=step.stderr,
            start=step.start,
            end=max(now, step.start),
            timed_out=timed_out,
            truncated=step.truncated,
            fate=step.fate,
        )
