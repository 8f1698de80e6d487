"""`dataclass` for this project's values: the standard library's, made in a tenth of the time.

Every start makes about 170 classes of values, and `dataclasses` compiles up to nine functions for each, one by one:
that was a quarter of the time until the first host is asked. Here only `__init__` is compiled, and only when the first
value of the class is made, which for most classes of a run never happens; it also stores values by the slots' own
descriptors, which is quicker than `object.__setattr__`. All else is shared: comparison, hash, text, immutability and
pickling have the meaning they have there (https://docs.python.org/3/library/dataclasses.html), and `fields`, `replace`
and `asdict` work, since the standard library is asked about a class when somebody wants to know; the `replace` here is
quicker. A type checker sees the standard library's.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from operator import attrgetter, eq, ge, gt, le, lt
from typing import TYPE_CHECKING, Any, Final

_MISSING: Final = dataclasses.MISSING
# What a class has because it has no slots yet.
_NOT_COPIED: Final = ("__dict__", "__weakref__")


def _made(cls: type[Any], *, frozen: bool, order: bool) -> type[Any]:
    space = cls.__dict__
    given = space.get("__annotations__", {})
    names = [name for name, kind in given.items() if not str(kind).removeprefix("typing.").startswith("ClassVar")]
    found = {name: _field(space.get(name, _MISSING)) for name in names}
    own = {name: value for name, value in space.items() if name not in found and name not in _NOT_COPIED}
    get = _getter([name for name, field in found.items() if field.compare])
    _add(own, "__repr__", _repr([name for name, field in found.items() if field.repr]))
    if frozen:
        _add(own, "__hash__", lambda self: hash(get(self)))
        _add(own, "__setattr__", _refuse)
        _add(own, "__delattr__", _refuse)
        _add(own, "__getstate__", lambda self: [getattr(self, name) for name in names])
        _add(own, "__setstate__", _setstate)
    else:
        own.setdefault("__hash__", None)
    _add(own, "__eq__", _same(eq, get))
    for compare in (lt, le, gt, ge) if order else ():
        _add(own, f"__{compare.__name__}__", _same(compare, get))
    own["__slots__"] = tuple(names)
    own["__match_args__"] = tuple(name for name, field in found.items() if field.init)
    own["__dataclass_fields__"] = _Told(cls)
    own["__quick_fields__"] = found
    if "__init__" not in own:
        own["__init__"] = _init_when_wanted
    made: type[Any] = type.__call__(type(cls), cls.__name__, cls.__bases__, own)
    made.__qualname__ = cls.__qualname__
    return made


def _field(value: Any) -> dataclasses.Field[Any]:
    """What the body of a class says of a field."""
    if isinstance(value, dataclasses.Field):
        return value
    field: dataclasses.Field[Any] = dataclasses.field(default=value)
    return field


class _Told:
    """`__dataclass_fields__`, as the standard library tells them of the class as it was written."""

    def __init__(self, written: type[Any]) -> None:
        self.written = written
        self.told: dict[str, dataclasses.Field[Any]] | None = None

    def __get__(self, _value: Any, _owner: type[Any]) -> dict[str, dataclasses.Field[Any]]:
        told = self.told
        if told is None:
            # Of a copy, because it takes away what was written; several threads may ask at the same moment.
            cls = self.written
            space = {name: value for name, value in cls.__dict__.items() if name not in _NOT_COPIED}
            twin = type.__call__(type(cls), cls.__name__, cls.__bases__, space)
            dataclasses.dataclass(init=False, repr=False, eq=False)(twin)
            told = self.told = twin.__dict__["__dataclass_fields__"]
        return told


def _init_when_wanted(self: Any, /, *words: Any, **named: Any) -> None:
    """The `__init__` of a class that has no values yet: compiles the one that stays."""
    # None: another thread has just made its first value of the class, too.
    made = next((cls for cls in type(self).__mro__ if cls.__dict__.get("__init__") is _init_when_wanted), None)
    if made is not None:
        setattr(made, "__init__", _init(made))  # noqa: B010 - a type checker takes it for that of one value
    self.__init__(*words, **named)


def _replace(value: Any, /, **changes: Any) -> Any:
    """As the standard library's, in half the time for classes that only store what they are given."""
    cls = value.__class__
    copied = getattr(cls, "__copied__", None)
    if copied is None:
        copied = _copied(cls)
    if not copied:
        return dataclasses.replace(value, **changes)
    made = object.__new__(cls)
    for name, get, put in copied:
        put(made, changes.pop(name) if name in changes else get(value))
    if changes:
        raise TypeError(f"{cls.__name__} has no field {next(iter(changes))!r}")
    return made


def _copied(cls: type[Any]) -> list[tuple[str, Any, Any]]:
    """How to read and to store each field; nothing for a class that is not one of ours or does more than store."""
    found = cls.__dict__.get("__quick_fields__")
    if found is None:
        return []
    stores = not hasattr(cls, "__post_init__") and all(field.init for field in found.values())
    slots = [(name, getattr(cls, name)) for name in found] if stores else []
    copied = [(name, slot.__get__, slot.__set__) for name, slot in slots]
    setattr(cls, "__copied__", copied)  # noqa: B010 - it belongs to the class, not to its type
    return copied


def _add(own: dict[str, Any], name: str, function: Callable[..., Any]) -> None:
    """What the class defines itself stays, as in the standard library."""
    # A class with an `__eq__` of its own has a `__hash__` that is None.
    if own.get(name) is None:
        own[name] = function


def _init(made: type[Any]) -> Callable[..., None]:
    names: dict[str, Any] = {"_missing": _MISSING}
    words, lines = [], []
    for name, field in made.__dict__["__quick_fields__"].items():
        default = field.default
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


def _same(compare: Callable[[Any, Any], Any], get: Callable[[Any], Any]) -> Callable[[Any, object], Any]:
    """A comparison with values of the same class alone."""

    def compared(self: Any, other: object) -> Any:
        return compare(get(self), get(other)) if other.__class__ is self.__class__ else NotImplemented

    return compared


def _repr(names: list[str]) -> Callable[[Any], str]:
    def text(self: Any) -> str:
        return f"{self.__class__.__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in names)})"

    return text


def _refuse(_self: Any, name: str, *_value: Any) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}, nor delete it")


def _setstate(self: Any, state: list[Any]) -> None:
    for name, value in zip(type(self).__quick_fields__, state, strict=True):
        getattr(type(self), name).__set__(self, value)


if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass  # noqa: PLC0414 - for others to import
    from dataclasses import replace as replace  # noqa: PLC0414
else:
    replace = _replace

    def dataclass(*, slots: bool, frozen: bool = False, order: bool = False, **more: Any) -> Any:
        """A decorator. `slots` must be true; whoever asks for more than is named here gets the standard library's."""
        if more or not slots:
            return dataclasses.dataclass(slots=slots, frozen=frozen, order=order, **more)
        return lambda cls: _made(cls, frozen=frozen, order=order)
