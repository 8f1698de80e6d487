"""The log of a run: one writer that appends events, whole lines only, on disk before it says so."""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from runner.errors import JournalFault
from runner.journal.encode import UnknownType, dump, record
from runner.journal.keep import Keeper
from runner.journal.place import (
    default_path,
    fault,
    make_private_folder,
    new_run_id,
    open_log,
    reserve_space,
    state_home,
    sync_folder,
)
from runner.journal.plain import same
from runner.journal.redact import Redactor
from runner.journal.sealing import Sealing, key_file
from runner.model.event import NO_LINE, Event, Record, RunEnd

_FULL: Final = (errno.ENOSPC, errno.EDQUOT)
_BLOCK: Final = 64 * 1024


class Journal:
    """An open log. Not thread-safe: the engine's one thread writes.

    `path` is the file, `run` the run's id, `notes` what the user should be told about an existing file, `head` the
    SHA-256 of the last line: who keeps it can tell later whether this line, or any before it, was changed.
    `sync_when`: `always` (each write is durable), `batch` (those that ask for it), `none` (only the run's end is).
    """

    def __init__(
        self,
        path: Path,
        run: str,
        redactor: Redactor,
        *,
        new: bool,
        after: tuple[int, int] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Opens `path`; with `new` it must not exist. A file that exists is continued if it is empty or a log: the
        new run's lines follow those of earlier runs, and half a line that a killed run left is moved to a file
        beside it. `after`: the run itself goes on behind its line of this number, in a file of this size in bytes.
        Raises JournalFault."""
        self.path = path
        self.run = run
        self.notes: list[str] = []
        self.head = NO_LINE
        self.sync_when = "batch"
        self._redactor = redactor
        self._keeper = Keeper(Sealing(key_file(path, run)).seal)
        self._clock = clock
        self._seq = 0 if after is None else after[0] + 1
        self._goes_on = after is not None
        self._unsynced: JournalFault | None = None
        self._descriptor: int | None = open_log(path, new=new)
        self._reserve: int | None = None
        try:
            self._size = os.fstat(self._descriptor).st_size
            if after is not None and self._size != after[1]:
                raise JournalFault(f"the log {path} has grown since it was read: another process went on with the run")
            if self._size:
                self._continue(self._descriptor)
            sync_folder(path.parent)
            self._reserve = reserve_space(path.parent)
        except OSError as error:
            self.close()
            raise fault(path, "open", error) from None
        except BaseException:
            self.close()
            raise

    @classmethod
    def open(cls, log: str | None, redactor: Redactor, environ: Mapping[str, str]) -> Self:
        """The log of a new run: at `log` (`--log`), or in a file of its own in the user's state folder."""
        run = new_run_id()
        if log is not None:
            return cls(Path(log).absolute(), run, redactor, new=False)
        path = default_path(state_home(environ), run, time.time())
        make_private_folder(path.parent)
        return cls(path, run, redactor, new=True)

    def write(self, events: Sequence[Event], *, durable: bool) -> list[Record]:
        """Append `events` as one buffer; with `durable` they (and all before them) are on disk when this returns,
        unless `sync_when` says otherwise.

        The records returned are what the file says: redacted, plain data. Only they may be shown to anybody.

        Raises JournalFault; then none of `events` is in the file, which still ends in a whole line. Send nothing to
        hosts after that. When the disk is full, space kept back until then lets 64 KiB more be written: what hosts
        still answer, and the end of the run.
        """
        if not events:
            return []
        redact = self._redactor.text if self._redactor else same
        records, lines, head = [], [], self.head
        now = round(self._clock(), 6)
        for seq, event in enumerate(self._keeper.written(events, redact), start=self._seq):
            made = Record(seq, self.run, now, event, head)
            line = dump(made)
            head = sha256(line).hexdigest()
            records.append(made)
            lines.append(line)
        self._append(b"".join(lines))
        self._seq += len(records)
        self.head = head
        wanted = durable if self.sync_when == "batch" else self.sync_when == "always"
        if wanted or (records and type(records[-1].event) is RunEnd):
            self.sync()
        return records

    def sync(self) -> None:
        """Everything written so far is on disk when this returns. Raises JournalFault.

        After one failure it fails for good: the kernel may have dropped what it could not write, and would report
        success next time (https://wiki.postgresql.org/wiki/Fsync_Errors).
        """
        if self._unsynced:
            raise self._unsynced
        try:
            os.fdatasync(self._open())
        except OSError as error:
            self._unsynced = fault(self.path, "write to disk", error)
            raise self._unsynced from None

    def close(self) -> None:
        """Give up the file and its lock. Never raises: call `sync` first if it matters."""
        self._release_reserve()
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            with contextlib.suppress(OSError):
                os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open(self) -> int:
        if self._descriptor is None:
            raise JournalFault(f"the log {self.path} is closed")
        return self._descriptor

    def _append(self, data: bytes) -> None:
        descriptor = self._open()
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[os.write(descriptor, rest) :]
        except BaseException as error:
            # A torn line in the middle would make all after it unreadable, so what was written of it goes again.
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, self._size)
            if not isinstance(error, OSError):
                raise
            if error.errno in _FULL:
                self._release_reserve()
            raise fault(self.path, "write", error) from None
        self._size += len(data)

    def _release_reserve(self) -> None:
        descriptor, self._reserve = self._reserve, None
        if descriptor is not None:
            os.close(descriptor)

    def _continue(self, descriptor: int) -> None:
        """Go on after the runs that are in the file already. Raises JournalFault if it is no log."""
        torn = _tail(descriptor, self._size)
        try:
            record(_head(descriptor))
        except UnknownType:
            pass
        except ValueError as error:
            raise JournalFault(
                f"will not write the log to {self.path}: the file exists and is no log of pbrun: {error}"
            ) from None
        if torn:
            again = f"-{self._seq}" if self._goes_on else ""
            aside = self.path.with_name(f"{self.path.name}.torn-{self.run}{again}")
            saved = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            with os.fdopen(saved, "wb") as file:
                file.write(torn)
            self._size -= len(torn)
            os.ftruncate(descriptor, self._size)
            self.notes.append(f"{self.path} ended in half a line, left by a run that was killed: moved to {aside}")
        if self._size:
            self.head = sha256(_tail(descriptor, self._size - 1) + b"\n").hexdigest()
        if not self._goes_on:
            self.notes.append(f"{self.path} is the log of earlier runs: this run ({self.run}) is added at its end")


def _head(descriptor: int) -> bytes:
    """The first line of the file, newline included if it has one."""
    found, at = b"", 0
    while block := os.pread(descriptor, _BLOCK, at):
        line, newline, _rest = block.partition(b"\n")
        found += line + newline
        at += len(block)
        # A file of something else may have no newline in gigabytes; a line of ours opens with a brace.
        if newline or not found.startswith(b"{"):
            break
    return found


def _tail(descriptor: int, size: int) -> bytes:
    """What stands after the last newline before `size`."""
    found = b""
    while len(found) < size and b"\n" not in found:
        length = min(max(_BLOCK, len(found)), size - len(found))
        found = os.pread(descriptor, length, size - len(found) - length) + found
    return found.rpartition(b"\n")[2]
