"""Variables for tests of this room, written as a user would write them."""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping, Sequence
from typing import Any

from runner.errors import NoSuchLookup
from runner.model.span import NOWHERE, Span
from runner.model.values import TEMPLATE_MARKS, Template
from runner.registry import short
from runner.syntax import yaml_text
from runner.template.templar import Plugins, Templar


def written(value: Any, span: Span = NOWHERE) -> Any:
    """`value` as a loader gives it: text with braces is a `Template`."""
    if isinstance(value, str) and any(mark in value for mark in TEMPLATE_MARKS):
        return Template(value, span)
    if type(value) is dict:
        return {key: written(part, span) for key, part in value.items()}
    return [written(part, span) for part in value] if type(value) is list else value


class Known:
    """A `Names` over a dict. `asked` lists what was read, in order."""

    def __init__(self, values: dict[str, Any] | None = None, **more: Any) -> None:
        self.values = {**(values or {}), **more}
        self.rendered: MutableMapping[str, Any] = {}
        self.asked: list[str] = []

    def raw(self, name: str) -> Any:
        self.asked.append(name)
        return self.values[name]

    def known(self) -> Iterable[str]:
        return self.values


def items_lookup(name: str, terms: Sequence[Any], _options: Any) -> Any:
    """The only lookup of these tests: `items`."""
    if short(name) != "items":
        raise NoSuchLookup(name)
    return [part for term in terms for part in (term if isinstance(term, list) else [term])]


def templar() -> Templar:
    """One with every port filled."""
    plugins = Plugins(yaml_text.dump, yaml_text.load, yaml_text.load_all)
    return Templar(items_lookup, plugins=plugins)
