"""Lookup `flattened`: the terms with every list in a list opened (`with_flattened`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from runner.lookups._options import flatten
from runner.model.names import Names
from runner.model.ports import LookupContext

COLLECTION: Final = "community.general"


def run(terms: list[Any], _variables: Names, _options: Mapping[str, Any], _context: LookupContext) -> list[Any]:
    """The flat list."""
    return flatten(terms)
