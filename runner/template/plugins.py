"""All filters and tests under all their names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from jinja2.filters import FILTERS as JINJA_FILTERS
from jinja2.tests import TESTS as JINJA_TESTS

from runner.template import filters_basic
from runner.template.calls import wrap


@dataclass(frozen=True, slots=True)
class Plugins:
    """What filters need of other rooms. None: the filters that need it fail with a clear message.

    `yaml_dump(value, **options)` gives text; `yaml_load(text)` a value; `yaml_load_all(text)` several.
    """

    yaml_dump: Callable[..., str] | None = None
    yaml_load: Callable[[str], Any] | None = None
    yaml_load_all: Callable[[str], Iterable[Any]] | None = None


def make_filters(plugins: Plugins, extra: Mapping[str, Callable[..., Any]]) -> dict[str, Callable[..., Any]]:
    """Name → wrapped filter; Ansible's own under `ansible.builtin.` too."""
    _ = plugins
    builtin: Mapping[str, Callable[..., Any]] = JINJA_FILTERS
    return _named("filter", {**builtin, **filters_basic.FILTERS, **extra})


def make_tests(extra: Mapping[str, Callable[..., Any]]) -> dict[str, Callable[..., Any]]:
    """Name → wrapped test."""
    return _named("test", {**JINJA_TESTS, **extra})


def _named(kind: str, found: Mapping[str, Callable[..., Any]]) -> dict[str, Callable[..., Any]]:
    made = {name: wrap(kind, name, function) for name, function in found.items()}
    made.update({f"ansible.builtin.{name}": function for name, function in made.items() if "." not in name})
    return made
