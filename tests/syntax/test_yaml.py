"""YAML: values, places, friendly errors, and no crash on anything."""

from __future__ import annotations

import datetime
import math
from typing import Any

import pytest
import yaml as pyyaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from runner.model.span import Span
from runner.model.values import Template
from runner.syntax.yaml import Listing, Scalar, Table, Tree, at, parse, plain


def value(text: str) -> Any:
    tree, problems = parse(text, "f.yml")
    assert problems == []
    return plain(tree)


def problems(text: str | bytes) -> list[str]:
    _, found = parse(text, "f.yml")
    return [f"{p.span.line}:{p.span.column} {p.level}: {p.message}" + (f" | {p.hint}" if p.hint else "") for p in found]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("yes", True),
        ("Off", False),
        ("~", None),
        ("", None),
        ("012", 10),
        ("0x1F", 31),
        ("1:30", 90),
        ("1_000", 1000),
        ("1e3", "1e3"),
        ("1.5", 1.5),
        ("'yes'", "yes"),
        ("=", "="),
        ("2024-01-02", datetime.date(2024, 1, 2)),
        ("!!str 5", "5"),
        ("!!int '5'", 5),
        ("! 5", "5"),
        ("[a, 1, {b: no}]", ["a", 1, {"b": False}]),
        ("1: x", {1: "x"}),
        ("x: &x {a: 1, b: 2}\ny: {<<: *x, b: 3}", {"x": {"a": 1, "b": 2}, "y": {"a": 1, "b": 3}}),
        ("- &a {k: 1}\n- &b {k: 2, l: 2}\n- <<: [*a, *b]", [{"k": 1}, {"k": 2, "l": 2}, {"k": 1, "l": 2}]),
        ("\ufeffa: 1", {"a": 1}),
        ("a: |\n  x\n  y\n", {"a": "x\ny\n"}),
    ],
)
def test_values(text: str, wanted: object) -> None:
    assert value(text) == wanted


def test_nan_and_infinity() -> None:
    assert math.isnan(value(".nan"))
    assert value("-.inf") == -math.inf


def test_only_trusted_text_with_jinja_becomes_a_template() -> None:
    tree, _ = parse("a: '{{ x }}'\nb: !unsafe '{{ x }}'\n'{{ k }}': 1\nc: x\nd: !unsafe ['{{ y }}']", "f.yml")
    made = plain(tree)
    assert type(made["a"]) is Template and made["a"].span == Span("f.yml", 1, 4)
    assert [type(made[key]) for key in "bc"] == [str, str]
    assert type(made["d"][0]) is str
    assert all(type(key) is str for key in made)
    assert type(plain(tree, trusted=False)["a"]) is str


def test_places_count_from_one() -> None:
    tree, _ = parse("- name: x\n  list:\n    - a\n    - {b: c}\n", "f.yml")
    assert isinstance(tree, Listing) and tree.span == Span("f.yml", 1, 1)
    part = at(tree, 0, "list", 1, "b")
    assert isinstance(part, Scalar) and part.span == Span("f.yml", 4, 11)
    assert at(tree, 0, "nothing", 3) is None


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a: {{ x }}\n", '1:4 error: a template without quotes | put quotes around it: "{{ x }}"'),
        ("a: {{ x }}/y\n", '1:4 error: a template without quotes | put quotes around it: "{{ x }}/y"'),
        ("- {% if x %}\n", '1:3 error: a template without quotes | put quotes around it: "{% if x %}"'),
        ("a:\n\t- b\n", "2:1 error: a tab where YAML wants spaces | use spaces to indent"),
        ("a: 1\n b: 2\n", "2:3 error: this line stands deeper than the one above | check the indentation"),
        (
            "a: x: y\n",
            "1:5 error: a ':' where none can be | if the text holds ': ', put quotes around all of it",
        ),
        (
            "a:\n  - b\n c: 1\n",
            "3:2 error: this does not fit what stands above | check the indentation: keys of one table start in the "
            "same column",
        ),
        ("a: 'b\n", "1:4 error: a quote is opened and never closed | close the quote"),
        (
            'a: "b" c\n',
            "1:8 error: text after the closing quote | put quotes around the whole value, the other kind outside",
        ),
        ("a: @b\n", "1:4 error: text cannot begin with '@' | put quotes around it"),
        ("a: 1\na: 2\n", "2:1 warning: the key 'a' stands here twice (first on line 1); the last one counts | "
         "remove one of them"),
        ("a: !!python/name:os.system x\n", "1:4 error: unknown tag '!!python/name:os.system' | only !unsafe, !vault "
         "and YAML's own simple types can be used"),
        ("a: !vault |\n  x\n", "1:4 error: what follows !vault is not vault data | write it with `pbrun vault "
         "encrypt_string`; all its lines are indented below `!vault |`"),
        ("a: &a [*a]\n", "1:8 error: the alias '*a' stands inside its own anchor: a cycle"),
        ("a: *b\n", "1:4 error: the alias '*b' has no anchor '&b' before it"),
        ("a: 1\n---\nb: 1\n", "2:1 error: the file holds several YAML documents | keep one document per file; "
         "remove the extra '---'"),
        ("a: 2024-13-45\n", "1:4 error: '2024-13-45' is not a valid date | put quotes around it if it is text"),
        ("[a, b]: 1\n", "1:1 error: a key of a table must be one word, not a list or a table"),
        ("a: [1, 2\nb: 3\n", "2:2 error: a ',' or the closing bracket is missing | close what is open, or quote the "
         "text"),
    ],
)  # fmt: skip
def test_friendly_errors(text: str, wanted: str) -> None:
    assert problems(text) == [wanted]


