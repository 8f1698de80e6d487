"""Containers whose elements are rendered when somebody looks at them, and what makes them plain again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Protocol, overload

from runner.errors import TemplateError
from runner.template.markers import Failed, Missing
from runner.template.own import OwnDict, OwnList


class Source(Protocol):
    """Renders one raw value; `path` is how a user would write its place (`web.ports[0]`)."""

    def value(self, raw: Any, path: str) -> Any: ...


class Lazy:
    """What both kinds share. Names begin with `_` so that templates cannot see them."""

    __slots__ = ("_cache", "_path", "_plain", "_raw", "_source")

    def __init__(self, raw: Any, source: Source, path: str) -> None:
        self._raw = raw
        self._source = source
        self._path = path
        self._cache: dict[Any, Any] = {}
        self._plain: Any = None

    def _element(self, key: Any, path: str) -> Any:
        if key in self._cache:
            return self._cache[key]
        value = self._source.value(self._raw[key], path)
        if not isinstance(value, Missing):
            self._cache[key] = value
        return value

    def _tolerant(self, key: Any) -> Any:
        try:
            return deepen(self[key])  # type: ignore[index]
        except TemplateError as error:
            return Failed(error)

    def _force(self) -> Any:
        raise NotImplementedError

    def __str__(self) -> str:
        return str(self._force())

    def __repr__(self) -> str:
        return repr(self._force())

    def __eq__(self, other: object) -> Any:
        return self._force() == deepen(other)

    def __ne__(self, other: object) -> Any:
        return self._force() != deepen(other)

    __hash__ = None  # type: ignore[assignment]


class LazyDict(Lazy, Mapping[Any, Any]):
    """A mapping with templates among its values."""

    __slots__ = ()
    pb_type_name: ClassVar[str] = "dict"

    def __getitem__(self, key: Any) -> Any:
        return self._element(key, f"{self._path}.{key}")

    def __contains__(self, key: object) -> bool:
        return key in self._raw

    def __iter__(self) -> Iterator[Any]:
        return iter(self._raw)

    def __len__(self) -> int:
        return len(self._raw)

    def _force(self) -> dict[Any, Any]:
        if self._plain is None:
            made = {key: self._tolerant(key) for key in self._raw}
            if any(isinstance(part, Missing) for part in made.values()):
                return made
            self._plain = made
        return self._plain  # type: ignore[no-any-return]

    def __or__(self, other: Any) -> Any:
        return self._force() | deepen(other)


class LazyList(Lazy, Sequence[Any]):
    """A list with templates among its elements."""

    __slots__ = ()
    pb_type_name: ClassVar[str] = "list"

    @overload
    def __getitem__(self, key: int) -> Any: ...
    @overload
    def __getitem__(self, key: slice) -> Any: ...
    def __getitem__(self, key: int | slice) -> Any:
        if isinstance(key, slice):
            return self._force()[key]
        if not isinstance(key, int):
            raise TypeError("list indices must be integers")
        place = key if key >= 0 else key + len(self._raw)
        return self._element(place, f"{self._path}[{place}]")

    def __len__(self) -> int:
        return len(self._raw)

    def _force(self) -> list[Any]:
        if self._plain is None:
            made = [self._tolerant(place) for place in range(len(self._raw))]
            if any(isinstance(part, Missing) for part in made):
                return made
            self._plain = made
        return self._plain  # type: ignore[no-any-return]

    def __add__(self, other: Any) -> Any:
        return self._force() + deepen(other)

    def __radd__(self, other: Any) -> Any:
        return other + self._force()

    def __mul__(self, times: Any) -> Any:
        return self._force() * times

    __rmul__ = __mul__

    def __lt__(self, other: Any) -> Any:
        return self._force() < deepen(other)

    def __gt__(self, other: Any) -> Any:
        return self._force() > deepen(other)

    def __le__(self, other: Any) -> Any:
        return self._force() <= deepen(other)

    def __ge__(self, other: Any) -> Any:
        return self._force() >= deepen(other)


def deepen(value: Any) -> Any:
    """`value` with every lazy container in it made plain; elements that failed are markers that fail when touched.

    The same object comes back if there was nothing to do.
    """
    kind = type(value)
    if kind is LazyDict or kind is LazyList:
        return value._force()
    if kind is dict or kind is OwnDict:
        made = {key: deepen(part) for key, part in value.items()}
        return made if any(made[key] is not value[key] for key in made) else value
    if kind is list or kind is tuple or kind is OwnList:
        parts = [deepen(part) for part in value]
        if all(new is old for new, old in zip(parts, value, strict=True)):
            return value
        return tuple(parts) if kind is tuple else parts
    return value
