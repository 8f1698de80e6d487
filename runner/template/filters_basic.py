"""Filters that decide: default, bool, ternary, mandatory; and what a value is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from runner.errors import TemplateError
from runner.model.values import Unknown
from runner.template.markers import Missing, type_name

_TRUE: Final = frozenset({"yes", "on", "true", "1"})


def default(value: Any, default_value: Any = "", boolean: bool = False) -> Any:
    """`value`, or `default_value` if it is undefined (or false, with `boolean`)."""
    if not isinstance(boolean, bool):
        raise TemplateError(f"default: the 'boolean' argument must be a bool, not {type_name(boolean)!r}", kind="type")
    if isinstance(value, Missing) or (boolean and not value):
        return default_value
    return value


def to_bool(value: Any) -> bool:
    """Whether a value reads as true; what is neither true nor false is false (Ansible warns and does the same)."""
    if isinstance(value, str | int):
        return str(value).lower() in _TRUE
    return bool(value == 1)


def ternary(value: Any, true_val: Any, false_val: Any, none_val: Any = None) -> Any:
    """`true_val` or `false_val`; `none_val` for None if it is given."""
    if isinstance(value, Unknown):
        return value
    if value is None and none_val is not None:
        return none_val
    return true_val if value else false_val


def mandatory(value: Any, msg: str | None = None) -> Any:
    """`value`, or an error with `msg` if it is undefined."""
    if not isinstance(value, Missing):
        return value
    name = value.variable()
    text = msg if msg is not None else f"Mandatory variable {name + ' ' if not name else repr(name) + ' '}not defined."
    raise TemplateError(text, kind="undefined", name=name)


def type_debug(value: Any) -> str:
    """The type's name."""
    return "UndefinedMarker" if isinstance(value, Missing) else type_name(value)


FILTERS: Final[Mapping[str, Callable[..., Any]]] = MappingProxyType(
    {
        "default": default,
        "d": default,
        "bool": to_bool,
        "ternary": ternary,
        "mandatory": mandatory,
        "type_debug": type_debug,
    }
)
