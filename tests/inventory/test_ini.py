"""INI text: places, values and mistakes."""

from __future__ import annotations

import ast
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.inventory import ini as ini_source
from runner.inventory.draft import Draft
from runner.model.span import NOWHERE, Span
from runner.model.values import Template
from runner.syntax.ini import literal, parse


def _problems(text: str) -> list[str]:
    sections, problems = parse(text, "f")
    draft = Draft()
    ini_source.read(draft, sections)
    draft.finish()
    return [f"{problem.span}: {problem.message}" for problem in [*problems, *draft.problems]]


def test_places_are_those_of_the_words() -> None:
    sections, problems = parse("# c\n\n[web]\n  h1 a=1 b='x y'\n[web:vars]\nk = {{ v }}\n", "f")
    assert not problems
    web, variables = sections[1], sections[2]
    assert web.span == Span("f", 3, 1)
    assert web.entries[0].span == Span("f", 4, 3)
    assert [one.span for one in web.entries[0].vars] == [Span("f", 4, 6), Span("f", 4, 10)]
    value = variables.entries[0].vars[0].value
    assert type(value) is Template
    assert value.span == Span("f", 6, 5)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1), ("1.5", 1.5), ("True", True), ("true", "true"), ("None", None), ("'a'", "a"), ('"1"', "1"),
        ("007", "007"),
        ("[1, 'a']", [1, "a"]), ("(1, 2)", [1, 2]), ("{'a': (1,)}", {"a": [1]}), ("{1: 2}", {"1": 2}), ("b'x'", "x"),
        ("...", "..."), ("1j", "1j"), ("", ""), ("a b", "a b"), ("__import__('os')", "__import__('os')"),
        ("open('/etc/passwd')", "open('/etc/passwd')"), ("[" * 5000, "[" * 5000), ("\0", "\0"),
    ],
)  # fmt: skip
def test_values_are_literals_or_text_and_never_code(text: str, value: Any) -> None:
    found = literal(text, NOWHERE)
    assert found == value
    assert type(found) is type(value)


def test_text_with_jinja_is_a_template_wherever_it_stands() -> None:
    found = literal("{'a': ['{{ x }}', 'y']}", Span("f", 2, 3))
    assert type(found["a"][0]) is Template
    assert found["a"][0].span == Span("f", 2, 3)
    assert type(found["a"][1]) is str


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3)))
def test_what_python_prints_is_read_back(value: Any) -> None:
    expected = ast.literal_eval(repr(value))
    assert literal(repr(value), NOWHERE) == expected


def test_every_mistake_is_told_with_its_place() -> None:
    text = "h1 oops\n[web:var]\nx\n[a b]\nh2 a='open\n"
    text += "[web:vars]\nnovalue\n[c:children]\nwbe\n[web]\nh[3:1]\nh4 $x=1\n-bad\n"
    assert _problems(text) == [
        "f:1:4: expected name=value after the host 'h1', got 'oops'",
        "f:2:1: section [web:var] has an unknown type",
        "f:4:1: invalid section '[a b]'",
        "f:7:1: expected name=value, got 'novalue'",
        "f:9:1: [c:children] names 'wbe', which is not a group",
        "f:11:1: range [3:1] in 'h[3:1]' ends before it begins",
        "f:13:1: host name '-bad' begins with '-'",
    ]


def test_variables_of_a_group_that_is_not_there() -> None:
    assert _problems("[web]\nh\n[wbe:vars]\na=1\n") == ["f:3:1: [wbe:vars] is for a group that does not exist"]


@given(st.text(alphabet="[]:=#;'\" \n\\ah1{}", max_size=60))
def test_no_text_breaks_the_parser(text: str) -> None:
    _problems(text)
