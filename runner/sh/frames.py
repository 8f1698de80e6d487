"""The answers of a session, parsed as they arrive: bytes in, records out; pure and incremental.

Every record begins with the session's token, a letter and a line; a payload, if it has one, lasts until the next
token. The token is random and never leaves the shell's own variables, so no output can hold it.
"""

from __future__ import annotations

from typing import Final

from runner.model.fate import Fate
from runner.model.quick import dataclass

LIMIT: Final = 16 << 20  # bytes of one payload that are kept; beyond it its head and its tail
_NOISE_LIMIT: Final = 16 << 10
_PIECE_LIMIT: Final = 64 << 10  # four times what a host sends at once
_LINE_LIMIT: Final = 16 << 10


@dataclass(frozen=True, slots=True)
class Ready:
    """The session can take trips. `folder` is its private folder, `pid` the shell's."""

    pid: int
    folder: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The host's shell cannot be used; `message` says why in plain words."""

    message: str


@dataclass(frozen=True, slots=True)
class StepStart:
    index: int


@dataclass(frozen=True, slots=True)
class Fated:
    """What became of a step that was sent before, as line number `was` of its trip; its answer follows."""

    index: int
    fate: Fate
    was: int


@dataclass(frozen=True, slots=True)
class Value:
    index: int
    key: str
    data: bytes
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class Differs:
    index: int


@dataclass(frozen=True, slots=True)
class Output:
    index: int
    data: bytes
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class Errors:
    index: int
    data: bytes
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """What a step has printed since the last piece, on `stream` (`o` or `e`), while it runs."""

    index: int
    stream: str
    data: bytes


@dataclass(frozen=True, slots=True)
class PieceEnd:
    """The piece before it is whole."""


@dataclass(frozen=True, slots=True)
class StepEnd:
    index: int
    rc: int


@dataclass(frozen=True, slots=True)
class TripDone:
    """A trip is over; `stopped_at` is the step whose failure stopped it."""

    stopped_at: int | None


Record = Ready | Refused | StepStart | Fated | Value | Differs | Output | Errors | Piece | PieceEnd | StepEnd | TripDone


class FrameError(ValueError):
    """A record that no prelude writes: the stream cannot be trusted any more."""


class _Payload:
    """Bytes that are kept up to a limit: beyond it half of it from the head and half from the tail."""

    def __init__(self, limit: int) -> None:
        self._half = max(limit // 2, 1)
        self._limit = limit
        self._head = bytearray()
        self._tail = bytearray()
        self._dropped = 0

    def add(self, data: memoryview) -> None:
        room = self._half - len(self._head)
        if room > 0:
            self._head += data[:room]
            data = data[room:]
        self._tail += data
        # Trimmed only when it has doubled, so that a long stream of small pieces costs linear time.
        if len(self._tail) > 2 * self._half:
            self._trim()

    def _trim(self) -> None:
        extra = len(self._tail) - self._half
        if extra > 0:
            self._dropped += extra
            del self._tail[:extra]

    def take(self) -> tuple[bytes, bool]:
        if len(self._head) + len(self._tail) > self._limit:
            self._trim()
        if not self._dropped:
            return bytes(self._head + self._tail), False
        note = b"\n[... %d bytes left out ...]\n" % self._dropped
        return bytes(self._head + note + self._tail), True


class Frames:
    """The parser of one session's stdout. `noise` is what came before the first record (a login banner)."""

    def __init__(self, token: str, limit: int = LIMIT) -> None:
        self._token = token.encode("ascii")
        self._limit = limit
        self._buffer = bytearray()
        self._head: tuple[str, int, str] | None = None
        self._payload: _Payload | None = None
        self._in_line = False
        self._noise = _Payload(_NOISE_LIMIT)

    @property
    def noise(self) -> bytes:
        """What arrived before the first record, its head and tail if there is much of it."""
        return self._noise.take()[0]

    def feed(self, data: bytes) -> list[Record]:
        """The records that `data` completes. Raises FrameError when the stream makes no sense."""
        self._buffer += data
        records: list[Record] = []
        while self._step(records):
            pass
        return records

    def _step(self, records: list[Record]) -> bool:
        if self._in_line:
            return self._read_line(records)
        at = self._buffer.find(self._token)
        keep = len(self._token) - 1
        end = at if at >= 0 else max(len(self._buffer) - keep, 0)
        if end:
            with memoryview(self._buffer) as view:
                (self._payload or self._noise).add(view[:end])
        del self._buffer[: end + len(self._token) if at >= 0 else end]
        if at < 0:
            return False
        if self._head is not None and self._payload is not None:
            records.append(_with_payload(self._head, *self._payload.take()))
        self._head = None
        self._payload = None
        self._in_line = True
        return True

    def _read_line(self, records: list[Record]) -> bool:
        at = self._buffer.find(b"\n")
        if at < 0:
            if len(self._buffer) > _LINE_LIMIT:
                raise FrameError("a record's first line has no end")
            return False
        line = self._buffer[:at].decode("utf-8", "surrogateescape")
        del self._buffer[: at + 1]
        self._in_line = False
        record = _parse(line)
        if isinstance(record, tuple):
            self._head = record
            self._payload = _Payload(min(self._limit, _PIECE_LIMIT) if record[0] == "L" else self._limit)
        else:
            records.append(record)
        return True


def _parse(line: str) -> Record | tuple[str, int, str]:
    kind, rest = line[:1], line[1:].strip()
    first, _, second = rest.partition(" ")
    try:
        match kind:
            case "S":
                return StepStart(int(first))
            case "F":
                fate, _, was = second.partition(" ")
                return Fated(int(first), Fate(fate), int(was))
            case "D":
                return Differs(int(first))
            case "X":
                return StepEnd(int(first), int(second))
            case "Z":
                return TripDone(None if first == "-" else int(first))
            case "A":
                return Ready(int(first), second)
            case "R":
                return Refused(rest)
            case "K":
                return PieceEnd()
            case "V" | "O" | "E" | "L":
                return kind, int(first), second
    except ValueError:
        pass
    raise FrameError(f"a record that makes no sense: {line[:80]!r}")


def _with_payload(head: tuple[str, int, str], data: bytes, truncated: bool) -> Record:
    kind, index, key = head
    if kind == "V":
        return Value(index, key, data, truncated)
    if kind == "L":
        return Piece(index, key, data)
    return Output(index, data, truncated) if kind == "O" else Errors(index, data, truncated)
