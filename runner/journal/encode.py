"""One event as one line of JSON, and back: the only place that knows how a line of the log is written.

A line is ASCII (everything else is escaped), has no NaN, and ends in a newline. It opens with `v, seq, run, type, ts,
prev` (the SHA-256 of the line before it); the event's fields follow under their own names. Times are ISO 8601 in UTC
with microseconds and `Z`, null for "never". `stdout` and `stderr` are text; if a host sent bytes that are not UTF-8,
these stand there as `\\xNN`, and `stdout_b64` or `stderr_b64` has the exact bytes (after redaction). `log.schema.json`
describes it all.

orjson, where it is installed, writes the lines ten times as fast as the standard library, which writes those that it
would not write so.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from datetime import datetime
from functools import lru_cache
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Final, cast, get_args

try:
    import orjson
except ImportError:  # there is a wheel of it for most machines, not for all
    orjson = None  # type: ignore[assignment,unused-ignore]

from runner.journal.plain import Plainer, same, valid_text
from runner.model import moment
from runner.model.call import Diff, Status
from runner.model.event import VERSION, Event, Recap, Record, RunEnd, TaskOutput, TaskResult

TYPES: Final[Mapping[str, type[Any]]] = MappingProxyType({kind.type: kind for kind in get_args(Event)})
FIELDS: Final[Mapping[type[Any], tuple[str, ...]]] = MappingProxyType(
    {kind: tuple(field.name for field in fields(kind)) for kind in (*TYPES.values(), Recap, Diff)}
)
TUPLES: Final[Mapping[type[Any], frozenset[str]]] = MappingProxyType(
    {kind: frozenset(field.name for field in fields(kind) if "tuple" in str(field.type)) for kind in TYPES.values()}
)
# What names a thing stays as it is even if a password happens to be the same word: else a log could not be read.
NAMES: Final = frozenset(
    """
    task_id play_id handler_id by_task_id host hosts delegate module effect args_sha256 phase level prediction stream
    """.split()
)
TIMES: Final = ("start", "end")
OUTPUT: Final = ("stdout", "stderr")
# Seconds that every clock of a host stays below; beyond, `to_iso` has to find out whether they are a time at all.
_FAR: Final = 2e11
# How the fields are made plain that hold more than plain data, or must keep what plain data cannot say.
_SPECIAL: Final[Mapping[str, Callable[[Plainer, Any], Any]]] = MappingProxyType(
    {
        "stdout": Plainer.output,
        "stderr": Plainer.output,
        "start": lambda _, value: _readable(_seconds(value)),
        "end": lambda _, value: _readable(_seconds(value)),
        "duration_s": lambda _, value: made if math.isfinite(made := _seconds(value)) else 0.0,
        "diff": lambda plainer, value: value and tuple(_diff(plainer, part) for part in value),
        "lines": lambda plainer, value: value and plainer.rows(value),
        "hosts": lambda plainer, value: {plainer.text(host): recap for host, recap in value.items()},
    }
)
SPECIAL_OF: Final[Mapping[type[Any], frozenset[str]]] = MappingProxyType(
    {
        TaskResult: frozenset({"status", "diff", "duration_s", *TIMES, *OUTPUT}),
        RunEnd: frozenset({"hosts", "duration_s"}),
        TaskOutput: frozenset({"lines"}),
    }
)


def _makers(kind: type[Any]) -> tuple[tuple[int, bool, Callable[[Plainer, Any], Any]], ...]:
    """The fields of an event that may have to be made plain: their places, whether they are names, and how."""
    found: list[tuple[int, bool, Callable[[Plainer, Any], Any]]] = []
    for place, field in enumerate(fields(kind)):
        name, special = field.name, field.name in SPECIAL_OF.get(kind, ())
        if field.type == "bool" or (special and name not in _SPECIAL):
            continue
        usual = Plainer.listed if name in TUPLES[kind] else Plainer.value
        found.append((place, name in NAMES, _SPECIAL[name] if special else usual))
    return tuple(found)


_MAKERS: Final[Mapping[type[Any], tuple[tuple[int, bool, Callable[[Plainer, Any], Any]], ...]]] = MappingProxyType(
    {kind: _makers(kind) for kind in TYPES.values()}
)


def _values(names: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
    """These fields of an event at once, in order."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda event: tuple(getattr(event, name) for name in names)


