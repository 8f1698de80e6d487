"""`dataclass` for this project's values: the standard library's, made in a third of the time.

Every start makes about 130 classes of values, and `dataclasses` compiles up to nine functions for each, one by one:
that was a quarter of the time until the first host is asked. Here only `__init__` is compiled; it also stores values by
the slots' own descriptors, which is quicker than `object.__setattr__`. All else is shared: comparison, hash, text,
immutability and pickling have the meaning they have there (https://docs.python.org/3/library/dataclasses.html), and
`fields`, `replace` and `asdict` work; the `replace` here is quicker. A type checker sees the standard library's.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

_MISSING: Final = dataclasses.MISSING


def _made(cls: type[Any], *, frozen: bool) -> type[Any]:
    made: type[Any] = dataclasses.dataclass(init=False, repr=False, eq=False, slots=True)(cls)
    found = dataclasses.fields(made)
    _add(made, "__init__", _init(made, found))
    _add(made, "__repr__", _repr([field.name for field in found if field.repr]))
    compared = [field.name for field in found if field.compare]
    get = _getter(compared)
    _add(made, "__eq__", _eq(get))
    if frozen:
        _add(made, "__hash__", lambda self: hash(get(self)))
        _add(made, "__setattr__", _refuse)
        _add(made, "__delattr__", _refuse)
        names = tuple(field.name for field in found)
        _add(made, "__getstate__", lambda self: [getattr(self, name) for name in names])
        _add(made, "__setstate__", _setstate([getattr(made, name).__set__ for name in names]))
    elif "__hash__" not in cls.__dict__:
        setattr(made, "__hash__", None)  # noqa: B010 - a class without a hash has this one
    if not hasattr(made, "__post_init__") and all(field.init for field in found):
        slots = [getattr(made, field.name) for field in found]
        made.__copied__ = [(field.name, slot.__get__, slot.__set__) for field, slot in zip(found, slots, strict=True)]
    return made


def _replace(value: Any, /, **changes: Any) -> Any:
    """As the standard library's, in half the time for classes that only store what they are given."""
    cls = value.__class__
    copied = getattr(cls, "__copied__", None)
    if copied is None:
        return dataclasses.replace(value, **changes)
    made = object.__new__(cls)
    for name, get, put in copied:
        put(made, changes.pop(name) if name in changes else get(value))
    if changes:
        raise TypeError(f"{cls.__name__} has no field {next(iter(changes))!r}")
    return made


def _add(made: type[Any], name: str, function: Callable[..., Any]) -> None:
    """What the class defines itself stays, as in the standard library."""
    # A class with an `__eq__` of its own has a `__hash__` that is None.
    if made.__dict__.get(name) is None:
        setattr(made, name, function)


def _init(made: type[Any], found: tuple[dataclasses.Field[Any], ...]) -> Callable[..., None]:
    names: dict[str, Any] = {"_missing": _MISSING}
    words, lines = [], []
    for field in found:
        name, default = field.name, field.default
        names[f"_set_{name}"] = getattr(made, name).__set__
        word, value = name, name
        if field.default_factory is not _MISSING:
            names[f"_make_{name}"] = field.default_factory
            word = f"{name}=_missing"
            value = f"_make_{name}() if {name} is _missing else {name}" if field.init else f"_make_{name}()"
        elif default is not _MISSING:
            names[f"_default_{name}"] = default
            word = f"{name}=_default_{name}"
            value = name if field.init else f"_default_{name}"
        elif not field.init:
            continue
        if field.init:
            words.append(word)
        lines.append(f"    _set_{name}(self, {value})")
    if hasattr(made, "__post_init__"):
        lines.append("    self.__post_init__()")
    text = f"def __init__(self{''.join(', ' + word for word in words)}):\n" + "\n".join(lines or ["    pass"])
    space: dict[str, Any] = {}
    exec(text, names, space)  # noqa: S102 - made of the names of fields alone, as in the standard library
    function: Callable[..., None] = space["__init__"]
    return function


def _getter(names: list[str]) -> Callable[[Any], Any]:
    return attrgetter(*names) if names else lambda _: ()


def _eq(get: Callable[[Any], Any]) -> Callable[[Any, object], Any]:
    def equal(self: Any, other: object) -> Any:
        return get(self) == get(other) if other.__class__ is self.__class__ else NotImplemented

    return equal


def _repr(names: list[str]) -> Callable[[Any], str]:
    def text(self: Any) -> str:
        return f"{self.__class__.__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in names)})"

    return text


def _refuse(_self: Any, name: str, *_value: Any) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}, nor delete it")


def _setstate(slots: list[Callable[[Any, Any], None]]) -> Callable[[Any, list[Any]], None]:
    def put(self: Any, state: list[Any]) -> None:
        for slot, value in zip(slots, state, strict=True):
            slot(self, value)

    return put


if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass  # noqa: PLC0414 - for others to import
    from dataclasses import replace as replace  # noqa: PLC0414
else:
    replace = _replace

    def dataclass(*, slots: bool, frozen: bool = False, **more: Any) -> Callable[[type[Any]], type[Any]]:
        """A decorator. `slots` must be true; what is not `frozen` here is left to the standard library if it asks for
        more than that."""
        if more or not slots:
            return dataclasses.dataclass(slots=slots, frozen=frozen, **more)
        return lambda cls: _made(cls, frozen=frozen)
