"""Stands in for `ansible.module_utils.six`: what old plug-ins need to run under both Pythons."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

PY2: Final = False
PY3: Final = True
PY34: Final = True
string_types = (str,)
integer_types = (int,)
class_types = (type,)
text_type = str
binary_type = bytes
MAXSIZE: Final = (1 << 63) - 1


def iteritems(table: Mapping[Any, Any]) -> Iterator[tuple[Any, Any]]:
    """A table's pairs."""
    return iter(table.items())


def iterkeys(table: Mapping[Any, Any]) -> Iterator[Any]:
    """A table's keys."""
    return iter(table.keys())


def itervalues(table: Mapping[Any, Any]) -> Iterator[Any]:
    """A table's values."""
    return iter(table.values())


def b(text: str) -> bytes:
    """A literal of bytes."""
    return text.encode("latin-1")


def u(text: str) -> str:
    """A literal of text."""
    return text


def ensure_str(value: str | bytes, encoding: str = "utf-8", errors: str = "strict") -> str:
    """Text or bytes as text."""
    return value.decode(encoding, errors) if isinstance(value, bytes) else value


ensure_text = ensure_str


def with_metaclass(meta: type, *bases: type) -> Any:
    """A base class whose subclasses have a metaclass."""
    return meta("with_metaclass", bases, {})


def add_metaclass(meta: type) -> Callable[[type], type]:
    """A decorator that gives a class a metaclass."""

    def give(made: type) -> type:
        own = {key: value for key, value in vars(made).items() if key not in ("__dict__", "__weakref__")}
        built: type = meta(made.__name__, made.__bases__, own)
        return built

    return give


def raise_from(value: BaseException, cause: BaseException | None) -> None:
    """`raise value from cause`."""
    raise value from cause


def reraise(_kind: Any, value: BaseException, trace: Any = None) -> None:
    """Raise once more."""
    raise value.with_traceback(trace)
