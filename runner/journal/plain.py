"""Values as JSON can hold them: whatever a host, a module or a user's variables bring becomes plain data."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence, Set
from datetime import date, datetime, time
from typing import Any, Final

from runner.model.values import MASK, Secret, Unknown

MAX_DEPTH: Final = 60
MAX_NODES: Final = 1_000_000
MAX_BITS: Final = 4096  # beyond this an integer's decimal text is slow to make, and Python refuses to read it back
QUICK_DEPTH: Final = 8
QUICK_NUMBER: Final = 1 << 63
CUT: Final = "…"


def same(text: str) -> str:
    """No change: the `redact` of somebody who has no secrets."""
    return text


def escaped_text(text: str) -> str:
    """Text in which each byte that was no UTF-8 is decoded to a lone surrogate of Python's surrogateescape (PEP 383).

    Other lone surrogates, which no bytes can mean, become U+FFFD; and what together is UTF-8 after all becomes text.
    """
    if text.isascii():
        return str(text)
    try:
        text.encode()
    except UnicodeEncodeError:
        kept = "".join("\ufffd" if "\ud800" <= ch <= "\udfff" and not "\udc80" <= ch <= "\udcff" else ch for ch in text)
        return kept.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")
    return str(text)


def valid_text(text: str) -> str:
    r"""Text without lone surrogates: a byte that is no UTF-8 stands as `\xNN`."""
    made = escaped_text(text)
    if made.isascii() or made.isprintable():
        return made
    return made.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


class Plainer:
    """Makes one value plain; `redact` is applied to every text. Cycles, depth and size end in `…`."""

    __slots__ = ("_left", "_path", "_redact")

    def __init__(self, redact: Callable[[str], str] = same) -> None:
        self._redact = redact
        self._path: set[int] = set()
        self._left = MAX_NODES

    def value(self, value: Any) -> Any:
        """`value` as None, bool, int, finite float, valid text, list or dict with text keys."""
        kind = type(value)
        if kind is str:  # most values are, and this is the busiest place of the log
            return self._redact(value) if value.isascii() else self.text(value)
        if kind is dict or kind is list:
            return self._container(value)
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            return MASK if isinstance(value, Secret) else self.text(value)
        if isinstance(value, int | float):
            return self._number(value)
        if isinstance(value, Unknown):
            return {"unknown": self.text(str(value.reason))}
        if isinstance(value, bytes | bytearray | memoryview):
            return self.text(bytes(value).decode("utf-8", "surrogateescape"))
        if isinstance(value, Mapping | list | tuple | Set):
            return self._container(value)
        if isinstance(value, date | datetime | time):
            return value.isoformat()
        return self._odd(value)

    def leaves(self, value: Any, depth: int = 0) -> bool:
        """Whether `value` would stay as it is, found out at less cost than by making it anew: what steps end with
        mostly does. False also for what is seldom: numbers beyond 64 bits, fractions, deep data. Nothing is redacted
        here."""
        if depth > QUICK_DEPTH:
            return False
        kind = type(value)
        if kind is str:
            return bool(value.isascii())
        if kind is dict:
            self._left -= len(value)
            for key, part in value.items():
                if type(key) is not str or not key.isascii():
                    return False
                if type(part) is str:
                    if not part.isascii():
                        return False
                elif not (part is None or part is True or part is False or self.leaves(part, depth + 1)):
                    return False
            return self._left >= 0
        if kind is list:
            self._left -= len(value)
            if self._left >= 0 and set(map(type, value)) == {str}:
                return "".join(value).isascii()
            return self._left >= 0 and all(self.leaves(part, depth + 1) for part in value)
        return value is None or kind is bool or (kind is int and -QUICK_NUMBER < value < QUICK_NUMBER)

    def listed(self, value: Any) -> Any:
        """The same, but a list becomes a tuple."""
        made = self.value(value)
        return tuple(made) if type(made) is list else made

    def rows(self, rows: Sequence[str]) -> tuple[str, ...]:
        """Lines that follow one another, redacted as one text: a secret may have several lines."""
        made = self._redact(escaped_text("\n".join(("", *rows, ""))))
        return tuple(map(valid_text, made.removeprefix("\n").removesuffix("\n").split("\n")))

    def text(self, text: str) -> str:
        """Redacted first, as what a host sent, then made valid."""
        if text.isascii():
            return self._redact(text if type(text) is str else str(text))
        return valid_text(self._redact(escaped_text(text)))

    def output(self, text: str) -> str:
        """Redacted, but with the bytes that are no UTF-8 still told apart."""
        return escaped_text(self._redact(escaped_text(text)))

    def _number(self, value: Any) -> Any:
        if isinstance(value, float):
            if not math.isfinite(value):
                return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
            number: int | float = float(value)
        else:
            number = int(value)
            if number.bit_length() > MAX_BITS:
                return hex(number)
        return MASK if self._redact(str(number)) == MASK else number

    def _container(self, value: Any) -> Any:
        self._left -= len(value)
        if id(value) in self._path or len(self._path) >= MAX_DEPTH or self._left < 0:
            return CUT
        self._path.add(id(value))
        try:
            if type(value) is dict or isinstance(value, Mapping):
                return {
                    self._redact(key) if type(key) is str and key.isascii() else self._key(key): part
                    if part is None or part is True or part is False
                    else self.value(part)
                    for key, part in value.items()
                }
            made = [self.value(part) for part in value]
            return sorted(made, key=repr) if isinstance(value, Set) else made
        finally:
            self._path.discard(id(value))

    def _key(self, key: Any) -> str:
        if isinstance(key, bool):
            return "true" if key else "false"
        if key is None:
            return "null"
        made = self.value(key)
        return made if isinstance(made, str) else str(made)

    def _odd(self, value: object) -> str:
        try:
            return self.text(str(value))
        except Exception as error:  # whatever a foreign object's __str__ raises, the log goes on
            return f"<{type(value).__name__}: {type(error).__name__}>"
