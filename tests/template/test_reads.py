# ruff: noqa: E501 (one case a line)
"""What templates read, and mistakes found without rendering."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from runner.errors import TemplateError
from runner.model.playbook import Condition
from runner.model.span import Problem, Span
from runner.model.values import Template
from tests.template.variables import Known, templar, written

TEMPLAR = templar()


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("{{ a }}", "a"),
        ("{{ a.b[c] | default(d) }}", "a c d"),
        ("{% for x in xs %}{{ x }}{{ loop.index }}{% endfor %}", "xs"),
        ("{% set y = z %}{{ y }}", "z"),
        ("{% if a is defined and b %}{{ c }}{% endif %}", "a b c"),
        ("{{ lookup('file', path) }}{{ q('env', 'HOME') }}", "path"),
        ("{{ lookup('file', '{{ inner }}') }}", "inner"),
        ("{{ lookup('vars', 'name') }}", "name"),
        ("{{ vars['name'] }}{{ vars.other }}", "name other"),
        ("{{ hostvars['h'].x }}{{ groups.all | map('extract', hostvars, 'y') }}", "hostvars groups"),
        ("{{ range(n) | list }}{{ omit }}{{ now() }}{{ dict(a=1) }}", "n"),
        ("{% macro m(p) %}{{ p }}{{ q1 }}{% endmacro %}{{ m(a) }}", "q1 a"),
        ("{{ broken", ""),
        ("{{ x | some.other.filter }}", ""),
        ("no template", ""),
    ],
)
def test_reads(text: str, names: str) -> None:
    assert TEMPLAR.reads(Template(text)) == frozenset(names.split())
    assert TEMPLAR.reads({"k": [Template(text)], "n": 1}) == frozenset(names.split())


@pytest.mark.parametrize(
    "text",
    ["{{ lookup('vars', n) }}", "{{ vars[n] }}", "{{ vars }}", "{{ lookup(p, 'x') }}", "{{ lookup('template', 'x') }}", "{{ q('varnames', '^a') }}", "{{ lookup('vars', '{{ n }}') }}"],
)  # fmt: skip
def test_reads_anything(text: str) -> None:
    assert TEMPLAR.reads(Template(text)) is None
    assert TEMPLAR.reads([Template("{{ a }}"), Template(text)]) is None


def test_reads_of_conditions_and_files() -> None:
    assert TEMPLAR.reads_of_condition(Condition("a.b == '{{ c }}' and d in e")) == frozenset({"a", "c", "d", "e"})
    assert TEMPLAR.reads_of_condition(Condition("{{ a }}")) == frozenset({"a"})
    assert TEMPLAR.reads_of_condition(Condition(True)) == frozenset()
    assert TEMPLAR.reads_of_text(
        "#jinja2: variable_start_string:'[[', variable_end_string:']]'\n[[ a ]]{{ b }}"
    ) == frozenset({"a"})
    assert TEMPLAR.reads_of_text("<< a >>", {"variable_start_string": "<<", "variable_end_string": ">>"}) == frozenset(
        {"a"}
    )
    assert TEMPLAR.reads_of_text("{% include 'x' %}") is None
    assert TEMPLAR.reads("plain") == frozenset()


def test_everything_that_is_read_was_announced() -> None:
    """Over the whole corpus: rendering asks only for names that `reads` gave, or that those read in turn."""
    corpus = json.loads((Path(__file__).parent / "corpus.json").read_text())
    values = {**written(corpus["variables"]), **corpus["remote"]}

    def closure(reads: frozenset[str]) -> set[str]:
        found: set[str] = set()
        waiting = set(reads)
        while waiting:
            name = waiting.pop()
            found.add(name)
            waiting |= (TEMPLAR.reads(values.get(name)) or frozenset()) - found
        return found

    for text in corpus["expressions"]:
        reads = TEMPLAR.reads(written(text))
        names = Known(values)
        try:
            TEMPLAR.render(written(text), names)
        except TemplateError:
            continue
        if reads is not None:
            asked = {name for name in names.asked if name in values}
            assert asked <= closure(reads), text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ a", "template syntax: '{{' is never closed"),
        ("{{ a | nope }}", "template syntax: no filter named 'nope'"),
        ("{{ a is nope }}", "template syntax: no test named 'nope'"),
        ("{% if a %}", "template syntax: '{% if %}' is never closed"),
    ],
)
def test_problems(text: str, message: str) -> None:
    place = Span("site.yaml", 3, 9)
    (problem,) = TEMPLAR.problems({"x": [Template(text, place)]})
    assert isinstance(problem, Problem)
    assert problem.span == place
    assert problem.message.lower().replace("'", "").startswith(message.lower().replace("'", ""))


def test_problems_of_conditions() -> None:
    assert TEMPLAR.problems_of_condition(Condition("a ==", Span("p", 1, 1)))
    assert TEMPLAR.problems_of_condition(Condition("a is nope"))
    for good in (True, "a == 1", "{{ a }}", "x | default([]) | length > 0"):
        assert TEMPLAR.problems_of_condition(Condition(good)) == []
    assert TEMPLAR.problems([1, "x", Template("{{ a | default(lookup('x')) }}")]) == []


def test_variables_view_and_special_values() -> None:
    names = Known(written({"a": "{{ b }}", "b": 1, "c": "{{ nope }}"}))
    view = TEMPLAR.variables(names)
    assert view["a"] == 1 and "a" in view and "zz" not in view and sorted(view) == ["a", "b", "c"]
    assert TEMPLAR.variable("a", names) == 1
    outer: Any = Known(hostvars={"h": view})
    assert (
        TEMPLAR.render(Template("{{ hostvars['h'].a }}{{ hostvars.h['b'] }}{{ hostvars.h.zz | default('-') }}"), outer)
        == "11-"
    )
    assert TEMPLAR.render(Template("{{ ['h'] | map('extract', hostvars, 'a') | list }}"), outer) == [1]
    assert TEMPLAR.expression("a + b", names) == 2


def test_hosts_whose_values_cannot_be_rendered() -> None:
    class Strict(dict[str, Any]):
        """Renders when read, as an executor's view of another host does."""

        def __getitem__(self, key: str) -> Any:
            return TEMPLAR.render(super().__getitem__(key), Known(written({"loop": "{{ loop }}"})))

    place = Span("host_vars/h.yaml", 2, 3)
    host = Strict(bad=Template("{{ nope }}", place), worse=Template("{{ loop }}", place), good=Template("{{ 1 }}"))
    names = Known(hostvars={"h": host})
    assert TEMPLAR.render(Template("{{ hostvars.h.bad | default('d') }}{{ hostvars.h.good }}"), names) == "d1"
    for text, kind in (("{{ hostvars.h.bad }}", "undefined"), ("{{ hostvars.h['worse'] | default(1) }}", "recursion")):
        with pytest.raises(TemplateError) as caught:
            TEMPLAR.render(Template(text), names)
        assert (caught.value.kind, caught.value.span) == (kind, place)
