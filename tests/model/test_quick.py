"""The quick `dataclass` makes classes that behave as the standard library's do."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import field
from typing import Any, ClassVar

import pytest

from runner.model import quick


def classes(make: Callable[..., Any]) -> dict[str, Any]:
    """The same classes, made by one decorator."""

    @make(frozen=True, slots=True)
    class Nothing:
        """No fields."""

    @make(frozen=True, slots=True)
    class One:
        a: int

    @make(frozen=True, slots=True)
    class Some:
        kind: ClassVar[str] = "some"
        a: int
        b: str = "b"
        c: tuple[int, ...] = ()
        d: dict[str, int] = field(default_factory=dict)
        e: float = field(default=0.5, compare=False)
        f: bytes = field(default=b"", repr=False)

        @property
        def double(self) -> int:
            return 2 * self.a

    @make(slots=True)
    class Loose:
        a: list[int] = field(default_factory=list)
        b: int = field(init=False, default=7)
        c: int = field(init=False)

        def __post_init__(self) -> None:
            self.c = len(self.a)

    @make(frozen=True, slots=True)
    class Own:
        a: int

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Own)

        def __repr__(self) -> str:
            return "own"

    return {made.__name__: made for made in (Nothing, One, Some, Loose, Own)}


OURS, THEIRS = classes(quick.dataclass), classes(dataclasses.dataclass)
# `pickle` finds classes by their names.
Some = OURS["Some"]
Some.__qualname__ = "Some"

CALLS: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("Nothing", (), {}),
    ("One", (1,), {}),
    ("Some", (1,), {}),
    ("Some", (1, "x", (1, 2)), {"e": 2.5, "f": b"f"}),
    ("Some", (), {"a": 3, "d": {"k": 1}}),
    ("Loose", (), {}),
    ("Loose", ([1, 2],), {}),
    ("Own", (1,), {}),
]


@pytest.mark.parametrize(("name", "words", "named"), CALLS)
def test_values_of_both_are_alike(name: str, words: tuple[Any, ...], named: dict[str, Any]) -> None:
    ours, theirs = OURS[name](*words, **named), THEIRS[name](*words, **named)
    assert dataclasses.asdict(ours) == dataclasses.asdict(theirs)
    assert repr(ours).rpartition(">.")[2] == repr(theirs).rpartition(">.")[2]
    assert ours == OURS[name](*words, **named)
    assert ours != theirs or name == "Own"
    assert [found.name for found in dataclasses.fields(ours)] == [found.name for found in dataclasses.fields(theirs)]
    assert OURS[name].__match_args__ == THEIRS[name].__match_args__
    assert copy.copy(ours) == ours
    assert not hasattr(ours, "__dict__")
    assert (OURS[name].__hash__ is None) == (THEIRS[name].__hash__ is None)


@pytest.mark.parametrize("wrong", [{}, {"a": 1, "z": 2}])
def test_arguments_that_do_not_fit_are_refused(wrong: dict[str, Any]) -> None:
    for made in (OURS, THEIRS):
        with pytest.raises(TypeError):
            made["Some"](**wrong)


def test_comparison_and_hash_look_at_the_fields_that_count() -> None:
    first, same, other = Some(1, e=1.0, d={}), Some(1, e=2.0, d={}), Some(2)
    assert first == same != other
    assert first != "text"
    assert hash(OURS["One"](1)) == hash(OURS["One"](1))
    with pytest.raises(TypeError, match="unhashable"):
        hash(first)


def test_what_is_frozen_stays() -> None:
    value = Some(1)
    for name in ("a", "new"):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(value, name, 2)
    with pytest.raises(dataclasses.FrozenInstanceError):
        del value.a
    assert value.a == 1
    changed = dataclasses.replace(value, a=5)
    assert (changed.a, changed.double, changed.kind) == (5, 10, "some")


def test_it_survives_pickling() -> None:
    value = Some(1, d={"k": 2}, f=b"x")
    back = pickle.loads(pickle.dumps(value))
    assert back == value
    assert back.f == b"x"


def test_each_instance_has_defaults_of_its_own() -> None:
    assert Some(1).d is not Some(1).d
    assert OURS["Loose"]([1]).c == 1
    assert OURS["Loose"]().b == 7


def test_threads_may_make_the_first_values_together() -> None:
    for _ in range(5):
        made = classes(quick.dataclass)["Some"]
        begin = threading.Barrier(8)

        def first(number: int, made: Any = made, begin: threading.Barrier = begin) -> tuple[Any, dict[str, Any], Any]:
            begin.wait(30)
            value = made(number)
            return value.a, dataclasses.asdict(quick.replace(value, b="c")), dataclasses.fields(made)[3].default_factory

        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(first, range(8)))
        assert [one[0] for one in found] == list(range(8))
        assert {one[1]["b"] for one in found} == {"c"} and {one[2] for one in found} == {dict}


def ordered(make: Callable[..., Any]) -> Any:
    """A class whose values have an order."""

    @make(frozen=True, slots=True, order=True)
    class Place:
        path: str
        line: int = 1

    return Place


def test_order_is_that_of_the_fields() -> None:
    for place in (ordered(quick.dataclass), ordered(dataclasses.dataclass)):
        made = [place("b"), place("a", 2), place("a")]
        assert [(one.path, one.line) for one in sorted(made)] == [("a", 1), ("a", 2), ("b", 1)]
        assert place("a") <= place("a") and place("b") > place("a") and place("b") >= place("b")
        with pytest.raises(TypeError):
            assert place("a") < ("a", 1)


@pytest.mark.parametrize(("name", "words", "named"), CALLS)
def test_replace_is_the_standard_librarys(name: str, words: tuple[Any, ...], named: dict[str, Any]) -> None:
    value = OURS[name](*words, **named)
    changes = {one.name: [8, 9] for one in dataclasses.fields(value) if one.init}
    for some in ({}, *({key: new} for key, new in changes.items()), changes):
        assert quick.replace(value, **some) == dataclasses.replace(value, **some)
        assert quick.replace(value, **some) is not value
    with pytest.raises(TypeError):
        quick.replace(value, no_such_field=1)
