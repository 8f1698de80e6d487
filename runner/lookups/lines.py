"""Lookup `lines`: the lines a command prints on the controller (`with_lines`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runner.lookups._shell import shell_output
from runner.model.names import Names
from runner.model.ports import LookupContext


def run(terms: list[Any], _variables: Names, _options: Mapping[str, Any], context: LookupContext) -> list[Any]:
    """All lines of all commands. Raises StepError when one fails."""
    return [
        line.decode("utf-8", "replace")
        for term in terms
        for line in shell_output(str(term), context.playbook_dir).splitlines()
    ]
