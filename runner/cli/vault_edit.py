"""Plain text in the user's editor: in a private folder that is gone afterwards, whatever happens."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

from runner.errors import PbrunError


def edited(data: bytes, suffix: str) -> bytes:
    """`data` as it is after the user has edited it. `suffix` tells the editor what it is.

    The file (0600) lies in a folder (0700) of its own, so what an editor leaves beside it goes, too; in
    $XDG_RUNTIME_DIR, which is memory, where there is one. Raises `PbrunError` if the editor cannot be started or ends
    with another code than 0, as vi does after `:cq`.
    """
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    place = runtime if runtime and os.access(runtime, os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="pbrun-vault-", dir=place))
    try:
        path = folder / f"plain{suffix}"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
        _open_editor(path)
        return path.read_bytes()
    except OSError as error:
        raise PbrunError(f"the edited text cannot be read: {error.strerror or error}") from None
    finally:
        _wipe(folder)


def _open_editor(path: Path) -> None:
    words = shlex.split(os.environ.get("ANSIBLE_EDITOR") or os.environ.get("EDITOR") or "vi")
    try:
        code = subprocess.run([*words, str(path)], check=False).returncode
    except OSError as error:
        hint = "set EDITOR to the one you use"
        raise PbrunError(f"the editor {' '.join(words)!r} cannot be started: {error.strerror} ({hint})") from None
    if code:
        raise PbrunError(f"the editor ended with exit code {code}: nothing was written")


def _wipe(folder: Path) -> None:
    """Overwrite what is there, then remove it; a disk may keep old blocks nevertheless."""
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            try:
                with path.open("r+b") as file:
                    file.write(b"\0" * path.stat().st_size)
                    os.fsync(file.fileno())
            except OSError:
                continue
    shutil.rmtree(folder, ignore_errors=True)
