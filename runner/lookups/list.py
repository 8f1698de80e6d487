"""Lookup `list`: the terms as they are (`with_list`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runner.model.names import Names
from runner.model.ports import LookupContext


def run(terms: list[Any], _variables: Names, _options: Mapping[str, Any], _context: LookupContext) -> list[Any]:
    """The terms."""
    return list(terms)
