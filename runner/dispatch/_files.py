"""Files beside a trip: uploads into the session's private folder, downloads to a temporary file here and renamed."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shlex
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from runner.dispatch._resume import RESUME_FROM, offset, open_part, script
from runner.dispatch._shell import Becomes, Started, start
from runner.errors import ConnectionLost
from runner.model.call import Become, Download, Target, Upload
from runner.model.ports import Connection

BLOCK: Final = 1 << 18
ANSWER_TIMEOUT_S: Final = 60.0
_FULL: Final = ("no space left", "disk quota exceeded", "file too large", "no more space")

Begin = Callable[[str], Started]
Tell = Callable[[int], None]  # how many bytes are over


class TransferFailed(Exception):
    """A file could not be carried over; the text is for the user. The connection is fine."""


class Files(Protocol):
    """Who carries files over: this module, or somebody between it and the files of the controller."""

    def upload(self, begin: Begin, item: Upload, path: str, tell: Tell) -> None: ...

    def download(self, begin: Begin, item: Download, tell: Tell) -> None: ...


def begin_with(connection: Connection, target: Target, become: Become | None, becomes: Becomes) -> Begin:
    """How to start one line of sh beside a session, as the same user."""
    return lambda line: start(connection, target, become, becomes, line)


def upload(begin: Begin, item: Upload, path: str, tell: Tell = lambda _: None) -> None:
    """Write an upload's bytes to `path` on the host: new, 0600, whole. A large file goes on where an earlier try was
    cut off. Raises `TransferFailed`, `ConnectionLost`."""
    there = shlex.quote(path)
    mark = secrets.token_hex(16)
    large = item.source is not None and item.size >= RESUME_FROM
    # The empty line parts the answer from what a login shell's rc file may have printed before.
    whole = f"umask 077; set -C; head -c {item.size} >{there} && echo && wc -c <{there} || {{ rm -f {there}; exit 1; }}"
    begun = begin(script(item, path, mark) if large else whole)
    process = begun.process
    broken = None
    try:
        start = _agreed(begun, item, mark) if large else 0
        try:
            for block in blocks(item, start):
                process.write(block)
                start += len(block)
                tell(start)
        except ConnectionLost as error:
            broken = error  # the program ended early (a full disk): what it said is the reason
        process.close_stdin()
        out, err, code = _answer(begun)
    finally:
        process.close()
    if code == 0 and out.strip().rpartition(b"\n")[2].strip() == str(item.size).encode():
        return
    if code is None and broken is not None:
        raise broken
    raise TransferFailed(f"cannot copy {item.source or 'the content'} to the host: {_why(err + out)}")


def _agreed(begun: Started, item: Upload, mark: str) -> int:
    """Where the host and we go on with a large file."""
    said, err = begun.early, b""
    while b"\n" not in said.partition(f"{mark}\n".encode())[2]:
        got = _next_block(begun)
        if got is None:
            raise TransferFailed(f"cannot copy {item.source} to the host: {_why(err + said)}")
        said, err = said + got[0], (err + got[1])[-4096:]
    line = said.partition(f"{mark}\n".encode())[2].decode("ascii", "replace")
    try:
        start = offset(item, line)
    except OSError as error:
        raise TransferFailed(f"cannot read {item.source}: {(error.strerror or '').lower()}") from None
    begun.process.write(f"{start}\n".encode())
    return start


def blocks(item: Upload, start: int) -> Iterator[bytes]:
    """An upload's bytes from `start` on, `BLOCK` at most at a time. Raises `TransferFailed`."""
    if item.content is not None:
        yield item.content
        return
    left = item.size - start
    try:
        with Path(item.source or "").open("rb") as file:
            file.seek(start)
            while left and (block := file.read(min(BLOCK, left))):
                left -= len(block)
                yield block
    except OSError as error:
        raise TransferFailed(f"cannot read {item.source}: {(error.strerror or '').lower()}") from None
    if left:
        raise TransferFailed(f"{item.source} became shorter while it was copied")


def _answer(begun: Started) -> tuple[bytes, bytes, int | None]:
    out, err = begun.early, b""
    while True:
        try:
            got = begun.process.read(ANSWER_TIMEOUT_S)
        except TimeoutError:
            raise TransferFailed(f"the host did not finish a copy in {ANSWER_TIMEOUT_S:g} s") from None
        if got is None:
            return out, err, begun.process.wait(ANSWER_TIMEOUT_S)
        out, err = (out + got[0])[-4096:], (err + got[1])[-4096:]


