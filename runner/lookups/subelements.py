"""Lookup `subelements`: each mapping of a list beside each item of a list inside it (`with_subelements`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from runner.arguments import ArgumentError, to_bool
from runner.errors import StepError
from runner.model.names import Names
from runner.model.ports import LookupContext


def run(terms: list[Any], _variables: Names, _options: Mapping[str, Any], _context: LookupContext) -> list[Any]:
    """`[mapping without the list, item]` for each item. Terms are the list (or mapping) of mappings, the key of the
    inner list (`a.b` goes deeper) and, if wanted, `{skip_missing: true}`. Raises StepError for anything else."""
    if not 2 <= len(terms) <= 3 or not isinstance(terms[0], list | tuple | Mapping) or not isinstance(terms[1], str):
        raise StepError("subelements needs a list or a mapping, the key of the inner list and perhaps flags")
    skip_missing = _skip_missing(terms[2] if len(terms) == 3 else {})
    elements = terms[0]
    if isinstance(elements, Mapping):
        # The registered result of a task that was skipped has no elements.
        elements = [] if elements.get("skipped", False) is not False else list(elements.values())
    return [pair for element in elements for pair in _pairs(element, terms[1].split("."), skip_missing)]


def _skip_missing(flags: Any) -> bool:
    if not isinstance(flags, Mapping) or set(flags) - {"skip_missing"}:
        raise StepError(f"the flags of subelements are a mapping with skip_missing, got {flags!r}")
    try:
        return to_bool(flags.get("skip_missing", False))
    except ArgumentError as error:
        raise StepError(f"skip_missing: {error}") from None


def _pairs(element: Any, keys: list[str], skip_missing: bool) -> Iterator[list[Any]]:
    if not isinstance(element, Mapping):
        raise StepError(f"subelements needs mappings, got {element!r}")
    if element.get("skipped", False) is not False:
        return
    value: Any = element
    for key in keys:
        if not isinstance(value, Mapping) or key not in value:
            if skip_missing:
                return
            raise StepError(f"could not find {key!r} key in iterated item {value!r}")
        value = value[key]
    if not isinstance(value, list | tuple):
        raise StepError(f"the key {keys[-1]} should point to a list, got {value!r}")
    rest = _without(element, keys)
    for item in value:
        yield [rest, item]


def _without(element: Mapping[str, Any], keys: list[str]) -> dict[str, Any]:
    """A copy of the mapping that lacks the inner list; what was handed in stays as it is."""
    copy = dict(element)
    if len(keys) == 1:
        del copy[keys[0]]
    else:
        copy[keys[0]] = _without(copy[keys[0]], keys[1:])
    return copy
