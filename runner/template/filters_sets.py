"""Filters on lists: flatten, set operations that keep the order, products, random choice."""

from __future__ import annotations

import itertools
import random as randomness
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from jinja2 import pass_environment
from jinja2.filters import do_unique

from runner.errors import TemplateError
from runner.model.values import Unknown, UnknownReached
from runner.template.environment import Environment
from runner.template.limits import MAX_LENGTH, too_much


def flatten(value: Iterable[Any], levels: int | None = None, skip_nulls: bool = True) -> list[Any]:
    """Lists in lists as one list, `levels` deep; nulls (and the words None and null) dropped, as in Ansible."""
    made: list[Any] = []
    for part in value:
        if isinstance(part, Unknown):
            raise UnknownReached(part)  # it may be a list
        if skip_nulls and (part is None or (isinstance(part, str) and part in ("None", "null"))):
            continue
        if isinstance(part, Sequence) and not isinstance(part, str | bytes) and (levels is None or levels >= 1):
            made += flatten(part, None if levels is None else int(levels) - 1, skip_nulls)
        else:
            made.append(part)
    return made


def _distinct(parts: Iterable[Any]) -> list[Any]:
    """Each once, the first of equal ones, whether or not they can be hashed."""
    parts = list(parts)
    try:
        return list(dict.fromkeys(parts))
    except TypeError:
        made: list[Any] = []
        for part in parts:
            if part not in made:
                made.append(part)
        return made


def _membership(parts: Iterable[Any]) -> Any:
    parts = list(parts)
    try:
        return set(parts)
    except TypeError:
        return parts


def _inside(part: Any, others: Any) -> bool:
    try:
        return part in others
    except TypeError:
        return False


@pass_environment
def unique(
    environment: Environment, value: Any, case_sensitive: bool | None = None, attribute: Any = None
) -> list[Any]:
    """Each element once; case counts only if asked for, as in Ansible."""
    parts = list(value)
    try:
        return list(do_unique(environment, parts, case_sensitive=bool(case_sensitive), attribute=attribute))
    except TypeError:
        if case_sensitive is False or attribute:
            raise
        return _distinct(parts)


def union(first: Iterable[Any], second: Iterable[Any]) -> list[Any]:
    """What is in either, in order."""
    return _distinct([*first, *second])


def intersect(first: Iterable[Any], second: Iterable[Any]) -> list[Any]:
    """What is in both, in the first one's order."""
    others = _membership(second)
    return _distinct(part for part in first if _inside(part, others))


def difference(first: Iterable[Any], second: Iterable[Any]) -> list[Any]:
    """What is in the first only."""
    others = _membership(second)
    return _distinct(part for part in first if not _inside(part, others))


def symmetric_difference(first: Iterable[Any], second: Iterable[Any]) -> list[Any]:
    """What is in just one of them."""
    first, second = list(first), list(second)
    return [*difference(first, second), *difference(second, first)]


def _bounded(parts: Iterator[Any]) -> list[Any]:
    made = list(itertools.islice(parts, MAX_LENGTH // 10 + 1))
    if len(made) > MAX_LENGTH // 10:
        raise too_much("the list")
    return made


def product(*lists: Iterable[Any], repeat: int = 1) -> list[Any]:
    """Every combination of one element of each."""
    return _bounded(itertools.product(*lists, repeat=repeat))


def permutations(value: Iterable[Any], length: int | None = None) -> list[Any]:
    """Every order of its elements."""
    return _bounded(itertools.permutations(value, length))


def combinations(value: Iterable[Any], length: int) -> list[Any]:
    """Every choice of `length` elements."""
    return _bounded(itertools.combinations(value, length))


def choose(value: Any, start: int | None = None, step: int | None = None, seed: Any = None) -> Any:
    """A random element, or a random number below `value`; the same one for the same `seed`."""
    source = randomness.SystemRandom() if seed is None else randomness.Random(seed)
    if isinstance(value, int):
        return source.randrange(start or 0, value, step or 1)
    if not hasattr(value, "__iter__"):
        raise TemplateError("random can only be used on sequences and integers", kind="type")
    if start or step:
        raise TemplateError("random: start and step can only be used with integer values", kind="type")
    return source.choice(value if isinstance(value, Sequence) else list(value))


def shuffle(value: Any, seed: Any = None) -> Any:
    """The list in another order; what is no list stays as it is, as in Ansible."""
    if not isinstance(value, Iterable):
        return value
    made = list(value)
    source = randomness.Random(seed) if seed else randomness.SystemRandom()
    source.shuffle(made)
    return made


FILTERS: Final[Mapping[str, Callable[..., Any]]] = MappingProxyType(
    {
        "flatten": flatten,
        "unique": unique,
        "union": union,
        "intersect": intersect,
        "difference": difference,
        "symmetric_difference": symmetric_difference,
        "zip": zip,
        "zip_longest": itertools.zip_longest,
        "product": product,
        "permutations": permutations,
        "combinations": combinations,
        "random": choose,
        "shuffle": shuffle,
    }
)
