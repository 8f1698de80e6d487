"""Files that are replaced in one step: written beside their place, and renamed."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from pathlib import Path
from typing import Final

from runner.errors import EnvironmentFault

PRIVATE: Final = 0o600


def replace_file(path: Path, data: bytes, *, private: bool = False) -> None:
    """Put `data` in the file's place: readers see all of the old or all of the new. A link stays one. The file keeps
    its owner and mode; a new one, or one that is to be `private`, is readable by its owner alone.

    Raises EnvironmentFault; the file is then as it was."""
    path = Path(os.path.realpath(path))
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        before = path.stat() if path.exists() and not private else None
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
        raise EnvironmentFault(f"cannot write {path}: {error.strerror or error}") from None


def _like(descriptor: int, before: os.stat_result) -> None:
    """Owner first: changing it takes some mode bits away. Who may not give a file away keeps it."""
    with contextlib.suppress(PermissionError):
        os.fchown(descriptor, before.st_uid, before.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(before.st_mode))
