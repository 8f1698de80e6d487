"""Lookup `varnames`: the names of variables that regular expressions find."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from runner.errors import StepError
from runner.lookups._options import texts
from runner.model.names import Names
from runner.model.ports import LookupContext


def run(terms: list[Any], variables: Names, _options: Mapping[str, Any], _context: LookupContext) -> list[Any]:
    """All names each expression is found in. Raises StepError for one that cannot be read."""
    names = list(variables.known())
    try:
        searches = [re.compile(term) for term in texts(terms)]
    except re.error as error:
        raise StepError(f"varnames cannot read the regular expression: {error}") from None
    return [name for search in searches for name in names if search.search(name)]
