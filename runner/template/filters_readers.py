"""Filters of community.general on text: from_csv, from_ini, to_ini, to_seconds, unicode_normalize, crc32 …"""

from __future__ import annotations

import configparser
import csv
import io
import re
import unicodedata
import zlib
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from runner.errors import TemplateError
from runner.template.filters_text import as_bytes, as_text
from runner.template.markers import type_name

# A unit's short name and its milliseconds; how long months and years are is an option.
_SECOND: Final = 1000
_DAY: Final = 24 * 60 * 60 * _SECOND
_UNITS: Final[Mapping[str, tuple[str, int]]] = MappingProxyType(
    {
        "ms": ("millisecond", 1),
        "s": ("second", _SECOND),
        "m": ("minute", 60 * _SECOND),
        "h": ("hour", 60 * 60 * _SECOND),
        "d": ("day", _DAY),
        "w": ("week", 7 * _DAY),
        "mo": ("month", 0),
        "y": ("year", 0),
    }
)
_ALIASES: Final = MappingProxyType(
    {"msec": "ms", "msecond": "ms", "sec": "s", "min": "m"} | {long: short for short, (long, _) in _UNITS.items()}
)
_FORMS: Final = ("NFC", "NFD", "NFKC", "NFKD")


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise TemplateError(f"{name}: text is needed, not {type_name(value)!r}", kind="type")
    return as_text(value)


def from_csv(
    data: Any,
    dialect: str = "excel",
    fieldnames: Sequence[str] | None = None,
    delimiter: str | None = None,
    skipinitialspace: bool | None = None,
    strict: bool | None = None,
) -> list[dict[str, Any]]:
    """CSV text as a list of dicts; the first row has the names unless `fieldnames` does."""
    if dialect not in csv.list_dialects():
        raise TemplateError(f"from_csv: there is no dialect {dialect!r}", kind="type")
    given = {"delimiter": delimiter, "skipinitialspace": skipinitialspace, "strict": strict}
    options: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    lines = io.StringIO(as_text(data).removeprefix("\ufeff"))
    try:
        return list(csv.DictReader(lines, fieldnames=fieldnames, dialect=dialect, **options))
    except csv.Error as error:
        raise TemplateError(f"from_csv: {error}", kind="type") from None


def _parser() -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    return parser


def from_ini(value: Any) -> dict[str, Any]:
    """INI text as a dict of dicts."""
    parser = _parser()
    try:
        parser.read_string(_text("from_ini", value))
    except configparser.Error as error:
        raise TemplateError(f"from_ini: {' '.join(str(error).split())}", kind="type") from None
    made: dict[str, Any] = {name: dict(parser[name]) for name in parser.sections()}
    return {**made, "DEFAULT": dict(parser.defaults())} if parser.defaults() else made


def to_ini(value: Any) -> str:
    """A dict of dicts as INI text."""
    if not isinstance(value, Mapping) or not value:
        raise TemplateError(f"to_ini: a dictionary with sections is needed, not {value!r}", kind="type")
    parser = _parser()
    try:
        parser.read_dict(value)
    except (configparser.Error, AttributeError, TypeError, ValueError) as error:
        raise TemplateError(f"to_ini: {error}", kind="type") from None
    out = io.StringIO()
    parser.write(out)
    # The last section's empty line stays out.
    return out.getvalue()[:-1]


def crc32(value: Any) -> str:
    """The CRC-32 in hex."""
    return f"{zlib.crc32(as_bytes(_text('crc32', value))):x}"


def unicode_normalize(value: Any, form: str = "NFC") -> str:
    """Text in one of Unicode's normal forms."""
    if form not in _FORMS:
        raise TemplateError(f"unicode_normalize: {form!r} is none of {', '.join(_FORMS)}", kind="type")
    return unicodedata.normalize(form, _text("unicode_normalize", value))  # type: ignore[arg-type]


def to_time_unit(value: Any, unit: str = "ms", year: float | None = None, month: float | None = None) -> Any:
    """`1h 30m` in a unit. `year` and `month`: how many days they have."""
    if value == "0":
        return 0
    days = {"y": year or 365, "mo": month or 30}
    lengths = {name: days[name] * _DAY if name in days else ms for name, (_, ms) in _UNITS.items()}
    wanted = _ALIASES.get(unit.rstrip("s"), unit)
    if wanted not in lengths:
        raise TemplateError(f"to_time_unit: {unit!r} is no unit; there are {', '.join(_UNITS)}", kind="type")
    total: float = 0
    for part in _text("to_time_unit", value).split():
        match = re.match(r"(-?\d+)(\w+)", part)
        name = _ALIASES.get(match[2].rstrip("s"), match[2]) if match else ""
        if match is None or name not in lengths:
            raise TemplateError(f"to_time_unit: cannot interpret {value!r}", kind="type")
        total += int(match[1]) * lengths[name]
    return round(total / lengths[wanted], 12)


def _in(unit: str) -> Callable[..., Any]:
    def converted(value: Any, **options: Any) -> Any:
        return to_time_unit(value, unit, **options)

    return converted


FILTERS: Final[Mapping[str, Callable[..., Any]]] = MappingProxyType(
    {
        "crc32": crc32,
        "from_csv": from_csv,
        "from_ini": from_ini,
        "to_ini": to_ini,
        "unicode_normalize": unicode_normalize,
        "to_time_unit": to_time_unit,
        **{f"to_{long}s": _in(short) for short, (long, _) in _UNITS.items()},
    }
)
