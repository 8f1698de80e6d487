"""Stands in for `ansible.module_utils.parsing.convert_bool`."""

from __future__ import annotations

from typing import Any, Final

BOOLEANS_TRUE: Final = frozenset(("y", "yes", "on", "1", "true", "t", 1, 1.0, True))
BOOLEANS_FALSE: Final = frozenset(("n", "no", "off", "0", "false", "f", 0, 0.0, False))
BOOLEANS: Final = BOOLEANS_TRUE | BOOLEANS_FALSE


def boolean(value: Any, strict: bool = True) -> bool:
    """What a word means; without `strict` every unknown one is false."""
    if isinstance(value, bool):
        return value
    word = value.lower().strip() if isinstance(value, str) else value
    if word in BOOLEANS_TRUE:
        return True
    if word in BOOLEANS_FALSE or not strict:
        return False
    raise TypeError(f"The value '{value}' is not a valid boolean.")
