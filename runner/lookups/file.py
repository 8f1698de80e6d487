"""Lookup `file`: the content of files on the controller."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runner.arguments import Option
from runner.lookups._options import decoded, read_options, texts
from runner.model.names import Names
from runner.model.ports import LookupContext

OPTIONS = {"lstrip": Option("bool", default=False), "rstrip": Option("bool", default=True)}


def run(terms: list[Any], _variables: Names, options: Mapping[str, Any], context: LookupContext) -> list[Any]:
    """Each file's text, without the blank end unless `rstrip=False`. Raises StepError otherwise."""
    wanted = read_options(OPTIONS, options)
    found: list[Any] = []
    for term in texts(terms):
        text = decoded(context.read(context.find("files", term)), term)
        text = text.lstrip() if wanted["lstrip"] else text
        found.append(text.rstrip() if wanted["rstrip"] else text)
    return found