_VALUES: Final[Mapping[type[Any], Callable[[Any], tuple[Any, ...]]]] = MappingProxyType(
    {kind: _values(FIELDS[kind]) for kind in TYPES.values()}
)
# The fields that are text as declared, and how the others are made plain.
_TEXTS: Final[Mapping[type[Any], Callable[[Any], tuple[Any, ...]]]] = MappingProxyType(
    {kind: _values(tuple(field.name for field in fields(kind) if field.type == "str")) for kind in TYPES.values()}
)
_OTHERS: Final = MappingProxyType(
    {kind: tuple(row for row in rows if fields(kind)[row[0]].type != "str") for kind, rows in _MAKERS.items()}
)
_QUICK: Final = (dict, int)
_EMPTY: Final = (float, tuple)
_OPTIONS: Final = orjson.OPT_APPEND_NEWLINE | orjson.OPT_PASSTHROUGH_DATETIME if orjson is not None else 0
_JSON: Final = json.JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(",", ":"))


class NewerVersion(ValueError):
    """A line of a later format, which this version cannot know."""


class UnknownType(ValueError):
    """A line of a type this version does not know (a newer one's); it can be passed over."""


def to_iso(seconds: float) -> str | None:
    """Epoch seconds as ISO 8601 UTC; None for 0 ("never") and for what is no time."""
    if not seconds or not math.isfinite(seconds):
        return None
    try:
        return moment.iso(seconds)
    except (OverflowError, OSError, ValueError):
        return None


@lru_cache(maxsize=8)
def _written_at(seconds: float) -> str:
    """When a line was written: lines that are written together have one moment."""
    return to_iso(seconds) or "1970-01-01T00:00:00.000000Z"


def from_iso(text: str | None) -> float:
    """The reverse of `to_iso`. Raises ValueError."""
    return 0.0 if text is None else datetime.fromisoformat(text).timestamp()


def plain(event: Event, redact: Callable[[str], str] = same) -> Event:
    """The same event made of plain data only, redacted: `record(line(...))` of it gives it back, equal."""
    kind, clear, makers = type(event), redact is same, _MAKERS[type(event)]
    plainer = Plainer(redact)
    names = plainer if clear else Plainer()
    made = list(_VALUES[kind](event))
    changed = False
    # Most fields are text or nothing, and this is the busiest place of the log: its text is looked at all at once.
    if clear and set(map(type, texts := _TEXTS[kind](event))) == {str} and "".join(texts).isascii():
        makers = _OTHERS[kind]
    for place, is_name, make in makers:
        value = made[place]
        if value is None or (type(value) is str and value.isascii() and (is_name or clear)):
            continue
        if type(value) in _EMPTY and not value:
            continue
        if clear and type(value) in _QUICK and Plainer().leaves(value):
            continue
        found = make(names if is_name else plainer, value)
        if found is not value:
            made[place] = found
            changed = True
    # Most events are plain already, and making one anew costs as much as looking at all its fields.
    return kind(*made) if changed else event


def _diff(plainer: Plainer, part: Diff) -> Diff:
    return Diff(*(plainer.text(getattr(part, key)) for key in FIELDS[Diff]))


def _readable(seconds: float) -> float:
    """The moment that the log's text for it means."""
    if not seconds:
        return seconds
    if 0.0 < seconds < _FAR:
        return seconds if (made := moment.rounded(seconds)) == seconds else made
    return from_iso(to_iso(seconds))


def _seconds(value: object) -> float:
    if type(value) is float:
        return value
    return float(value) if isinstance(value, int | float) else 0.0


def dump(record: Record) -> bytes:
    """The line of a record whose event is `plain` already.

    orjson writes text as UTF-8, and refuses numbers beyond 64 bits: such lines are the standard library's.
    """
    body, ts = _body(record.event), _written_at(record.ts)
    if orjson is not None and f"{record.run}{record.prev}".isalnum():
        prev = f',"prev":"{record.prev}"' if record.prev else ""
        text = f'{{"v":{VERSION},"seq":{record.seq},"run":"{record.run}","type":"{record.event.type}","ts":"{ts}"'
        try:
            found: bytes = f"{text}{prev},".encode() + orjson.dumps(body, option=_OPTIONS)[1:]
            if found.isascii():
                return found
        except TypeError:
            pass
    made = {"v": VERSION, "seq": record.seq, "run": record.run, "type": record.event.type, "ts": ts}
    made |= {"prev": record.prev} if record.prev else {}
    return _JSON.encode(made | body).encode("ascii") + b"\n"


