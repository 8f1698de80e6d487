"""Values on their way into a plug-in: plain Python, nothing of ours inside."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from runner.model.values import Unknown, UnknownReached
from runner.template.lazy import Lazy, deepen
from runner.template.markers import Missing


def plain(value: Any) -> Any:
    """`value` with plain text, lists and dicts only; other mappings (`hostvars`) become views that do the same.

    Raises MarkerReached for what is undefined, UnknownReached for what a dry run cannot know. Objects that are no data
    (a template's context) stay as they are.
    """
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, Missing):
        value.trip()
    if isinstance(value, Unknown):
        raise UnknownReached(value)
    if isinstance(value, Lazy):
        return plain(deepen(value))
    if isinstance(value, dict):
        return {plain(key): plain(part) for key, part in value.items()}
    if isinstance(value, list):
        return [plain(part) for part in value]
    if type(value) is tuple:
        return tuple([plain(part) for part in value])
    if isinstance(value, Mapping) and not hasattr(value, "resolve_or_missing"):
        return View(value.__getitem__, lambda: value, value.__contains__)
    return value


class View(Mapping[Any, Any]):
    """A mapping whose values are made plain when read: `hostvars`, or a lookup's `variables`."""

    __slots__ = ("_get", "_has", "_names")

    def __init__(
        self, get: Callable[[Any], Any], names: Callable[[], Any], has: Callable[[object], bool] | None = None
    ) -> None:
        self._get = get
        self._names = names
        self._has = has

    def __getitem__(self, name: Any) -> Any:
        return plain(self._get(name))

    def __iter__(self) -> Iterator[Any]:
        return iter(dict.fromkeys(self._names()))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, name: object) -> bool:
        if self._has is not None:
            return self._has(name)
        return name in dict.fromkeys(self._names())

    def copy(self) -> dict[Any, Any]:
        """All of it, read now."""
        return dict(self)
