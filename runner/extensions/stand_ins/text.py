"""Stands in for `ansible.module_utils.common.text.converters`: text to bytes and back."""

from __future__ import annotations

import json
from typing import Any


def _handler(errors: str | None) -> str:
    """Python's name for what is to become of bytes that are no text."""
    return "surrogateescape" if errors is None or errors.startswith("surrogate") else errors


def to_text(obj: Any, encoding: str = "utf-8", errors: str | None = None, nonstring: str = "simplerepr") -> Any:
    """`obj` as text. `nonstring` says what becomes of what is neither text nor bytes."""
    if isinstance(obj, str):
        return obj
    if isinstance(obj, bytes | bytearray):
        return bytes(obj).decode(encoding, _handler(errors))
    return _other(obj, nonstring, "")


def to_bytes(obj: Any, encoding: str = "utf-8", errors: str | None = None, nonstring: str = "simplerepr") -> Any:
    """`obj` as bytes."""
    if isinstance(obj, bytes):
        return obj
    if isinstance(obj, str):
        return obj.encode(encoding, _handler(errors))
    made = _other(obj, nonstring, b"")
    return made.encode(encoding, _handler(errors)) if isinstance(made, str) else made


def _other(obj: Any, nonstring: str, empty: Any) -> Any:
    if nonstring == "simplerepr":
        return str(obj)
    if nonstring == "passthru":
        return obj
    if nonstring == "empty":
        return empty
    if nonstring == "strict":
        raise TypeError("obj must be a string type")
    raise TypeError(f"Invalid value {nonstring} for to_text's nonstring parameter")


to_native = to_text


def jsonify(data: Any, **more: Any) -> str:
    """`data` as JSON."""
    return json.dumps(data, default=_json_part, **more)


def _json_part(part: Any) -> Any:
    return sorted(part) if isinstance(part, set | frozenset) else str(part)


def container_to_text(data: Any, encoding: str = "utf-8", errors: str = "surrogate_or_strict") -> Any:
    """`data` with all bytes in it as text."""
    return _all(data, lambda part: to_text(part, encoding, errors) if isinstance(part, bytes) else part)


def container_to_bytes(data: Any, encoding: str = "utf-8", errors: str = "surrogate_or_strict") -> Any:
    """`data` with all text in it as bytes."""
    return _all(data, lambda part: to_bytes(part, encoding, errors) if isinstance(part, str) else part)


def _all(data: Any, change: Any) -> Any:
    if isinstance(data, dict):
        return {_all(key, change): _all(part, change) for key, part in data.items()}
    if isinstance(data, list | tuple):
        return type(data)(_all(part, change) for part in data)
    return change(data)
