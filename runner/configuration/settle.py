"""From what was written to `Settings`: types, paths, choices, and what the ones without effect are worth saying."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from runner import registry
from runner.arguments import ArgumentError, to_bool
from runner.configuration.given import Given
from runner.model.settings import Settings, used_rows
from runner.model.span import NOWHERE, Problem
from runner.registry import nearest

_PLUG_INS = {"transport": "transports", "become_method": "become"}
_QUOTES = ("'", '"')


def settle(given: Iterable[Given]) -> tuple[Settings, list[Problem]]:
    """The settings (the later of two wins), with mistakes and warnings. An empty text sets nothing."""
    values: dict[str, Any] = {}
    others: dict[str, tuple[str, Given]] = {}
    origins: dict[str, str] = {}
    problems: list[Problem] = []
    for one in given:
        if isinstance(one.value, str) and not one.value.strip():
            continue
        try:
            value = _converted(one)
        except ArgumentError as error:
            problems.append(Problem(one.span, f"{_name(one)}: {error}", _hint(one)))
            continue
        origins[one.row.name] = one.origin
        if one.row.use == "used":
            values[one.row.name] = value
            doubt = _unknown_plug_in(one, value)
            problems += [doubt] if doubt else []
        else:
            others[one.row.name] = (str(value), one)
    problems += [problem for value, one in others.values() if (problem := _without_effect(value, one))]
    texts = {name: value for name, (value, _) in others.items()}
    return Settings(**{**_defaults(), **values}, origins=origins, others=texts), problems


def _defaults() -> dict[str, Any]:
    """The defaults that are written with `~`."""
    return {
        row.name: tuple(posixpath.expanduser(one) for one in row.default)
        for row in used_rows()
        if row.kind == "pathspec" and row.default
    }


def _converted(one: Given) -> Any:
    value, kind = one.value, one.row.kind
    if kind == "bool":
        made: Any = to_bool(_text(value))
    elif kind in ("int", "float"):
        made = _number(value, kind)
    elif kind == "path":
        made = resolved(_text(value), one.base)
    elif kind in ("pathspec", "pathlist"):
        made = _paths(value, ":" if kind == "pathspec" else ",", one.base)
    elif kind == "list":
        made = tuple(_unquoted(word) for word in _words(value, ","))
    else:
        made = _text(value)
    if one.row.choices and made not in one.row.choices:
        raise ArgumentError(f"{made!r} is not one of {', '.join(one.row.choices)}")
    return made


def _number(value: Any, kind: str) -> int | float:
    try:
        number = float(_text(value))
        if number == int(number):
            return int(number)
        if kind == "float":
            return number
    except (ValueError, OverflowError):
        pass
    raise ArgumentError(f"{value!r} is not a {'whole ' if kind == 'int' else ''}number")


def _text(value: Any) -> str:
    if isinstance(value, str):
        return _unquoted(value)
    if isinstance(value, bool | int | float):
        return str(value)
    raise ArgumentError(f"{value!r} is neither text nor a number")


def _words(value: Any, separator: str) -> list[str]:
    if isinstance(value, str):
        return [word for part in value.split(separator) if (word := part.strip())]
    if isinstance(value, list) and all(isinstance(word, str) for word in value):
        return value
    raise ArgumentError(f"{value!r} is not a list of texts")


def _paths(value: Any, separator: str, base: str) -> tuple[str, ...]:
    # `localhost,` is a list of hosts, as it is behind -i.
    if separator == "," and isinstance(value, str) and value.rstrip().endswith(","):
        return (value.strip(),)
    return tuple(word if word.endswith(",") else resolved(word, base) for word in _words(value, separator))


def resolved(text: str, base: str) -> str:
    """A path with `~`, variables and `{{CWD}}` replaced, absolute; relative ones are meant from `base`."""
    path = text.replace("{{CWD}}", str(Path.cwd())) if "{{CWD}}" in text else text
    path = posixpath.expandvars(posixpath.expanduser(path))
    return posixpath.normpath(posixpath.join(base, path))


def _unquoted(text: str) -> str:
    text = text.strip()
    return text[1:-1] if len(text) > 1 and text[0] in _QUOTES and text[-1] == text[0] else text


def _name(one: Given) -> str:
    """The setting's name, and where it was set if that is no file."""
    return one.row.name if one.span != NOWHERE else f"{one.row.name} ({one.origin})"


def _hint(one: Given) -> str:
    return nearest(str(one.value), one.row.choices) if one.row.choices else ""


def _unknown_plug_in(one: Given, value: Any) -> Problem | None:
    """A warning when a setting names a plug-in that nobody has."""
    room = _PLUG_INS.get(one.row.name)
    if room and not registry.known(room, value):
        return Problem(one.span, f"{_name(one)}: {registry.missing(room, value)}", "tasks that use it fail", "warning")
    if one.row.name == "stdout_callback" and "." not in value and not registry.elsewhere("callbacks", value):
        near = nearest(value, registry.elsewhere_names("callbacks"))
        return Problem(one.span, f"{_name(one)}: there is no callback named {value!r}", near, "warning")
    return None


def _without_effect(value: str, one: Given) -> Problem | None:
    row = one.row
    if row.use == "accepted" or value.lower() == str(row.default).lower():
        return None
    if row.use == "refused":
        return Problem(one.span, f"{_name(one)} cannot be {value!r}: {row.doc}", "leave this setting out")
    return Problem(one.span, f"{_name(one)} has no effect: {row.doc}", level="warning")
