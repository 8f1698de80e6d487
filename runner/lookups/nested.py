"""Lookup `nested`: every combination of the items of several lists, the first varying slowest (`with_nested`)."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

from runner.errors import StepError
from runner.lookups._options import flatten
from runner.model.names import Names
from runner.model.ports import LookupContext


def run(terms: list[Any], _variables: Names, _options: Mapping[str, Any], _context: LookupContext) -> list[Any]:
    """One list for each combination. Raises StepError without any list."""
    if not terms:
        raise StepError("nested needs at least one list")
    columns = [term if isinstance(term, list | tuple) else [term] for term in terms]
    return [flatten(combination) for combination in product(*columns)]
