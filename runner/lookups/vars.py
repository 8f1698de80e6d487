"""Lookup `vars`: variables by their names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runner.errors import TemplateError
from runner.lookups._options import texts
from runner.model.names import Names
from runner.model.ports import LookupContext


def run(terms: list[Any], variables: Names, options: Mapping[str, Any], context: LookupContext) -> list[Any]:
    """Each variable's rendered value, or `default`. Raises TemplateError for one not defined."""
    found: list[Any] = []
    for name in texts(terms):
        try:
            raw = variables.raw(name)
        except KeyError:
            if "default" not in options:
                raise TemplateError(f"No variable named {name!r} was found.", kind="undefined", name=name) from None
            found.append(options["default"])
            continue
        found.append(context.render(raw))
    return found
