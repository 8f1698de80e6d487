"""Filters on numbers and sizes."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from runner.errors import TemplateError

_LETTERS: Final = "YZEPTGMK"
_LIMITS: Final[Mapping[str, int]] = MappingProxyType(
    {letter: 1 << (10 * (len(_LETTERS) - place)) for place, letter in enumerate(_LETTERS)} | {"B": 1}
)
_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Y": "yotta",
        "Z": "zeta",
        "E": "exa",
        "P": "peta",
        "T": "tera",
        "G": "giga",
        "M": "mega",
        "K": "kilo",
        "B": "",
    }
)
_SIZE: Final = re.compile(r"([0-9]*\.?[0-9]+)(?:\s*([A-Za-z]+))?\s*")


def _wrong(message: str) -> TemplateError:
    return TemplateError(message, kind="type")


def logarithm(value: Any, base: Any = math.e) -> float:
    """The logarithm to a base (e by default)."""
    return math.log10(value) if base == 10 else math.log(value, base)


def power(value: Any, exponent: Any) -> float:
    """A power, as a float."""
    return math.pow(value, exponent)


def root(value: Any, base: Any = 2) -> float:
    """The square root, or another one."""
    return math.sqrt(value) if base == 2 else math.pow(value, 1.0 / float(base))


def human_readable(size: Any, isbits: bool = False, unit: str | None = None) -> str:
    """`10240` as `10.00 KB`."""
    if not isinstance(size, int | float):
        raise _wrong(f"human_readable() failed on bad input: {size!r} is not a number")
    base = "bits" if isbits else "Bytes"
    for letter, limit in _LIMITS.items():
        if (unit is None and size >= limit) or (unit is not None and unit.upper() == letter):
            break
    return f"{size / limit:.2f} {base if limit == 1 else letter + base[0]}"


def human_to_bytes(size: Any, default_unit: str | None = None, isbits: bool = False) -> int:
    """`10 KB` as `10240`; `isbits`: units are `Kb`, `Mb` …"""
    match = _SIZE.fullmatch(str(size))
    if match is None:
        raise _wrong(f"human_to_bytes() can't interpret following string: {size}")
    number, unit = float(match[1]), match[2] or default_unit
    if unit is None:
        return round(number)
    letter = unit[0].upper()
    if letter not in _LIMITS:
        raise _wrong(f"human_to_bytes(): {unit!r} is no unit; units begin with {', '.join(_LIMITS)}")
    kind, mark = ("bit", "b") if isbits else ("byte", "B")
    short = mark if letter == "B" else letter + mark
    if len(unit) > 1 and unit != short and unit.lower() != _WORDS[letter] + kind:
        raise _wrong(f"human_to_bytes() failed to convert {size}: the unit should be {short}, {letter} or {kind}s")
    return round(number * _LIMITS[letter])


FILTERS: Final[Mapping[str, Callable[..., Any]]] = MappingProxyType(
    {
        "log": logarithm,
        "pow": power,
        "root": root,
        "human_readable": human_readable,
        "human_to_bytes": human_to_bytes,
    }
)
