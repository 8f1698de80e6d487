"""The file of the lookup `password`: `PASSWORD salt=SALT ident=IDENT`, written whole and private or not at all."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from runner.errors import StepError
from runner.model.quick import dataclass


@dataclass(frozen=True, slots=True)
class Kept:
    """What the file holds."""

    password: str
    salt: str | None = None
    ident: str | None = None


def read_kept(path: Path) -> Kept | None:
    """The content of the file, or None if there is none. Raises StepError when it cannot be read."""
    try:
        text = path.read_text("utf-8").rstrip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise StepError(f"the password file {path} cannot be read: {error}") from None
    password, found, rest = text.rpartition(" salt=")
    if not found:
        return Kept(text)
    salt, found, ident = rest.rpartition(" ident=")
    return Kept(password, salt, ident) if found else Kept(password, rest)


def keep(path: Path, kept: Kept, instead_of: Kept | None = None) -> Kept:
    """Write the file and give what it then holds: if another run was first, what that one wrote.

    It appears with all its content and mode 0600 at once; a folder that is missing is made with mode 0700.
    Raises StepError.
    """
    text = kept.password
    if kept.salt:
        text += f" salt={kept.salt}" + (f" ident={kept.ident}" if kept.ident else "")
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(f"{text}\n")
            if instead_of is not None:
                beside.replace(path)
            else:
                # Unlike a rename, a link fails if the name is taken: of two runs, the first one's password stays.
                os.link(beside, path)
        finally:
            beside.unlink(missing_ok=True)
    except FileExistsError:
        return read_kept(path) or kept
    except OSError as error:
        raise StepError(f"the password file {path} cannot be written: {error.strerror or error}") from None
    return kept