def test_bytes_that_are_not_text() -> None:
    assert problems(b"a: 1\nb: \xff\n") == ["2:4 error: the file is not UTF-8 text | save it as UTF-8"]
    assert problems("a: \x00") == ["1:4 error: a character that YAML does not allow | remove it"]


def test_limits() -> None:
    # PyYAML looks ahead, and newer ones have a limit of their own: the place is theirs then.
    assert problems("[" * 100_000)[0].partition(" ")[2] == "error: nested deeper than 200 levels"
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    bomb += "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9))
    assert "unfold to more than" in problems(bomb)[0]
    chain = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 300))
    assert "nested deeper" in problems(chain)[0]


def test_nothing_is_constructed(tmp_path: Any) -> None:
    mark = tmp_path / "PWNED"
    text = f"a: !!python/object/apply:os.system ['touch {mark}']\nb: !!python/object/new:os.system [x]\n"
    assert len(problems(text)) == 2
    assert not mark.exists()


JUNK = st.text(alphabet="ab:-{}[]'\"#|>&*!%@ \n\t,?\\1\u00e9\x00<", max_size=60)


@settings(max_examples=400, deadline=None)
@given(JUNK | st.binary(max_size=40))
@example("? a\n: b")
@example("%YAML 1.1\n--- a")
@example("<<: *a")
@example("- <<: 1")
def test_never_crashes_and_places_lie_in_the_file(text: str | bytes) -> None:
    tree, found = parse(text, "f")
    lines = (text.decode("utf-8", "replace") if isinstance(text, bytes) else text).splitlines() or [""]
    for problem in found:
        assert 1 <= problem.span.line <= len(lines) + 1
        assert problem.span.column >= 1
    plain(tree)


def places(tree: Tree) -> list[tuple[str, Span]]:
    if isinstance(tree, Scalar):
        return [(tree.text, tree.span)]
    if isinstance(tree, Listing):
        return [found for item in tree.items for found in places(item)]
    return [found for pair in tree.entries for part in pair for found in places(part)]


WORDS = st.text(alphabet="abcxyz", min_size=1, max_size=6)
TREES = st.recursive(
    WORDS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4), max_leaves=12
)


@settings(deadline=None)
@given(TREES, st.booleans())
def test_places_point_at_the_words(data: object, flow: bool) -> None:
    text = pyyaml.safe_dump(data, default_flow_style=flow)
    tree, found = parse(text, "f")
    assert found == [] and tree is not None and plain(tree) == data
    lines = text.splitlines()
    for word, span in places(tree):
        assert lines[span.line - 1][span.column - 1 :].lstrip("'\"").startswith(word)


@settings(deadline=None)
@given(TREES)
def test_the_same_values_as_pyyaml(data: object) -> None:
    text = pyyaml.safe_dump(data)
    assert value(text) == pyyaml.safe_load(text)


def test_a_table_finds_its_entries() -> None:
    tree, _ = parse("a: 1\nb: 2", "f")
    assert isinstance(tree, Table)
    assert tree.get("c") is None
    assert [key.text for key, _ in tree.entries] == ["a", "b"]
