"""Stands in for `ansible.module_utils.common.collections`: what kind of container a value is."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, MutableMapping, MutableSequence, Sequence, Set
from typing import Any

__all__ = ["Hashable", "Iterable", "Mapping", "MutableMapping", "MutableSequence", "Sequence", "Set"]


def is_string(seq: Any) -> bool:
    """Whether it is text or bytes."""
    return isinstance(seq, str | bytes)


def is_iterable(seq: Any, include_strings: bool = False) -> bool:
    """Whether one can go through it; text only counts if asked for."""
    if is_string(seq) and not include_strings:
        return False
    try:
        iter(seq)
    except TypeError:
        return False
    return True


def is_sequence(seq: Any, include_strings: bool = False) -> bool:
    """Whether it is a list or the like; text only counts if asked for."""
    return isinstance(seq, Sequence) and (include_strings or not is_string(seq))


def count(seq: Any) -> dict[Any, int]:
    """How often each element is there."""
    if not is_iterable(seq):
        raise Exception("Argument provided  is not an iterable")
    found: dict[Any, int] = {}
    for part in seq:
        found[part] = found.get(part, 0) + 1
    return found
