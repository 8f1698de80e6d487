"""Mappings put over one another, as the filter `combine` does: one rule for all who merge.

Source: https://docs.ansible.com/ansible/latest/collections/ansible/builtin/combine_filter.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

LIST_MERGES: Final[Mapping[str, Callable[[list[Any], list[Any]], list[Any]]]] = MappingProxyType(
    {
        "replace": lambda _low, high: high,
        "keep": lambda low, _high: low,
        "append": lambda low, high: low + high,
        "prepend": lambda low, high: high + low,
        "append_rp": lambda low, high: [part for part in low if part not in high] + high,
        "prepend_rp": lambda low, high: high + [part for part in low if part not in high],
    }
)


def merge(
    low: Mapping[Any, Any], high: Mapping[Any, Any], recursive: bool = True, list_merge: str = "replace"
) -> dict[Any, Any]:
    """`high` over `low`; with `recursive` mappings inside them too. `list_merge` is a name of `LIST_MERGES`."""
    made = dict(low)
    for key, value in high.items():
        old = made.get(key)
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            made[key] = merge(old, value, recursive, list_merge) if recursive else value
        elif isinstance(old, list) and isinstance(value, list):
            made[key] = LIST_MERGES[list_merge](old, value)
        else:
            made[key] = value
    return made
