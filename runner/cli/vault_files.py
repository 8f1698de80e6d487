"""What `pbrun vault` reads and writes: files, and the standard streams."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from runner.cli.replacing import replace_file
from runner.errors import PbrunError

STANDARD: Final = "-"


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
    replace_file(Path(name), data)


def say_done(what: str) -> None:
    """A word of success, only where somebody looks on, as ansible-vault does."""
    if sys.stdout.isatty():
        print(what, file=sys.stderr)
