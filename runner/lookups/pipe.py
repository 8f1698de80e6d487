"""Lookup `pipe`: what a command prints on the controller, run by its shell in the playbook's folder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runner.lookups._shell import shell_output
from runner.model.names import Names
from runner.model.ports import LookupContext


def run(terms: list[Any], _variables: Names, _options: Mapping[str, Any], context: LookupContext) -> list[Any]:
    """Each command's output without the blank end. Raises StepError when one fails."""
    return [shell_output(str(term), context.playbook_dir).decode("utf-8", "replace").rstrip() for term in terms]
