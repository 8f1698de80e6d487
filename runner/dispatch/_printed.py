"""What streamed steps print, as whole lines within bounds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field
from typing import Final

from runner.model.call import Reply
from runner.model.quick import dataclass
from runner.sh.frames import Piece

MAX_LINES: Final = 5000  # of one stream of one step
MAX_BYTES: Final = 4 << 20
# Bytes of one line. A longer one is left out, never cut: the cut might go through a secret, and hide it from the log's
# masks.
MAX_WIDTH: Final = 4000

NAMES: Final = {"o": "stdout", "e": "stderr"}


@dataclass(slots=True)
class _Stream:
    """One stream of one step. `seen` counts the lines that have come, `told` those that were passed on, of `size`
    bytes."""

    begun: bytes = b""
    seen: int = 0
    told: int = 0
    size: int = 0

    def lines(self, data: bytes) -> tuple[str, ...]:
        """Those that `data` makes whole. Of a line that is too long only so much is kept that it is known as such."""
        *whole, rest = (self.begun + data).split(b"\n")
        self.begun = rest[: MAX_WIDTH + 1]
        self.seen += len(whole)
        return self._take(whole)

    def rest(self, data: bytes) -> tuple[tuple[str, ...], int]:
        """Those of the whole output that have not come, and how many of all were left out."""
        at, room = 0, MAX_LINES - self.told
        for _ in range(self.seen if room else 0):
            at = data.find(b"\n", at) + 1 or len(data)
        # No more is taken apart than there is room for: there may be millions.
        whole = data[at:].split(b"\n", room)
        if len(whole) > room or not whole[-1]:
            whole.pop()
        lines = self._take(whole)
        number = data.count(b"\n") + (not data.endswith(b"\n") and data != b"")
        return lines, max(0, number - self.told)

    def _take(self, whole: Sequence[bytes]) -> tuple[str, ...]:
        """As many as there is room for."""
        taken: list[str] = []
        for line in whole:
            if self.told >= MAX_LINES or self.size + len(line) > MAX_BYTES:
                break
            if len(line) <= MAX_WIDTH:
                taken.append(line.rstrip(b"\r").decode("utf-8", "surrogateescape"))
                self.told += 1
                self.size += len(line)
        return tuple(taken)


@dataclass(slots=True)
class Printed:
    """The lines of one trip's steps."""

    _streams: dict[tuple[int, str], _Stream] = field(default_factory=dict)

    def piece(self, piece: Piece) -> Iterator[tuple[str, tuple[str, ...], int]]:
        """The stream's name and the lines that are whole now."""
        name = NAMES.get(piece.stream, "stdout")
        lines = self._streams.setdefault((piece.index, name), _Stream()).lines(piece.data)
        if lines:
            yield name, lines, 0

    def rest(self, reply: Reply) -> Iterator[tuple[str, tuple[str, ...], int]]:
        """What of the step's whole output has not come in pieces, and how many lines of it were left out."""
        for name, data in (("stdout", reply.stdout), ("stderr", reply.stderr)):
            lines, left_out = (self._streams.pop((reply.index, name), None) or _Stream()).rest(data)
            if lines or left_out:
                yield name, lines, left_out
