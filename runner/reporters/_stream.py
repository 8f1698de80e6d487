"""A text stream that never stops a run: when nobody reads any more it goes quiet."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, TextIO

# Ansible's colours: https://docs.ansible.com/ansible/latest/reference_appendices/config.html#color-ok and so on.
COLOURS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ok": "32",
        "changed": "33",
        "skipped": "36",
        "failed": "31",
        "unreachable": "1;31",
        "unknown": "35",
        "warning": "1;35",
        "added": "32",
        "removed": "31",
        "hunk": "36",
        "dim": "2",
    }
)


class Stream:
    """Writes to `stream`; after a broken pipe or another error it writes nothing more. Enough of a file for rich."""

    def __init__(self, stream: TextIO, *, colour: bool = False, guard: Callable[[str], str] | None = None) -> None:
        """`guard` is what all text goes through but that of `command`."""
        self._stream = stream
        self._guard = guard
        self._colour = colour
        self._encoding = getattr(stream, "encoding", None) or "utf-8"
        self.quiet = False

    @property
    def encoding(self) -> str:
        return self._encoding

    def line(self, text: str = "", style: str = "") -> None:
        """One line (or several), in the colour of `style`, written through at once."""
        self.write(f"\x1b[{COLOURS[style]}m{text}\x1b[0m\n" if style and self._colour and text else f"{text}\n")
        self.flush()

    def write(self, text: str) -> int:
        """Text as it is but for the guard; what the stream's encoding does not have is escaped."""
        return self._write(self._guard(text) if self._guard else text)

    def command(self, text: str) -> None:
        """A line for the service that reads the output, past the guard."""
        self._write(f"{text}\n")
        self.flush()

    def _write(self, text: str) -> int:
        if not self.quiet:
            try:
                self._stream.write(text)
            except UnicodeEncodeError:
                self._write(text.encode(self._encoding, "backslashreplace").decode(self._encoding))
            except (OSError, ValueError):  # a broken pipe, a full disk, a closed file
                self._give_up()
        return len(text)

    def flush(self) -> None:
        if not self.quiet:
            try:
                self._stream.flush()
            except (OSError, ValueError):
                self._give_up()

    def isatty(self) -> bool:
        with contextlib.suppress(OSError, ValueError):
            return self._stream.isatty()
        return False

    def fileno(self) -> int:
        return self._stream.fileno()

    def _give_up(self) -> None:
        """Go quiet. What is left in the buffer must go somewhere, or Python fails when it flushes at its end
        (https://docs.python.org/3/library/signal.html#note-on-sigpipe)."""
        self.quiet = True
        with contextlib.suppress(OSError, ValueError, AttributeError):
            nowhere = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
            try:
                os.dup2(nowhere, self._stream.fileno())
            finally:
                os.close(nowhere)
