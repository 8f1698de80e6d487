"""The runs that logs hold, found without reading all that their lines say."""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from runner.errors import EnvironmentFault
from runner.journal.encode import from_iso, opened, record
from runner.journal.place import fault
from runner.journal.verify import lines_of
from runner.model.event import BROKEN_OFF, PlayStart, ResumeStart, RunEnd, RunStart
from runner.model.quick import dataclass

# How each line that we wrote opens. What others have reshaped is read in full.
_OPENING: Final = re.compile(rb'\{"v":\d+,"seq":\d+,"run":"([\w.-]+)","type":"(\w+)","ts":"([^"]+)"')
_TELLING: Final = frozenset({"run_start", "resume_start", "play_start", "run_end"})


@dataclass(slots=True)
class LoggedRun:
    """A run in a log. `began` and `ended`: when its first and last lines were written (UTC epoch seconds).

    `end` is None for a run that was killed; or it is `going` still, which its lock says."""

    path: Path
    run: str
    began: float
    ended: float
    hosts: set[str]
    start: RunStart | None = None
    end: RunEnd | None = None
    going: bool = False

    @property
    def outcome(self) -> str:
        """`running`, `crashed`, or how it ended."""
        return "running" if self.going else self.end.status if self.end else "crashed"

    @property
    def duration_s(self) -> float:
        """How long it took, in seconds; up to its last line if it has no end."""
        return self.end.duration_s if self.end else max(0.0, self.ended - self.began)

    @property
    def resumable(self) -> bool:
        """Whether `--resume` could go on with it."""
        dry = self.start is not None and self.start.check
        return not (self.going or dry) and (self.end is None or self.end.status == BROKEN_OFF)

    def see(self, line: bytes) -> None:
        """Take in a line that tells something of the run as a whole."""
        try:
            event = record(line).event
        except ValueError:
            return
        if isinstance(event, RunStart):
            self.start = event
        elif isinstance(event, ResumeStart):
            self.end = None
        elif isinstance(event, PlayStart):
            self.hosts.update(event.hosts)
        elif isinstance(event, RunEnd):
            self.end = event
            self.hosts.update(event.hosts)


def runs_in(path: Path) -> list[LoggedRun]:
    """The runs of one log, in its order. Lines that are none of a log are passed over. Raises EnvironmentFault."""
    going = in_use(path)
    found: list[LoggedRun] = []
    for line in lines_of(path):
        run, kind, ts = _opening(line)
        if not run:
            continue
        if not found or found[-1].run != run:
            found.append(LoggedRun(path, run, ts, ts, set()))
        found[-1].ended = ts
        if kind in _TELLING:
            found[-1].see(line)
    if found:
        found[-1].going = going
    return found


def _opening(line: bytes) -> tuple[str, str, float]:
    """A line's run, type and time; empty for what is no line of a log."""
    try:
        if match := _OPENING.match(line):
            return match[1].decode(), match[2].decode(), from_iso(match[3].decode())
        read = opened(line)
        return str(read["run"]), str(read["type"]), from_iso(read["ts"])
    except (ValueError, TypeError, KeyError):
        return "", "", 0.0


def in_use(path: Path) -> bool:
    """Whether a run has the log open now: it holds the file's lock for as long as it lives."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def removed(path: Path) -> bool:
    """Remove a log, and the keys and torn ends beside it; false if a run has it open. Raises EnvironmentFault."""
    try:
        with path.open("rb") as file:
            # While we hold its lock no run can take the log up again.
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()
            for beside in path.parent.iterdir():
                if beside.name.startswith((f"{path.name}.key-", f"{path.name}.torn-")):
                    beside.unlink()
    except BlockingIOError:
        return False
    except OSError as error:
        raise EnvironmentFault(str(fault(path, "remove", error))) from None
    return True


def logs(folder: Path) -> Iterator[Path]:
    """The logs in a folder, newest first: their names sort by time. None if there is no such folder.

    Raises EnvironmentFault if it cannot be read."""
    try:
        names = [entry.name for entry in os.scandir(folder) if entry.name.endswith(".jsonl") and entry.is_file()]
    except FileNotFoundError:
        return
    except OSError as error:
        raise EnvironmentFault(str(fault(folder, "read", error))) from None
    yield from (folder / name for name in sorted(names, reverse=True))


def logs_of(beginning: str, folder: Path) -> list[Path]:
    """The logs in a folder whose run's id begins so, newest first. Raises EnvironmentFault as `logs` does."""
    return [path for path in logs(folder) if id_of(path).startswith(beginning)]


def id_of(path: Path) -> str:
    """The id of the run that a log in its usual place was made for."""
    return path.stem.rpartition("-")[2]
