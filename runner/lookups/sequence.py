"""Lookup `sequence`: numbers as text (`with_sequence`): `5`, `2-10/2`, `4:host%02d`, `start=0 count=3 format=%x`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from runner.errors import StepError
from runner.lookups._options import inline
from runner.model.names import Names
from runner.model.ports import LookupContext

FIELDS: Final = ("start", "end", "stride", "count", "format")
_SHORTCUT: Final = re.compile(
    r"^(?:(?P<start>0?x?[0-9a-f]+)\s*-\s*)?(?P<end>0?x?[0-9a-f]+)\s*(?:/\s*(?P<stride>0?x?[0-9a-f]+)\s*)?"
    r"(?::(?P<format>.+))?$",
    re.IGNORECASE,
)
_CONVERSION: Final = re.compile(r"%[-+ 0#]*(\d{0,3})(?:\.\d{1,3})?[diouxXc]")
_MAX_ITEMS: Final = 10_000_000


def run(terms: list[Any], _variables: Names, options: Mapping[str, Any], _context: LookupContext) -> list[Any]:
    """The numbers of every term in turn, each as its format says. Raises StepError for one that makes no sense."""
    unknown = [name for name in options if name not in FIELDS]
    if unknown:
        raise StepError(f"{unknown[0]!r} is not an option of sequence (there are {', '.join(FIELDS)})")
    return [text for term in terms or [""] for text in _sequence({**options, **_fields(str(term))})]


def _fields(term: str) -> dict[str, Any]:
    shortcut = _SHORTCUT.match(term)
    if shortcut:
        return {name: value for name, value in shortcut.groupdict().items() if value is not None}
    free, given = inline(term, FIELDS)
    if free:
        raise StepError(f"sequence cannot read {free!r}")
    return dict(given)


def _sequence(given: Mapping[str, Any]) -> list[str]:
    start, stride = _number(given, "start", 1), _number(given, "stride", 1)
    count, end = _number(given, "count", None), _number(given, "end", None)
    form = str(given.get("format", "%d"))
    if (count is None) == (end is None):
        raise StepError("sequence needs either count or end" + ("" if count is None else ", not both"))
    assert start is not None and stride is not None
    if count == 0 or stride == 0:
        return []
    if end is None:
        end = start + (count or 0) * stride - 1 if stride > 0 else start + ((count or 0) - 1) * stride
    if (stride > 0 and end < start) or (stride < 0 and end > start):
        raise StepError(f"sequence from {start} to {end} needs a stride of the other sign")
    if form.count("%") != 1 or not _CONVERSION.search(form):
        raise StepError(f"sequence cannot use the format {form!r}: it needs one number, like %02d")
    numbers = range(start, end + (1 if stride > 0 else -1), stride)
    if len(numbers) > _MAX_ITEMS:
        raise StepError(f"sequence would have more than {_MAX_ITEMS} items")
    return [form % number for number in numbers]


def _number(given: Mapping[str, Any], name: str, default: int | None) -> int | None:
    """A number, which as text may be octal (`0664`) or hexadecimal (`0x3f8`)."""
    value = given.get(name, default)
    if value is None or isinstance(value, int):
        return value
    text = str(value).strip()
    try:
        return int(text, 8) if re.match(r"^-?0[0-7]+$", text) else int(text, 0)
    except ValueError:
        raise StepError(f"sequence cannot read {name}={value!r} as a whole number") from None
