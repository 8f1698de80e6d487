"""Lookup `dict`: the entries of mappings as `key` and `value` (`with_dict`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runner.errors import StepError
from runner.model.names import Names
from runner.model.ports import LookupContext


def run(terms: list[Any], _variables: Names, _options: Mapping[str, Any], _context: LookupContext) -> list[Any]:
    """One mapping for each entry. Raises StepError for anything but mappings."""
    wrong = [term for term in terms if not isinstance(term, Mapping)]
    if wrong:
        raise StepError(f"dict needs a mapping, got {wrong[0]!r}")
    return [{"key": key, "value": value} for term in terms for key, value in term.items()]
