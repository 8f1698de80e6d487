"""Filters of community.general on lists and dicts: counter, dict, lists_mergeby, keep_keys …

https://docs.ansible.com/ansible/latest/collections/community/general/index.html
"""

from __future__ import annotations

import functools
import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from runner.errors import TemplateError
from runner.template.filters_data import combine
from runner.template.filters_sets import difference, intersect, symmetric_difference, union
from runner.template.markers import type_name
from runner.template.versions import loose


def _wrong(message: str) -> TemplateError:
    return TemplateError(message, kind="type")


def _sequence(name: str, value: Any) -> Sequence[Any]:
    if not isinstance(value, Sequence):
        raise _wrong(f"{name}: a list is needed, not {type_name(value)!r}")
    return value


def accumulate(value: Any) -> list[Any]:
    """Running totals."""
    return list(itertools.accumulate(_sequence("accumulate", value)))


def counter(value: Any) -> dict[Any, int]:
    """How often each element is there."""
    return dict(Counter(_sequence("counter", value)))


def to_dict(value: Iterable[Any]) -> dict[Any, Any]:
    """Pairs as a dict."""
    return dict(value)


def dict_kv(value: Any, key: Any) -> dict[Any, Any]:
    """`{key: value}`."""
    return {key: value}


def groupby_as_dict(value: Any, attribute: Any) -> dict[Any, Any]:
    """Dicts under what each has for `attribute`, which must be different in each."""
    made: dict[Any, Any] = {}
    for place, part in enumerate(_sequence("groupby_as_dict", value)):
        if not isinstance(part, Mapping) or attribute not in part:
            raise _wrong(f"groupby_as_dict: element {place} is no dictionary with {attribute!r}")
        if part[attribute] in made:
            raise _wrong(f"groupby_as_dict: several elements have {attribute!r} {part[attribute]!r}")
        made[part[attribute]] = part
    return made


def _folded(operation: Callable[[Any, Any], list[Any]]) -> Callable[..., Any]:
    def called(*lists: Any, flatten: bool = False) -> Any:
        given = _opened(lists) if flatten else list(lists)
        if len(given) < 2:
            return given[0] if given else []
        return functools.reduce(operation, given[1:], given[0])

    return called


def _opened(lists: Iterable[Any]) -> list[Any]:
    """`[[a, b], [c]]` given as one list of lists, or beside one another; empty ones say nothing."""
    made: list[Any] = []
    for part in lists:
        if isinstance(part, str) or not isinstance(part, Sequence):
            raise _wrong(f"all arguments must be lists, {part!r} is none")
        nested = all(isinstance(inner, Sequence) and not isinstance(inner, str) for inner in part)
        made.extend((part if nested else [part]) if part else [])
    return made


def lists_mergeby(*terms: Any, recursive: bool = False, list_merge: str = "replace") -> Any:
    """Lists of dicts as one, the dicts that have the same for the last argument merged, as `combine` does."""
    if len(terms) < 2:
        raise _wrong("lists_mergeby: at least one list and the key are needed")
    lists, key = _opened(terms[:-1]), terms[-1]
    if len(lists) < 2:
        return lists[0] if lists else []
    if not isinstance(key, str):
        raise _wrong(f"lists_mergeby: the key must be text, not {type_name(key)!r}")
    made = lists[-1]
    for lower in reversed(lists[:-1]):
        made = _merged((lower, made), key, recursive, list_merge)
    return made


def _merged(lists: Iterable[Any], key: str, recursive: bool, list_merge: str) -> list[Any]:
    found: dict[Any, Any] = {}
    for part in itertools.chain.from_iterable(lists):
        if not isinstance(part, Mapping):
            raise _wrong(f"lists_mergeby: elements must be dictionaries, not {type_name(part)!r}")
        if key in part:
            name = part[key]
            found[name] = combine(found.get(name, {}), part, recursive=recursive, list_merge=list_merge)
    return sorted(found.values(), key=lambda part: part[key])


_MATCHES: Final[Mapping[str, Callable[[str, str], bool]]] = MappingProxyType(
    {
        "equal": lambda key, wanted: key == wanted,
        "starts_with": lambda key, wanted: key.startswith(wanted),
        "ends_with": lambda key, wanted: key.endswith(wanted),
        "regex": lambda key, wanted: re.match(wanted, key) is not None,
    }
)


def _match(name: str, data: Any, kind: str) -> Callable[[str, str], bool]:
    if kind not in _MATCHES:
        raise _wrong(f"{name}: matching_parameter must be one of {', '.join(_MATCHES)}, not {kind!r}")
    for part in _sequence(name, data):
        if not isinstance(part, Mapping) or not all(isinstance(key, str) for key in part):
            raise _wrong(f"{name}: a list of dictionaries with text as keys is needed")
    return _MATCHES[kind]


def _targets(name: str, target: Any, kind: str) -> list[str]:
    wanted = [target] if isinstance(target, str) else list(target or [])
    if not wanted or not target or not all(isinstance(part, str) for part in wanted):
        raise _wrong(f"{name}: target must be text or a list of texts")
    if kind == "regex" and len(wanted) > 1:
        raise _wrong(f"{name}: a regular expression must be the only target")
    return wanted


def keep_keys(data: Any, target: Any = None, matching_parameter: str = "equal") -> list[dict[str, Any]]:
    """Each dict of a list with those keys only that fit."""
    fits = _match("keep_keys", data, matching_parameter)
    wanted = _targets("keep_keys", target, matching_parameter)
    return [{key: value for key, value in part.items() if any(fits(key, one) for one in wanted)} for part in data]


def remove_keys(data: Any, target: Any = None, matching_parameter: str = "equal") -> list[dict[str, Any]]:
    """Each dict of a list without the keys that fit."""
    fits = _match("remove_keys", data, matching_parameter)
    wanted = _targets("remove_keys", target, matching_parameter)
    return [{key: value for key, value in part.items() if not any(fits(key, one) for one in wanted)} for part in data]


def replace_keys(data: Any, target: Any = None, matching_parameter: str = "equal") -> list[dict[str, Any]]:
    """Each dict of a list with keys renamed: `target` has the names as `before` and `after`."""
    fits = _match("replace_keys", data, matching_parameter)
    if not isinstance(target, list) or not target:
        raise _wrong("replace_keys: target must be a list of dictionaries with before and after")
    pairs: list[tuple[str, str]] = []
    for part in target:
        if not isinstance(part, Mapping) or not {"before", "after"} <= set(part):
            raise _wrong("replace_keys: target must be a list of dictionaries with before and after")
        pairs.append((part["before"], part["after"]))
    return [
        {next((new for old, new in pairs if fits(key, old)), key): value for key, value in part.items()}
        for part in data
    ]


def version_sort(value: Iterable[Any], reverse: bool = False) -> list[Any]:
    """Sorted as version numbers: 2.9 before 2.10."""
    return sorted(value, key=lambda part: loose(str(part)), reverse=reverse)


FILTERS: Final[Mapping[str, Callable[..., Any]]] = MappingProxyType(
    {
        "accumulate": accumulate,
        "counter": counter,
        "dict": to_dict,
        "dict_kv": dict_kv,
        "groupby_as_dict": groupby_as_dict,
        "keep_keys": keep_keys,
        "lists_difference": _folded(difference),
        "lists_intersect": _folded(intersect),
        "lists_mergeby": lists_mergeby,
        "lists_symmetric_difference": _folded(symmetric_difference),
        "lists_union": _folded(union),
        "remove_keys": remove_keys,
        "replace_keys": replace_keys,
        "version_sort": version_sort,
    }
)
