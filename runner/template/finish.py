"""What a template gave, made plain data for good: no lazy parts, no markers, no templates."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, KeysView, Mapping, Sequence, Set, ValuesView
from typing import Any, Final

from runner.errors import TemplateError
from runner.model.values import OMIT, Decrypted, Secret, Unknown, UnknownReached
from runner.template.lazy import Lazy
from runner.template.markers import Missing, type_name

SCALARS: Final = frozenset(
    {str, int, float, bool, type(None), bytes, Secret, Decrypted, Unknown, type(OMIT)}
    | {datetime.datetime, datetime.date, datetime.time, datetime.timedelta}
)


def finish(value: Any) -> Any:
    """Plain data, or an exception: `MarkerReached`, the error of a part that failed, TemplateError kind "type".

    Tuples, sets, ranges and iterators become lists. A container that is plain already comes back itself.
    """
    kind = type(value)
    if kind in SCALARS:
        return value
    if isinstance(value, Missing):
        value.trip()
    if kind is dict:
        made = {_key(key): finish(part) for key, part in value.items()}
        same = all(made_key is key and made[key] is value[key] for made_key, key in zip(made, value, strict=False))
        return value if same and len(made) == len(value) else made
    if kind is list:
        parts = [finish(part) for part in value]
        return value if all(new is old for new, old in zip(parts, value, strict=True)) else parts
    return _finish_other(value)


def _finish_other(value: Any) -> Any:
    if isinstance(value, Lazy):
        return finish(value._force())
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int | float):
        return value
    if isinstance(value, Mapping):
        return {_key(key): finish(value[key]) for key in value}
    if isinstance(value, Sequence | Set | Iterator | KeysView | ValuesView):
        return [finish(part) for part in value]
    raise TemplateError(f"a template must give data, not an object of type {type_name(value)!r}", kind="type")


def _key(key: Any) -> Any:
    if isinstance(key, str) and type(key) is not str:
        return str.__str__(key)
    if isinstance(key, Missing):
        key.trip()
    return key


def needed(value: Any) -> None:
    """Raise the error of anything undefined or failed at any depth of plain containers; what is unknown may stay."""
    if isinstance(value, Missing):
        value.trip()
    if isinstance(value, dict | list | tuple):
        for part in value.values() if isinstance(value, dict) else value:
            needed(part)


def join_text(parts: Sequence[Any]) -> str:
    """Several results as one text, as Ansible joins them: None is "", containers as Python writes them.

    Secrets give their real text. Raises `UnknownReached` when one is or holds an `Unknown`.
    """
    return "".join([part if type(part) is str else _text(part) for part in parts])


def _text(part: Any) -> str:
    if isinstance(part, str):
        return str.__str__(part)
    if isinstance(part, Unknown):
        raise UnknownReached(part)
    if isinstance(part, Missing):
        part.trip()
    if isinstance(part, Lazy | dict | list | tuple | Mapping):
        return str(printable(part))
    return str(part)


def printable(value: Any) -> Any:
    """A copy that `repr` can write: no markers, nothing unknown, no masked text."""
    if isinstance(value, Unknown):
        raise UnknownReached(value)
    if isinstance(value, Missing):
        value.trip()
    if isinstance(value, Lazy):
        value = value._force()
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, Mapping):
        return {_key(key): printable(value[key]) for key in value if value[key] is not OMIT}
    if isinstance(value, list | tuple):
        return [printable(part) for part in value if part is not OMIT]
    return value


def drop_omitted(value: Any) -> Any:
    """`value` without the elements of dicts and lists that are `OMIT`, at any depth; itself if there are none."""
    if isinstance(value, dict):
        made = {key: drop_omitted(part) for key, part in value.items() if part is not OMIT}
        return value if len(made) == len(value) and all(made[key] is value[key] for key in made) else made
    if isinstance(value, list):
        parts = [drop_omitted(part) for part in value if part is not OMIT]
        same = len(parts) == len(value) and all(new is old for new, old in zip(parts, value, strict=True))
        return value if same else parts
    return value
