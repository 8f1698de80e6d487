"""Lookup `together`: several lists side by side, short ones filled with null (`with_together`)."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import zip_longest
from typing import Any

from runner.errors import StepError
from runner.lookups._options import flatten_once
from runner.model.names import Names
from runner.model.ports import LookupContext


def run(terms: list[Any], _variables: Names, _options: Mapping[str, Any], _context: LookupContext) -> list[Any]:
    """One list for each position. Raises StepError without any list."""
    if not terms:
        raise StepError("together needs at least one list")
    columns = [term if isinstance(term, list | tuple) else [term] for term in terms]
    return [flatten_once(row) for row in zip_longest(*columns)]
