"""What streamed steps print, as whole lines within bounds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field
from typing import Final

from runner.model.call import Reply
from runner.model.quick import dataclass
from runner.sh.frames import Piece

MAX_LINES: Final = 5000  # of one stream of one step
MAX_AT_ONCE: Final = 200  # of one piece
# Bytes of one line. A longer one is left out, never cut: the cut might go through a secret, and hide it from the log's
# masks.
MAX_WIDTH: Final = 4000

NAMES: Final = {"o": "stdout", "e": "stderr"}


@dataclass(slots=True)
class _Stream:
    """One stream of one step. `seen` counts the lines that have come, `told` those that were passed on."""

    begun: bytes = b""
    seen: int = 0
    told: int = 0

    def lines(self, data: bytes) -> tuple[str, ...]:
        """Those that `data` makes whole. Of a line that is too long only so much is kept that it is known as such."""
        *whole, rest = (self.begun + data).split(b"\n")
        self.begun = rest[: MAX_WIDTH + 1]
        self.seen += len(whole)
        return self.take(whole)

    def take(self, whole: Sequence[bytes]) -> tuple[str, ...]:
        """As many as there is room for."""
        room = min(MAX_AT_ONCE, MAX_LINES - self.told)
        taken = tuple(_text(line) for line in whole[: max(0, room)] if len(line) <= MAX_WIDTH)
        self.told += len(taken)
        return taken


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
            stream = self._streams.pop((reply.index, name), None) or _Stream()
            whole = data.split(b"\n")
            if not whole[-1]:
                whole.pop()
            lines = stream.take(whole[stream.seen :])
            left_out = max(0, len(whole) - stream.told)
            if lines or left_out:
                yield name, lines, left_out


def _text(line: bytes) -> str:
    return line.rstrip(b"\r").decode("utf-8", "surrogateescape")
