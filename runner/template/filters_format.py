"""Filters that write and read JSON and YAML."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Iterable, Mapping, Set
from typing import Any

from runner.errors import TemplateError
from runner.model.values import Decrypted, Unknown, UnknownReached
from runner.template.filters_text import as_text
from runner.template.finish import finish
from runner.template.markers import Missing, type_name


def _encode(value: Any) -> Any:
    if isinstance(value, Unknown):
        raise UnknownReached(value)
    if isinstance(value, Missing):
        value.trip()
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Set | range):
        return list(value)
    if isinstance(value, bytes):
        return as_text(value)
    raise TemplateError(f"to_json: an object of type {type_name(value)!r} cannot be written", kind="type")


def to_json(value: Any, **options: Any) -> str:
    """JSON; options are those of Python's `json.dumps`."""
    for name in ("vault_to_text", "preprocess_unsafe", "profile", "cls", "default"):
        options.pop(name, None)
    return json.dumps(value, default=_encode, **options)


def to_nice_json(value: Any, indent: int = 4, sort_keys: bool = True, **options: Any) -> str:
    """JSON for people."""
    options.pop("separators", None)
    return to_json(value, indent=indent, sort_keys=sort_keys, separators=(",", ": "), **options)


def from_json(value: Any, **options: Any) -> Any:
    """A value from JSON."""
    for name in ("profile", "cls"):
        options.pop(name, None)
    return json.loads(value, **options)


def _missing_port(name: str) -> TemplateError:
    return TemplateError(f"the filter {name!r} is not available here: no YAML reader or writer was given")


def yaml_filters(
    dump: Callable[..., str] | None,
    load: Callable[[str], Any] | None,
    load_all: Callable[[str], Iterable[Any]] | None,
) -> dict[str, Callable[..., Any]]:
    """to_yaml, to_nice_yaml, from_yaml and from_yaml_all with the reader and writer of another room."""

    def written(name: str, value: Any, flow: bool | None, options: Mapping[str, Any]) -> str:
        if dump is None:
            raise _missing_port(name)
        text = dump(_plain(finish(value), {}), default_flow_style=flow, allow_unicode=True, **options)
        # PyYAML's own writer ends a lone scalar with a document end; libyaml's, and so Ansible, does not.
        return text.removesuffix("...\n") if text.endswith("\n...\n") and not options.get("explicit_end") else text

    def to_yaml(value: Any, *_args: Any, default_flow_style: bool | None = None, **options: Any) -> str:
        return written("to_yaml", value, default_flow_style, options)

    def to_nice_yaml(value: Any, indent: int = 4, *_args: Any, default_flow_style: bool = False, **options: Any) -> str:
        return written("to_nice_yaml", value, default_flow_style, {"indent": indent, **options})

    def from_yaml(value: Any) -> Any:
        if load is None:
            raise _missing_port("from_yaml")
        return load(as_text(value)) if isinstance(value, str) else value

    def from_yaml_all(value: Any) -> Any:
        if load_all is None:
            raise _missing_port("from_yaml_all")
        if value is None:
            return []
        return list(load_all(as_text(value))) if isinstance(value, str) else value

    return {"to_yaml": to_yaml, "to_nice_yaml": to_nice_yaml, "from_yaml": from_yaml, "from_yaml_all": from_yaml_all}


def _plain(value: Any, made: dict[int, Any]) -> Any:
    """Only types that every YAML writer knows: nothing unknown; what was encrypted by itself stays recognisable. What
    stands in two places is one object in both again, so that the writer sees it."""
    if isinstance(value, dict | list):
        if id(value) not in made:
            made[id(value)] = _plain_container(value, made)
        return made[id(value)]
    if isinstance(value, Unknown):
        raise UnknownReached(value)
    if isinstance(value, Decrypted) and value.ciphertext:
        return value
    if isinstance(value, str):
        return as_text(value)
    return value


def _plain_container(value: dict[Any, Any] | list[Any], made: dict[int, Any]) -> Any:
    if isinstance(value, dict):
        return {_plain(key, made): _plain(part, made) for key, part in value.items()}
    return [_plain(part, made) for part in value]


FILTERS: dict[str, Callable[..., Any]] = {"to_json": to_json, "to_nice_json": to_nice_json, "from_json": from_json}
