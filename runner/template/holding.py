"""What kinds of values can hold templates, and whether one does; known without Jinja2."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Final

from runner.model.values import Template, Vaulted

DICTS: Final = (dict, MappingProxyType)
LISTS: Final = (list, tuple)


def holds_template(value: Any) -> bool:
    """Whether `value` is, or anywhere holds, text to be rendered or decrypted."""
    kind = type(value)
    if kind is str or kind is int or kind is bool or value is None:
        return False
    if kind is Template or kind is Vaulted:
        return True
    if isinstance(value, DICTS):
        return any(holds_template(part) for part in value.values())
    if isinstance(value, LISTS):
        return any(holds_template(part) for part in value)
    return False
