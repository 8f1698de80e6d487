"""Lookup `random_choice`: one of the terms, by chance."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from runner.model.names import Names
from runner.model.ports import LookupContext


def run(terms: list[Any], _variables: Names, _options: Mapping[str, Any], _context: LookupContext) -> list[Any]:
    """One term, or nothing if there is none."""
    return [secrets.choice(terms)] if terms else []
