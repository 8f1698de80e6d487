"""Files that `pbrun vault` reads and writes: replaced in one step, with the mode and owner they had."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import sys
from pathlib import Path
from typing import Final

from runner.errors import PbrunError

STANDARD: Final = "-"
PRIVATE: Final = 0o600


def read(name: str) -> bytes:
    """A file's bytes, or those of standard input. Raises `PbrunError`."""
    if name == STANDARD:
        return sys.stdin.buffer.read()
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise PbrunError(f"cannot read {name}: {error.strerror or error}") from None


def write(name: str, data: bytes) -> None:
    """To a file, or to standard output. Raises `PbrunError`."""
    if name == STANDARD:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    replace(Path(name), data)


def replace(path: Path, data: bytes) -> None:
    """Put `data` in the file's place: readers see all of the old or all of the new. A link stays one; a new file is
    private. Raises `PbrunError`; the file is then as it was."""
    path = Path(os.path.realpath(path))
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        before = path.stat() if path.exists() else None
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, PRIVATE)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                if before is not None:
                    _like(file.fileno(), before)
                os.fsync(file.fileno())
            fresh.replace(path)
        except BaseException:
            fresh.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise PbrunError(f"cannot write {path}: {error.strerror or error}") from None


def _like(descriptor: int, before: os.stat_result) -> None:
    """Owner first: changing it takes some mode bits away. Who may not give a file away keeps it."""
    with contextlib.suppress(PermissionError):
        os.fchown(descriptor, before.st_uid, before.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(before.st_mode))


def say_done(what: str) -> None:
    """A word of success, only where somebody looks on, as ansible-vault does."""
    if sys.stdout.isatty():
        print(what, file=sys.stderr)
