# ruff: noqa: E501 (one case a line)
"""What a dry run cannot know flows through templates, and never turns into a wrong answer."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.errors import TemplateError
from runner.model.playbook import Condition
from runner.model.values import Template, Unknown, find_unknown
from tests.template.variables import Known, templar

TEMPLAR = templar()
UNKNOWN = Unknown("no output yet")


def render(text: str, **names: Any) -> Any:
    return TEMPLAR.render(Template(text), Known({"u": UNKNOWN, "r": {"rc": UNKNOWN, "failed": False}, **names}))


@pytest.mark.parametrize(
    "text",
    [
        "{{ u }}", "a{{ u }}", "{{ u }}b", "{{ u.stdout }}", "{{ u.stdout_lines[0].x }}", "{{ u['a'] | int }}", "{{ u + 1 }}", "{{ 1 + u }}",
        "{{ u ~ 'x' }}", "{{ 'x' ~ u }}", "{{ 'x%s' % u }}", "{{ u == 1 }}", "{{ 1 == u }}", "{{ u > 1 }}", "{{ u in [1] }}", "{{ 1 in u }}", "{{ u in 'abc' }}",
        "{{ not u }}", "{{ u and false }}", "{{ u or true }}", "{{ 1 if u else 2 }}", "{{ u | default('x') }}", "{{ u | default('x', true) }}", "{{ u | length }}",
        "{{ u | upper | trim }}", "{{ u | from_json }}", "{{ [u] | to_json }}", "{{ [u] | join(',') }}", "{{ [[u]] | to_yaml }}", "{{ {'a': u} }}x", "{{ [u, 2] | sort }}",
        "{{ [u, 1] | unique }}", "{{ [1] | union([u]) }}", "{{ [u] | flatten }}", "{{ [{}, u] | combine }}", "{{ u is match('a') }}", "{{ u is changed }}", "{{ u is mapping }}",
        "{{ u.rc == 0 and u.stdout is search('x') }}", "{% for l in u.stdout_lines %}{{ l }}{% endfor %}", "{% if u %}a{% endif %}", "{{ u.split('\n') }}", "{{ u() }}", "{{ range(u) }}",
        "{{ 'x'.join(u) }}", "{{ lookup('items', u) }}", "{{ u | ternary(1, 2) }}", "{{ [u] | select }}", "{{ [{'a': u}] | selectattr('a') }}", "{{ u | bool }}", "{{ u | map('int') | list }}",
        "{{ [1, 2][u] }}", "{{ {'a': 1}[u] }}", "{{ u[1:] }}", "{{ 'a' | regex_replace('a', u) }}", "{{ [u] is subset([1]) }}", "{{ [u] | difference([1]) }}", "{{ u | type_debug | upper ~ u }}",
        "{{ [[u]] | map('sum') | list | to_json }}", "{% set x = u %}{{ x.y }}", "{{ -u }}", "{{ u | string }}", "{{ [u] | string }}", "{{ '{}'.format(u) }}", "{% macro m(a) %}[{{ a }}]{% endmacro %}{{ m(u) }}",
    ],
)  # fmt: skip
def test_unknown_as_a_whole(text: str) -> None:
    found = render(text)
    assert isinstance(found, Unknown)
    assert found.reason == "no output yet"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ u is defined }}", True), ("{{ u is undefined }}", False), ("{{ true or u }}", True), ("{{ false and u }}", False), ("{{ 1 if true else u }}", 1),
        ("{{ [u, 1] | length }}", 2), ("{{ [u, 1][1] }}", 1), ("{{ [u, 1] | last }}", 1), ("{{ 'x' | default(u) }}", "x"), ("{{ true | ternary(1, u) }}", 1),
        ("{{ {'a': u, 'b': 2}.b }}", 2), ("{{ ({'a': u} | combine({'b': 2})).b }}", 2), ("{{ r is failed }}", False), ("{{ r is changed }}", False), ("{{ r.failed }}", False),
        ("{{ {'a': u} is mapping }}", True), ("{{ 'a' in {'a': u} }}", True), ("{{ {'a': u} | list }}", ["a"]), ("{{ 1 in [1, u] }}", True), ("{{ {'a': u} | dict2items | length }}", 1),
        ("{{ [u] is truthy }}", True), ("{{ [{'a': u}] | map(attribute='a') | list | length }}", 1), ("{% if false %}{{ u }}{% else %}x{% endif %}", "x"), ("{{ [u, 1] is any }}", Unknown),
        ("{{ [1, u] is any }}", True), ("{{ u | mandatory is defined }}", True),
    ],
)  # fmt: skip
def test_known_in_spite_of_it(text: str, expected: Any) -> None:
    found = render(text)
    assert isinstance(found, Unknown) if expected is Unknown else found == expected


def test_containers_hold_it() -> None:
    found = render("{{ {'a': [u, 1], 'b': u.x} }}")
    assert isinstance(found["a"][0], Unknown) and found["a"][1] == 1 and isinstance(found["b"], Unknown)
    rendered = TEMPLAR.render({"x": Template("{{ u }}"), "y": [Template("{{ 1 }}")]}, Known(u=UNKNOWN))
    assert isinstance(rendered["x"], Unknown) and rendered["y"] == [1]


def test_conditions_and_files() -> None:
    names = Known(u=UNKNOWN, v=Template("{{ u }}"))
    for text in ("u", "u.rc == 0", "{{ u }}", "not u", "u and false", "v is search('x')"):
        assert isinstance(TEMPLAR.evaluate(Condition(text), names), Unknown), text
    assert TEMPLAR.evaluate(Condition("v is defined"), names) is True
    assert TEMPLAR.evaluate(Condition("false and u"), names) is False
    assert isinstance(TEMPLAR.render_text("a {{ v }}\n", names), Unknown)
    assert isinstance(TEMPLAR.render_text("{{ [v] }}", names), Unknown)
    assert TEMPLAR.render_text("{{ [v] | length }}\n", names) == "1"
    assert TEMPLAR.render_text("a {{ [v] | length }}\n", names) == "a 1\n"


def test_mistakes_are_still_mistakes() -> None:
    for text in (
        "{{ nope }}",
        "{{ u }}{{ nope }}",
        "{{ nope | default(u2) }}",
        "{{ u | nofilter }}",
        "{{ [u, nope] }}",
    ):
        with pytest.raises(TemplateError):
            render(text)


ATOMS = ["u", "1", "0", "'a'", "''", "true", "none", "[u, 1]", "[]", "{'k': u}", "[[u], 2]"]
UNARY = [
    "not {}",
    "({}) is defined",
    "({}) is string",
    "({}) | default('d')",
    "({}) | default('d', true)",
    "({}) | bool",
    "({}) | length",
    "({}) | list | first",
]
UNARY += [
    "({}) | string",
    "({}) | to_json",
    "({}) | ternary(1, 2)",
    "[{}] | flatten",
    "({}) | list | unique",
    "({}) is mapping",
    "[{}] | length",
    "({}) is truthy",
]
UNARY += [
    "({}) | list | length",
    "[{}] | first",
    "[{}] | join('-')",
    "({}) | list | map('string') | list",
    "({}) is sequence",
    "({}) | combine({{'z': 1}})",
    "({}) | dict2items",
]
BINARY = [
    "({}) and ({})",
    "({}) or ({})",
    "({}) == ({})",
    "({}) in [{}]",
    "({}) ~ ({})",
    "[{}] + [{}]",
    "(1 if ({}) else {})",
    "({}) | default({})",
    "[{}] | difference([{}])",
]
BINARY += [
    "[{}] | union([{}])",
    "[{}] | intersect([{}])",
    "[{}] is subset([{}])",
    "[{}] | zip([{}]) | list",
    "[{}] is contains({})",
    "({}) | ternary('x', {})",
]

expressions = st.recursive(
    st.sampled_from(ATOMS),
    lambda inner: st.one_of(
        st.builds(lambda form, a: form.format(a), st.sampled_from(UNARY), inner),
        st.builds(lambda form, a, b: form.format(a, b), st.sampled_from(BINARY), inner, inner),
    ),
    max_leaves=5,
)
values = st.sampled_from([0, 1, "", "a", [], [1], [0, "a"], {}, {"k": 1}, None, True, False, 2.5])


@settings(max_examples=200, deadline=None)
@given(expressions, values)
def test_a_known_answer_is_right_whatever_the_value_turns_out_to_be(text: str, value: Any) -> None:
    """If the dry run gives a whole answer, the real run gives the same one (or fails)."""
    try:
        predicted = TEMPLAR.expression(text, Known(u=UNKNOWN))
    except TemplateError:
        return
    if find_unknown(predicted) is not None:
        return
    try:
        real = TEMPLAR.expression(text, Known(u=value))
    except TemplateError:
        return
    assert real == predicted


@settings(max_examples=100, deadline=None)
@given(expressions, st.lists(values, min_size=4, max_size=4))
def test_what_would_work_does_not_fail_because_of_the_unknown(text: str, tries: list[Any]) -> None:
    """An error in the dry run means that no value of those tried would have worked."""
    try:
        TEMPLAR.expression(text, Known(u=UNKNOWN))
    except TemplateError as problem:
        for value in tries:
            with pytest.raises(TemplateError):
                TEMPLAR.expression(text, Known(u=value))
                raise AssertionError(f"{text} with {value!r} works, but: {problem}") from problem