def _body(event: Event) -> dict[str, Any]:
    """An event's fields as they are written."""
    kind = type(event)
    made = dict(zip(FIELDS[kind], _VALUES[kind](event), strict=True))
    if isinstance(event, TaskResult):
        made["status"] = event.status.value
        made["diff"] = [{key: getattr(part, key) for key in FIELDS[Diff]} for part in event.diff] if event.diff else []
        for name in TIMES:
            made[name] = to_iso(made[name])
        for name in OUTPUT:
            if not made[name].isascii():
                made.update(_output(name, made[name]))
    elif isinstance(event, RunEnd):
        made["hosts"] = {
            host: {key: getattr(recap, key) for key in FIELDS[Recap]} for host, recap in event.hosts.items()
        }
    return made


def _output(name: str, text: str) -> dict[str, str]:
    shown = valid_text(text)
    if shown == text:
        return {}
    exact = base64.b64encode(text.encode("utf-8", "surrogateescape")).decode("ascii")
    return {name: shown, f"{name}_b64": exact}


def line(record: Record) -> bytes:
    """Any record as its line, newline included."""
    return dump(replace(record, event=plain(record.event)))


def record(line: bytes) -> Record:
    """The record of a line. Fields that this version does not know are passed over.

    Raises UnknownType for an event type it does not know, and ValueError, saying why, for what is no line of a log.
    """
    return record_of(opened(line))


def opened(line: bytes) -> dict[str, Any]:
    """A line as it stands there, of any type. Raises ValueError, saying why, for what is no line of a log."""
    try:
        read = json.loads(line)
    except (ValueError, RecursionError):
        raise ValueError("this is not JSON") from None
    if not isinstance(read, dict):
        raise ValueError("this is not a JSON object")
    version = read.get("v")
    if type(version) is not int or not isinstance(read.get("type"), str):
        raise ValueError("this is not a line of a pbrun log: it has no version (v) and type")
    if version > VERSION:
        raise NewerVersion(f"version {version} of the log is newer than this pbrun, which reads {VERSION}")
    return read


def record_of(read: Mapping[str, Any]) -> Record:
    """The record of an `opened` line. Raises as `record` does."""
    if read["type"] not in TYPES:
        raise UnknownType(f"unknown event type {read['type']!r}")
    try:
        event = _event(TYPES[read["type"]], read)
        seq, run, ts, prev = read["seq"], read["run"], from_iso(read["ts"]), read.get("prev", "")
    except KeyError as error:
        raise ValueError(f"field {error} is missing") from None
    except (TypeError, AttributeError) as error:
        raise ValueError(f"a field has the wrong type: {error}") from None
    if type(seq) is not int or not (isinstance(run, str) and isinstance(prev, str)):
        raise ValueError("seq has to be a whole number, and run and prev have to be text")
    return Record(seq, run, ts, event, prev)


def _event(kind: type[Any], read: Mapping[str, Any]) -> Event:
    made = {name: read[name] for name in FIELDS[kind] if name in read}
    for name in TUPLES[kind] & made.keys():
        made[name] = tuple(made[name])
    if kind is TaskResult:
        made["status"] = Status(made["status"])
        made["diff"] = tuple(_part(Diff, part) for part in made.get("diff", ()))
        made.update({name: from_iso(made[name]) for name in TIMES if name in made})
        for name in OUTPUT:
            if f"{name}_b64" in read:
                made[name] = _bytes(read[f"{name}_b64"]).decode("utf-8", "surrogateescape")
    elif kind is RunEnd:
        made["hosts"] = {host: _part(Recap, counts) for host, counts in made["hosts"].items()}
    return cast(Event, kind(**made))


def _part(kind: type[Any], read: Mapping[str, Any]) -> Any:
    return kind(**{name: read[name] for name in FIELDS[kind] if name in read})


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ValueError("base64 that cannot be read") from None
