"""Values written so that they come back as they were: what JSON has no word for is an object whose key `$` names it."""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Mapping, Set
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time
from types import MappingProxyType
from typing import Any, Final

from runner.model import call
from runner.model.call import Effect, Status
from runner.model.span import Span
from runner.model.values import OMIT, Decrypted, Secret, Template, Unknown, Vaulted

TAG: Final = "$"
_KINDS: Final = (
    *(call.Diff, call.AddHost, call.GroupBy, call.Pause, call.Meta, call.AddStats, call.Call, call.Fragment),
    *(call.Become, call.Ends, call.Target, call.Upload, call.Download, Span),
)
_VALUES: Final[Mapping[str, type[Any]]] = MappingProxyType({kind.__name__: kind for kind in _KINDS})
_TEXTS: Final[Mapping[str, type[Any]]] = MappingProxyType(
    {"template": Template, "vaulted": Vaulted, "secret": Secret, "status": Status, "effect": Effect, "unknown": Unknown}
)
_MOMENTS: Final[Mapping[str, Callable[[str], Any]]] = MappingProxyType(
    {"datetime": datetime.fromisoformat, "date": date.fromisoformat, "time": time.fromisoformat}
)
_LISTS: Final[Mapping[str, Callable[[Any], Any]]] = MappingProxyType(
    {"tuple": tuple, "set": set, "frozenset": frozenset}
)
_BIG: Final = 1 << 4096


def pack(value: Any) -> Any:
    """`value` as plain data of JSON."""
    kind = type(value)
    if kind is str:
        return value if value.isascii() else _text(value)
    if value is None or kind is bool:
        return value
    if kind is dict:
        return _mapping(value)
    if kind is list:
        return [pack(part) for part in value]
    if isinstance(value, int | float):
        return _number(value)
    return _tagged(value)


def _text(text: str) -> Any:
    try:
        text.encode()
    except UnicodeEncodeError:
        return {TAG: "text", "v": base64.b64encode(text.encode("utf-8", "surrogatepass")).decode()}
    return text


def _mapping(value: Mapping[Any, Any]) -> Any:
    if TAG in value or not all(type(key) is str and key.isascii() for key in value):
        return {TAG: "dict", "v": [[pack(key), pack(part)] for key, part in value.items()]}
    return {key: pack(part) for key, part in value.items()}


def _number(value: Any) -> Any:
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else {TAG: "float", "v": repr(float(value))}
    return int(value) if -_BIG < value < _BIG else {TAG: "int", "v": hex(value)}


def _tagged(value: Any) -> Any:
    if isinstance(value, Decrypted):
        return {TAG: "decrypted", "v": pack(value.reveal()), "of": value.ciphertext}
    if isinstance(value, Vaulted | Template):
        name = "vaulted" if isinstance(value, Vaulted) else "template"
        return {TAG: name, "v": pack(str.__str__(value)), "at": pack(value.span)}
    for name in ("secret", "status", "effect"):
        if isinstance(value, _TEXTS[name]):
            return {TAG: name, "v": pack(str.__str__(value))}
    if isinstance(value, Unknown):
        return {TAG: "unknown", "v": value.reason}
    if value is OMIT:
        return {TAG: "omit"}
    if isinstance(value, bytes | bytearray | memoryview):
        return {TAG: "bytes", "v": base64.b64encode(bytes(value)).decode()}
    for name, moment in (("datetime", datetime), ("date", date), ("time", time)):
        if isinstance(value, moment):
            return {TAG: name, "v": value.isoformat()}
    if is_dataclass(value) and type(value).__name__ in _VALUES:
        return {TAG: type(value).__name__, "v": {f.name: pack(getattr(value, f.name)) for f in fields(value)}}
    return _container(value)


def _container(value: Any) -> Any:
    if isinstance(value, Mapping):
        return _mapping(value)
    if isinstance(value, Set):
        name = "set" if isinstance(value, set) else "frozenset"
        return {TAG: name, "v": sorted((pack(part) for part in value), key=repr)}
    if isinstance(value, tuple):
        return {TAG: "tuple", "v": [pack(part) for part in value]}
    if isinstance(value, list):
        return [pack(part) for part in value]
    return _text(str(value))


def unpack(value: Any) -> Any:
    """What `pack` was given. Raises ValueError for what it never makes."""
    if isinstance(value, list):
        return [unpack(part) for part in value]
    if not isinstance(value, dict):
        return value
    name = value.get(TAG)
    if name is None:
        return {key: unpack(part) for key, part in value.items()}
    try:
        return _untagged(name, value.get("v"), value)
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"a value of kind {name!r} that cannot be read: {error}") from None


def _untagged(name: str, inner: Any, whole: Mapping[str, Any]) -> Any:
    if name in ("template", "vaulted"):
        return _TEXTS[name](unpack(inner), unpack(whole["at"]))
    if name in _TEXTS:
        return _TEXTS[name](unpack(inner))
    if name in _MOMENTS:
        return _MOMENTS[name](inner)
    if name in _LISTS:
        return _LISTS[name](unpack(part) for part in inner)
    if name in _VALUES:
        return _VALUES[name](**{key: unpack(part) for key, part in inner.items()})
    match name:
        case "text":
            return base64.b64decode(inner).decode("utf-8", "surrogatepass")
        case "dict":
            return {unpack(key): unpack(part) for key, part in inner}
        case "float":
            return float(inner)
        case "int":
            return int(inner, 16)
        case "decrypted":
            return Decrypted(unpack(inner), whole["of"])
        case "omit":
            return OMIT
        case "bytes":
            return base64.b64decode(inner)
    raise KeyError(name)


def alike(plain: Any, exact: Any) -> bool:
    """Whether plain data is the very value, types included."""
    kind = type(plain)
    if kind is not type(exact):
        return False
    if kind is dict:
        return len(plain) == len(exact) and all(key in exact and alike(part, exact[key]) for key, part in plain.items())
    if kind is list:
        return len(plain) == len(exact) and all(map(alike, plain, exact))
    return bool(plain == exact)
