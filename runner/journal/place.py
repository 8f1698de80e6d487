"""Where a log lies, and opening it so that nobody else can read it, forge it or be written to in its stead."""

from __future__ import annotations

import errno
import fcntl
import os
import pwd
import secrets
import stat
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from runner.errors import EnvironmentFault, JournalFault

RUNS: Final = Path("pbrun", "runs")
RESERVE_BYTES: Final = 64 * 1024
_FLAGS: Final = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK

_CAUSES: Final[Mapping[int, str]] = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file has reached the largest size allowed (see `ulimit -f`)",
    errno.EACCES: "permission denied",
    errno.EPERM: "operation not permitted",
    errno.EROFS: "the file system is read-only",
    errno.ELOOP: "it is a symbolic link",
    errno.EISDIR: "it is a directory",
    errno.ENXIO: "it is a FIFO or a device, not a regular file",
    errno.ENOTDIR: "a part of its path is not a directory",
    errno.ENAMETOOLONG: "its name is too long",
    errno.EIO: "the disk reports an input/output error",
    errno.EMFILE: "too many files are open (see `ulimit -n`)",
}


def fault(path: Path, doing: str, error: OSError) -> JournalFault:
    """The error in plain words: `doing` is what was tried ("write", "open" …)."""
    cause = _CAUSES.get(error.errno or 0) or (error.strerror or str(error)).lower()
    return JournalFault(f"cannot {doing} the log {path}: {cause}")


def new_run_id() -> str:
    """A name for a run that no other run has: 48 random bits in hex."""
    return secrets.token_hex(6)


def state_home(environ: Mapping[str, str]) -> Path:
    """The user's folder for state: `$XDG_STATE_HOME`, or `~/.local/state`.

    The XDG Base Directory Specification 0.8 says that a path that is not absolute is to be ignored. Raises
    EnvironmentFault when the user has no home folder.
    """
    chosen = environ.get("XDG_STATE_HOME", "")
    if chosen.startswith("/"):
        return Path(chosen)
    home = environ.get("HOME", "")
    if not home.startswith("/"):
        try:
            home = pwd.getpwuid(os.geteuid()).pw_dir
        except KeyError:
            raise EnvironmentFault("no home folder is known for this user: set HOME or XDG_STATE_HOME") from None
    return Path(home) / ".local" / "state"


def runs_folder(environ: Mapping[str, str]) -> Path:
    """Where logs go if nobody says otherwise. Raises EnvironmentFault when the user has no home folder."""
    return state_home(environ) / RUNS


def default_path(state: Path, run: str, now: float) -> Path:
    """Where a run's log goes if nobody says otherwise; names sort by time (`now` in UTC epoch seconds)."""
    return state / RUNS / f"{datetime.fromtimestamp(now, UTC):%Y%m%dT%H%M%SZ}-{run}.jsonl"


def make_private_folder(folder: Path) -> None:
    """`folder` with its parents, the last one 0700 and ours. Raises JournalFault."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.stat()
        if found.st_uid != os.geteuid():
            raise JournalFault(f"cannot keep logs in {folder}: the folder belongs to another user")
        if stat.S_IMODE(found.st_mode) != 0o700:
            folder.chmod(0o700)
    except FileExistsError:
        raise JournalFault(f"cannot keep logs in {folder}: it is not a folder") from None
    except OSError as error:
        raise fault(folder, "make the folder of", error) from None


def open_log(path: Path, *, new: bool) -> int:
    """A descriptor for appending to the log at `path`, locked and 0600; with `new` the file must not exist yet.

    Raises JournalFault: not a regular file, somebody else's, in use by another run, or the system refuses.
    """
    try:
        descriptor = os.open(path, _FLAGS | (os.O_EXCL if new else 0), 0o600)
    except FileNotFoundError:
        raise JournalFault(f"cannot open the log {path}: its folder does not exist (make it first)") from None
    except OSError as error:
        raise fault(path, "open", error) from None
    try:
        _claim(path, descriptor)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _claim(path: Path, descriptor: int) -> None:
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        raise JournalFault(f"cannot use {path} as the log: it is not a regular file")
    if found.st_uid != os.geteuid():
        raise JournalFault(f"cannot use {path} as the log: the file belongs to another user")
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.fchmod(descriptor, 0o600)
    except BlockingIOError:
        raise JournalFault(f"the log {path} is in use by another run (wait for it, or choose another --log)") from None
    except OSError as error:
        raise fault(path, "lock", error) from None


def sync_folder(folder: Path) -> None:
    """Makes a new file's name durable; file systems that cannot do that for a folder are left alone."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    except OSError:
        return
    finally:
        os.close(descriptor)


def reserve_space(folder: Path) -> int | None:
    """A descriptor of a nameless file of 64 KiB in `folder`; closing it gives the space back. None: none to be had.

    It has no name, so that it vanishes with this process however that ends.
    """
    try:
        descriptor = os.open(folder, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError:
        return None
    try:
        os.posix_fallocate(descriptor, 0, RESERVE_BYTES)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor
