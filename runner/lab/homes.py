"""What of the lab stays between runs: a home folder for each host, and the keys."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote

from runner.errors import EnvironmentFault

MAX_NAME: Final = 200


def folder_name(host: str) -> str:
    """A host's name as the name of one folder: no `/`, no leading dot, not too long for a file system."""
    made = quote(host, safe="@:+ ")
    if made.startswith("."):
        made = f"%2E{made[1:]}"
    if not made or len(made) > MAX_NAME:
        made = f"%{hashlib.sha256(host.encode('utf-8', 'surrogateescape')).hexdigest()}"
    return made


def home_of(state_dir: Path, host: str) -> Path:
    """Where a host's home folder lies."""
    return state_dir / "homes" / folder_name(host)


def make_private(folder: Path) -> Path:
    """The folder, made 0700 if it is not there. Raises EnvironmentFault."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.stat().st_uid != os.geteuid():
            raise EnvironmentFault(f"the lab cannot use {folder}: it belongs to another user")
    except OSError as error:
        raise EnvironmentFault(f"the lab cannot make its folder {folder}: {error.strerror}") from None
    return folder


@contextlib.contextmanager
def lock(state_dir: Path, *, alone: bool) -> Iterator[None]:
    """Hold the lab: together with other runs, or `alone`. Raises EnvironmentFault if others stand against it."""
    try:
        descriptor = os.open(state_dir / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise EnvironmentFault(f"the lab cannot use {state_dir}: {error.strerror}") from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB if alone else fcntl.LOCK_SH)
        except BlockingIOError:
            raise EnvironmentFault("the lab is in use by a run that is under way; nothing was forgotten") from None
        yield
    finally:
        os.close(descriptor)


def known(state_dir: Path) -> dict[str, Path]:
    """The hosts that have a home folder, by name (a very long name is shown as its checksum)."""
    homes = state_dir / "homes"
    if not homes.is_dir():
        return {}
    return {unquote(entry.name): entry for entry in sorted(homes.iterdir()) if entry.is_dir()}


def reset(state_dir: Path, hosts: Sequence[str] = ()) -> list[str]:
    """Forget `hosts`, or all of them and the keys too; the names forgotten.

    Raises EnvironmentFault if a run is using the lab or a file cannot be removed.
    """
    if not state_dir.is_dir():
        return []
    with lock(state_dir, alone=True):
        homes = known(state_dir)
        wanted = {unquote(folder_name(host)): home_of(state_dir, host) for host in hosts} if hosts else homes
        gone = [name for name in wanted if name in homes]
        for name in gone:
            _remove(homes[name])
        if not hosts:
            for part in ("homes", "keys", "runs"):
                _remove(state_dir / part)
        return gone


def _open_up(folder: str) -> None:
    """Let us into a folder and all below it: a playbook may have taken our permissions on its "host" away."""
    os.chmod(folder, 0o700)  # noqa: PTH101
    with os.scandir(folder) as entries:
        below = [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
    for path in below:
        _open_up(path)


def _remove(folder: Path) -> None:
    if not folder.exists():
        return
    try:
        _open_up(str(folder))
        shutil.rmtree(folder)
    except OSError as error:
        raise EnvironmentFault(f"cannot forget {folder}: {error.strerror or error}") from None
