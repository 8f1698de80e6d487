"""Whom a file has to belong to before it may say what pbrun does, and who may be able to change it."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

OTHERS: Final = 0o002
GROUP_AND_OTHERS: Final = 0o022


def refusal(path: Path, writable: int, *, sticky: bool = False) -> str | None:
    """Why a file is not trusted, None if it is: it and its folder have to belong to us or root, and `writable` are the
    mode bits that neither may have. `sticky`: a folder in which one may only remove one's own files is fine."""
    real = path.resolve()
    for place, what in ((real, "it"), (real.parent, "its folder")):
        try:
            found = place.stat()
        except OSError as error:
            return f"{what} cannot be looked at: {error.strerror}"
        if place == real and not stat.S_ISREG(found.st_mode):
            return "it is not a regular file"
        if found.st_uid not in _owners():
            return f"{what} belongs to user id {found.st_uid}, neither you nor root"
        sticky_folder = sticky and stat.S_ISDIR(found.st_mode) and found.st_mode & stat.S_ISVTX
        if found.st_mode & writable and not sticky_folder:
            return f"{what} can be written by others (mode {stat.S_IMODE(found.st_mode):04o}; chmod {_mend(writable)})"
    return None


def _owners() -> tuple[int, ...]:
    """Us, root, and who became root by sudo: the files are then the same person's (as git's safe.directory sees it)."""
    caller = os.environ.get("SUDO_UID", "")
    return (0, os.geteuid(), *([int(caller)] if os.geteuid() == 0 and caller.isdecimal() else []))


def _mend(writable: int) -> str:
    return "go-w" if writable == GROUP_AND_OTHERS else "o-w"
