"""Arguments checked against the specification of a role's entry point, as `meta/argument_specs.yml` holds it.

Source: https://docs.ansible.com/ansible/latest/playbook_guide/playbooks_reuse_roles.html#specification-format
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from runner.arguments import ArgumentError, Option, coerce
from runner.model.values import OMIT, find_unknown

_KINDS: Final = frozenset({"str", "bool", "int", "float", "list", "dict", "path", "raw"})
_SIZE: Final = re.compile(r"^\s*\d*\.?\d+\s*([A-Za-z]*)\s*$")
_UNITS: Final = {
    "bytes": re.compile(r"^([YZEPTGMK]?B?|bytes?)$", re.IGNORECASE),
    "bits": re.compile(r"^([YZEPTGMK]?b?|bits?)$", re.IGNORECASE),
}

Spec = Mapping[str, Any]


def errors_of(spec: Spec, given: Spec) -> list[str]:
    """Everything that is wrong with `given`; `spec` maps each name to its attributes. What a dry run cannot know is
    right."""
    strangers: list[str] = []
    found = list(_errors(spec, {}, dict(given), (), strangers))
    if strangers:
        found.append(f"unknown arguments: {', '.join(strangers)} (it takes: {', '.join(sorted(spec)) or 'none'})")
    return found


def _errors(
    spec: Spec, rules: Spec, given: dict[str, Any], way: tuple[str, ...], strangers: list[str]
) -> Iterator[str]:
    """The mistakes of one level. `rules` are those about several arguments; `way` leads here from the top."""
    where = f" (in {' -> '.join(way)})" if way else ""
    _without_aliases(spec, given)
    strangers += [".".join((*way, str(name))) for name in given if name not in spec]
    yield from _exclusive(rules, given, where)
    missing = [name for name, option in spec.items() if _of(option, "required") and name not in given]
    if missing:
        yield f"missing required arguments: {', '.join(missing)}{where}"
    for name in [name for name in spec if name in given]:
        yield from _value_errors(name, spec[name], given, where)
    for name, option in spec.items():
        if name not in given and _of(option, "default") is not None:
            given[name] = option["default"]
    yield from _together(rules, given, where)
    for name, option in spec.items():
        yield from _inner_errors(name, option, given, way, strangers)


def _of(option: Any, name: str) -> Any:
    return option.get(name) if isinstance(option, Mapping) else None


def _without_aliases(spec: Spec, given: dict[str, Any]) -> None:
    for name, option in spec.items():
        for alias in _of(option, "aliases") or ():
            if alias in given:
                given[name] = given.pop(alias)


def _value_errors(name: str, option: Any, given: dict[str, Any], where: str) -> Iterator[str]:
    """One argument's type, its elements' and its choices; the value is replaced by what it was made."""
    value = given[name]
    if value is None or value is OMIT or find_unknown(value) is not None:
        return
    kind, elements = str(_of(option, "type") or "str"), _of(option, "elements")
    try:
        value = given[name] = _made(kind, value)
        if elements and isinstance(value, list):
            given[name] = value = [_made(str(elements), item) for item in value]
    except ArgumentError as error:
        yield f"argument {name!r}{where} is no {kind}: {error}"
        return
    choices = _of(option, "choices")
    wrong = [item for item in (value if isinstance(value, list) else [value]) if choices and item not in choices]
    if wrong:
        yield f"argument {name!r}{where} must be one of: {', '.join(map(str, choices))}; got: {wrong[0]}"


def _made(kind: str, value: Any) -> Any:
    """The value as a type of a specification. Raises ArgumentError."""
    if kind in _KINDS:
        return coerce(Option(kind), value)  # type: ignore[arg-type]
    if kind == "json":
        return value if isinstance(value, str) else json.dumps(value, default=str)
    if kind in _UNITS:
        found = _SIZE.match(str(value))
        if found is None or not _UNITS[kind].match(found[1]):
            raise ArgumentError(f"{value!r} is not a number of {kind}")
        return value
    raise ArgumentError(f"there is no type {kind!r}")


def _inner_errors(
    name: str, option: Any, given: dict[str, Any], way: tuple[str, ...], strangers: list[str]
) -> Iterator[str]:
    """The mistakes inside a table, or a list of tables, that has options of its own."""
    inner = _of(option, "options")
    if not isinstance(inner, Mapping):
        return
    if name not in given and _of(option, "apply_defaults"):
        given[name] = {}
    value = given.get(name)
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, Mapping):
            yield from _errors(inner, option, dict(item), (*way, name), strangers)


def _has(given: Spec, name: str) -> bool:
    return given.get(name) is not None


def _groups(rules: Spec, name: str) -> list[Any]:
    """The lists of a rule; one list alone is a list of one."""
    groups = rules.get(name) or []
    return groups if all(isinstance(group, list) for group in groups) else [groups]


def _exclusive(rules: Spec, given: Spec, where: str) -> Iterator[str]:
    for group in _groups(rules, "mutually_exclusive"):
        if sum(_has(given, name) for name in group) > 1:
            yield f"arguments exclude one another: {', '.join(group)}{where}"


def _together(rules: Spec, given: Spec, where: str) -> Iterator[str]:
    has: Callable[[str], bool] = lambda name: _has(given, name)  # noqa: E731
    for group in _groups(rules, "required_together"):
        if any(map(has, group)) and not all(map(has, group)):
            yield f"arguments are required together: {', '.join(group)}{where}"
    for group in _groups(rules, "required_one_of"):
        if not any(map(has, group)):
            yield f"one of these arguments is required: {', '.join(group)}{where}"
    for rule in rules.get("required_if") or ():
        name, wanted, needed, *any_of = rule
        enough = any(map(has, needed)) if any_of and any_of[0] else all(map(has, needed))
        if given.get(name) == wanted and not enough:
            yield f"{name} is {wanted} but these are missing: {', '.join(needed)}{where}"
    for name, needed in (rules.get("required_by") or {}).items():
        lacking = [other for other in ([needed] if isinstance(needed, str) else needed) if not has(other)]
        if has(name) and lacking:
            yield f"{name!r} needs arguments that are missing: {', '.join(lacking)}{where}"
