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
from typing import Final

from runner.dispatch._shell import Becomes, Started, start
from runner.errors import ConnectionLost
from runner.model.call import Become, Download, Target, Upload
from runner.model.ports import Connection

BLOCK: Final = 1 << 18
ANSWER_TIMEOUT_S: Final = 60.0
_FULL: Final = ("no space left", "disk quota exceeded", "file too large", "no more space")

Begin = Callable[[str], Started]


class TransferFailed(Exception):
    """A file could not be carried over; the text is for the user. The connection is fine."""


def begin_with(connection: Connection, target: Target, become: Become | None, becomes: Becomes) -> Begin:
    """How to start one line of sh beside a session, as the same user."""
    return lambda script: start(connection, target, become, becomes, script)


def upload(begin: Begin, item: Upload, path: str) -> None:
    """Write an upload's bytes to `path` on the host: new, 0600, whole. Raises `TransferFailed`, `ConnectionLost`."""
    there = shlex.quote(path)
    # The empty line parts the answer from what a login shell's rc file may have printed before.
    begun = begin(
        f"umask 077; set -C; head -c {item.size} >{there} && echo && wc -c <{there} || {{ rm -f {there}; exit 1; }}"
    )
    process = begun.process
    broken = None
    try:
        try:
            for block in _blocks(item):
                process.write(block)
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


def _blocks(item: Upload) -> Iterator[bytes]:
    if item.content is not None:
        yield item.content
        return
    left = item.size
    try:
        with Path(item.source or "").open("rb") as file:
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


def download(begin: Begin, item: Download) -> None:
    """Fetch a file of the host. `item.dest` is replaced only by a whole file whose checksum fits; its folders are
    made. Raises `TransferFailed`, `ConnectionLost`."""
    dest = Path(item.dest)
    temporary = dest.with_name(f".{dest.name[:100]}.{secrets.token_hex(8)}.part")
    try:
        dest.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(handle, "wb", buffering=0) as file:
                digest = _receive(begin, item, file.write)
                os.fsync(file.fileno())
            if item.sha1 is not None and digest != item.sha1:
                raise TransferFailed(f"{item.path} changed while it was fetched: its checksum is not that before")
            temporary.rename(dest)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise
    except OSError as error:
        raise TransferFailed(f"cannot write {item.dest}: {(error.strerror or '').lower()}") from None


def _receive(begin: Begin, item: Download, write: Callable[[bytes], object]) -> str:
    """Copy the stream; the host's size, when it is known, bounds what is taken."""
    mark = secrets.token_hex(16).encode()
    begun = begin(f"echo {mark.decode()}; exec cat <{shlex.quote(item.path)}")
    digest = hashlib.sha1(usedforsecurity=False)
    pending, started, taken, err = begun.early, False, 0, b""
    try:
        while True:
            if not started and mark + b"\n" in pending:
                pending, started = pending.partition(mark + b"\n")[2], True
            if started and pending:
                taken += len(pending)
                if item.size is not None and taken > item.size:
                    raise TransferFailed(f"{item.path} grew while it was fetched")
                digest.update(pending)
                write(pending)
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
