"""Reading the user's files, with a record of what was read and its sha256, for the log."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from runner.model.span import Problem, Span

MAX_BYTES = 64 * 1024 * 1024


@dataclass(slots=True)
class Sources:
    """Every file read through it: absolute path to the sha256 of its bytes, in hex, in order of reading."""

    files: dict[str, str] = field(default_factory=dict)

    def read(self, path: str) -> bytes | Problem:
        """The bytes of a file of at most 64 MiB, or what is wrong with it."""
        try:
            file = Path(path)
            if not file.is_file():
                return Problem(Span(path), _missing(file))
            with file.open("rb") as opened:
                data = opened.read(MAX_BYTES + 1)
        except OSError as error:
            return Problem(Span(path), f"cannot be read: {error.strerror or error}")
        if len(data) > MAX_BYTES:
            return Problem(Span(path), f"is larger than {MAX_BYTES // 1024 // 1024} MiB")
        self.files[str(file.absolute())] = hashlib.sha256(data).hexdigest()
        return data


def _missing(file: Path) -> str:
    if file.is_symlink() and not file.exists():
        return "is a link to something that does not exist"
    if file.is_dir():
        return "is a folder, not a file"
    return "is not a regular file" if file.exists() else "does not exist"