def _why(output: bytes) -> str:
    text = output.decode("utf-8", "replace")
    if any(word in text.lower() for word in _FULL):
        return "no space left on the host's disk"
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else "the copy was cut off"


def download(begin: Begin, item: Download, tell: Tell = lambda _: None) -> None:
    """Fetch a file of the host. `item.dest` is replaced only by a whole file whose checksum fits; its folders are
    made. A large one goes on where an earlier try was cut off. Raises `TransferFailed`, `ConnectionLost`."""
    dest = Path(item.dest)
    kept = item.sha1 is not None and item.size is not None and item.size >= RESUME_FROM
    temporary = dest.with_name(f".{dest.name[:100]}.{item.sha1 if kept else secrets.token_hex(8)}.part")
    try:
        dest.parent.mkdir(parents=True, exist_ok=True)
        if kept and not _free(temporary):
            kept, temporary = False, temporary.with_suffix(f".{secrets.token_hex(8)}.part")
        try:
            with open_part(temporary, again=kept) as file:
                _fetch(begin, item, file, tell)
                os.fsync(file.fileno())
            temporary.rename(dest)
        except BaseException as error:
            if not (kept and isinstance(error, ConnectionLost)):
                with contextlib.suppress(OSError):
                    temporary.unlink()
            raise
    except OSError as error:
        raise TransferFailed(f"cannot write {item.dest}: {(error.strerror or '').lower()}") from None


def _free(part: Path) -> bool:
    """Whether no other run of this machine is writing the part, and it is a file of ours."""
    try:
        with open_part(part, again=True):
            return True
    except OSError:
        return False


def _fetch(begin: Begin, item: Download, file: BinaryIO, tell: Tell) -> None:
    """The file's bytes behind those that are there; all of them once more if these were others."""
    there = file.seek(0, os.SEEK_END)
    if there > (item.size or 0):
        there = file.truncate(0)
    if item.content is not None:
        file.write(item.content)
        digest = hashlib.sha1(item.content, usedforsecurity=False).hexdigest()
    else:
        digest = _receive(begin, item, file, there, tell)
    if there and digest != item.sha1:
        file.truncate(0)
        digest = _receive(begin, item, file, 0, tell)
    if item.sha1 is not None and digest != item.sha1:
        raise TransferFailed(f"{item.path} changed while it was fetched: its checksum is not that before")


def _receive(begin: Begin, item: Download, file: BinaryIO, there: int, tell: Tell) -> str:
    """Copy the stream from `there` on, at most as much as the host said. The SHA-1 of the whole file."""
    mark = secrets.token_hex(16).encode()
    digest = hashlib.sha1(usedforsecurity=False)
    file.seek(0)
    while block := file.read(BLOCK):
        digest.update(block)
    reading = f"tail -c +{there + 1}" if there else "cat"
    begun = begin(f"echo {mark.decode()}; exec {reading} <{shlex.quote(item.path)}")
    pending, started, taken, err = begun.early, False, there, b""
    try:
        while True:
            if not started and mark + b"\n" in pending:
                pending, started = pending.partition(mark + b"\n")[2], True
            if started and pending:
                taken += len(pending)
                if item.size is not None and taken > item.size:
                    raise TransferFailed(f"{item.path} grew while it was fetched")
                digest.update(pending)
                file.write(pending)
                tell(taken)
                pending = b""
            got = _next_block(begun)
            if got is None:
                break
            pending, err = pending + got[0], (err + got[1])[-4096:]
        code = begun.process.wait(ANSWER_TIMEOUT_S)
    finally:
        begun.process.close()
    if code != 0 or not started:
        raise TransferFailed(f"cannot fetch {item.path}: {_why(err)}")
    return digest.hexdigest()


def _next_block(begun: Started) -> tuple[bytes, bytes] | None:
    begin = time.monotonic()
    try:
        return begun.process.read(ANSWER_TIMEOUT_S)
    except TimeoutError:
        raise TransferFailed(f"the host sent nothing for {time.monotonic() - begin:.0f} s") from None
