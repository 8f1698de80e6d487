"""Text that came from elsewhere is never a template, and templates stay inside the sandbox."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from runner.errors import TemplateError
from runner.model.playbook import Condition
from runner.model.span import Span
from runner.model.values import Secret, Template
from runner.template.templar import Templar
from tests.template.variables import Known, templar

TEMPLAR = templar()

EVIL = (
    "{{ 7*7 }}",
    "{{ lookup('pipe', 'touch PWNED') }}",
    "{% for x in [1] %}P{% endfor %}",
    "{{ '{{' }} 7*7 {{ '}}' }}",
    "{#",
    "{%- raw -%}",
    "a}}b{{7*7",
    "#jinja2: trim_blocks: True\n{{ 7*7 }}",
)


@pytest.mark.parametrize("evil", EVIL)
@pytest.mark.parametrize(
    ("text", "make"),
    [
        ("{{ x }}", lambda x: x),
        ("pre {{ x }} post", lambda x: f"pre {x} post"),
        ("{{ [x] + ['k'] }}", lambda x: [x, "k"]),
        ("{{ y }}", lambda x: f"<{x}>"),
        ("{{ z.a[0] }}", lambda x: x),
        ("{{ x | default('d') | replace('zz', '') }}", lambda x: x),
        ("{{ {'a': x} | combine({'b': x}) }}", lambda x: {"a": x, "b": x}),
        ("{{ lookup('items', x) }}", lambda x: x),
        ("{{ q('items', [x]) }}", lambda x: [x]),
        ("{{ vars['x'] }}{{ lookup('vars', 'x') }}", lambda x: x + x),
        ("{{ [x] | map('string') | first }}", lambda x: x),
        ("{% set k = x %}{{ k }}", lambda x: x),
        ("{{ x ~ '{{ 1 }}' }}", lambda x: x + "{{ 1 }}"),
        ("{{ '{{ ' ~ x ~ ' }}' }}", lambda x: "{{ " + x + " }}"),
    ],
)
def test_remote_text_is_never_rendered(evil: str, text: str, make: Any) -> None:
    names = Known(x=evil, y=Template("<{{ x }}>"), z={"a": [Template("{{ x }}")]})
    assert TEMPLAR.render(Template(text), names) == make(evil)
    assert TEMPLAR.render(evil, names) is evil


@pytest.mark.parametrize("evil", ["1 == 1", "true", *EVIL])
def test_remote_text_is_no_condition(evil: str) -> None:
    names = Known(x=evil, y=Template("{{ x }}"))
    for text in ("x", "{{ x }}", "{{ y }}", "y", "{{ x }}{{ y }}", "x | default(true)"):
        with pytest.raises(TemplateError, match="boolean"):
            TEMPLAR.evaluate(Condition(text), names)
    assert TEMPLAR.evaluate(Condition("x != '49' and '{{ x }}' == x"), names) is True


def test_remote_text_in_files() -> None:
    assert TEMPLAR.render_text("first\n{{ x }}\n", Known(x="{{ 7*7 }}")) == "first\n{{ 7*7 }}\n"


@pytest.mark.parametrize(
    "text",
    [
        "{{ ''.__class__ }}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ ''['__class__'] }}",
        "{{ '' | attr('__class__') }}",
        "{{ [''] | map(attribute='__class__') | list }}",
        "{{ ('{0.__class__}' | attr('format'))('') }}",
        "{{ '{0.__class__.__init__.__globals__}'.format(x) }}",
        "{{ '{x.__class__}'.format_map({'x': 1}) }}",
        "{% set f = '{0.__class__}'.format %}{{ f(1) }}",
        "{{ ['{0.__class__}'] | map('format', 1) | list }}{{ ''.__class__ }}",
        "{{ lipsum.__globals__['os'].popen('id').read() }}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ joiner.__init__.__globals__.os }}",
        "{{ namespace.__init__.__globals__ }}",
        "{{ lookup.__globals__ }}",
        "{{ now.__globals__ }}{{ now.__code__ }}",
        "{{ self.__init__.__globals__ }}",
        "{{ self._TemplateReference__context.environment }}",
        "{{ (x | map('upper')).gi_frame }}{{ x.gi_frame }}",
        "{% macro m() %}{% endmacro %}{{ m.__globals__ }}",
        "{{ undef().__class__.__init__.__globals__ }}",
        "{{ nope.__class__.__init__ }}",
        "{{ l.append(1) }}",
        "{{ d.update({'a': 1}) }}",
        "{{ d.clear() }}",
        "{{ d.pop('k') }}",
        "{% set ns = namespace(l=l) %}{% set _ = ns.l.append(3) %}",
        "{{ ns.append(3) }}",
        "{% do l.insert(0, 9) %}",
        "{{ dict.__base__ }}",
        "{{ range.__class__ }}",
        "{{ vars._scope }}",
        "{{ lazy._raw }}",
        "{{ lazy._source.names }}",
        "{{ ().__class__ }}",
        "{{ config }}",
        "{% include '/etc/passwd' %}",
        "{% import 'os' as os %}{{ os }}",
    ],
)
def test_escapes_are_errors(text: str) -> None:
    names = Known(x="x", l=[1], d={"k": 1}, lazy={"a": Template("{{ x }}")})
    with pytest.raises(TemplateError):
        TEMPLAR.render(Template(text), names)
    assert names.values["l"] == [1] and names.values["d"] == {"k": 1}


def test_what_the_sandbox_refuses_is_no_default() -> None:
    with pytest.raises(TemplateError) as caught:
        TEMPLAR.render(Template("{{ ''.__class__ | default('x') }}", Span("a", 2, 3)), Known())
    assert (caught.value.kind, caught.value.span) == ("security", Span("a", 2, 3))


def test_a_template_may_change_what_it_wrote_itself() -> None:
    text = "{% set l = [] %}{% set _ = l.append(1) %}{% set d = {'a': []} %}{% set _ = d.a.append(2) %}{{ [l, d] }}"
    assert TEMPLAR.render(Template(text), Known()) == [[1], {"a": [2]}]


@pytest.mark.parametrize(
    "text",
    [
        "{{ 'x' * 10**10 }}",
        "{{ 10**9 * [1] }}",
        "{{ range(10**9) | list }}",
        "{{ 9**(9**9) }}",
        "{{ 'a'.center(10**9) }}",
        "{{ 'a'.ljust(10**9) }}",
        "{{ '%999999999d' % 1 }}",
        "{{ '%999999999d' | format(1) }}",
        "{{ '{:999999999}'.format(1) }}",
        "{{ 'a' | center(10**9) }}",
        "{{ 'a\nb' | indent(10**9) }}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{{ range(99999) | product(range(99999)) | length }}",
    ],
)
def test_huge_results_are_refused(text: str) -> None:
    with pytest.raises(TemplateError) as caught:
        TEMPLAR.render(Template(text), Known())
    assert caught.value.kind == "limit"


def test_deep_data_is_an_error_not_a_crash() -> None:
    deep: Any = Template("{{ 1 }}")
    for _ in range(5000):
        deep = [deep]
    with pytest.raises(TemplateError) as caught:
        TEMPLAR.render(Template("{{ deep }}"), Known(deep=deep))
    assert caught.value.kind == "limit"
    with pytest.raises(TemplateError):
        TEMPLAR.render(deep, Known())


def test_includes() -> None:
    files = {
        "a.j2": "A{{ x }}{% include 'b.j2' %}",
        "b.j2": "B{{ x }}{{ y | default('-') }}\n",
        "m.j2": "{% macro m(a) %}<{{ a }}>{% endmacro %}",
    }
    files |= {"base.j2": "[{% block body %}{% endblock %}]", "bad.j2": "\n{% if %}"}
    names = Known(x=Template("{{ 1 + 1 }}"), which="b.j2", up="../../etc/passwd", root="/etc/passwd")

    def render(text: str) -> Any:
        return TEMPLAR.render_text(text, names, Span("t.j2"), load_text=files.__getitem__)

    assert render("{% include 'a.j2' %}!") == "A2B2-!"
    assert render("{% for y in [5] %}{% include which %}{% endfor %}") == "B25"
    assert render("{% from 'm.j2' import m %}{{ m(x) }}") == "<2>"
    assert render("{% import 'm.j2' as k %}{{ k.m(x) }}") == "<2>"
    assert render("{% extends 'base.j2' %}{% block body %}{{ x }}{% endblock %}") == "[2]"
    assert render("{% include ['zz.j2', 'b.j2'] %}") == "B2-"
    assert render("a{% include 'zz.j2' ignore missing %}b") == "ab"
    with pytest.raises(TemplateError, match=r"cannot include 'zz\.j2'"):
        render("{% include 'zz.j2' %}")
    for text in ("{% include up %}", "{% include root %}", "{% include '/etc/' ~ 'passwd' %}"):
        with pytest.raises(TemplateError) as caught:
            render(text)
        assert caught.value.kind == "security"
    with pytest.raises(TemplateError) as caught:
        render("{% include 'bad.j2' %}")
    assert caught.value.span == Span("bad.j2", 2, 1)


def test_secrets_are_real_in_text_and_masked_nowhere() -> None:
    names = Known(s=Secret("p'w"), l=[Secret("x")])
    for text, expected in (
        ("{{ s }}", "p'w"),
        ("-p{{ s }}", "-pp'w"),
        ("{{ s ~ '' }}", "p'w"),
        ("{{ l }} {{ {'a': s} }}", "['x'] {'a': \"p'w\"}"),
        ("{{ s | quote }}", "'p'\"'\"'w'"),
        ("{{ '%s' % s }}", "p'w"),
        ("{{ s | to_json }}", '"p\'w"'),
        ("{{ l | to_yaml }}", "[x]\n"),
        ("{{ [s] | join }}", "p'w"),
    ):
        assert TEMPLAR.render(Template(text), names) == expected, text
    assert type(TEMPLAR.render(Template("{{ s }}"), names)) is Secret


def test_randomness_is_not_frozen_by_compiling() -> None:
    seen = {TEMPLAR.render(Template("{{ 1000000 | random }}"), Known()) for _ in range(5)}
    assert len(seen) > 1


def test_lookups_get_what_they_are_given_and_their_errors_have_a_place(tmp_path: Path) -> None:
    def failing(name: str, terms: Any, options: Any) -> Any:
        raise OSError(f"{name} {terms} {dict(options)}")

    said: list[str] = []
    made = Templar(failing, notice=said.append)
    with pytest.raises(TemplateError) as caught:
        made.render(Template("{{ lookup('ansible.builtin.file', 'a', opt=1) }}", Span("p", 1, 2)), Known())
    assert str(caught.value) == "the lookup 'file' failed: ansible.builtin.file ['a'] {'opt': 1}"
    assert caught.value.span == Span("p", 1, 2)
    assert made.render(Template("{{ lookup('x', errors='warn') }}"), Known()) is None and len(said) == 1
    assert made.render(Template("{{ query('x', errors='ignore') }}"), Known()) == []
    assert not list(tmp_path.iterdir())


def test_runaway_loops_end_with_their_place() -> None:
    text = "x\n{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
    with pytest.raises(TemplateError, match="more than 2,000,000 times") as caught:
        TEMPLAR.render_text(text, Known(), Span("t.j2", 1, 1))
    assert (caught.value.kind, caught.value.span) == ("limit", Span("t.j2", 2, 1))
    assert TEMPLAR.render(Template("{% for a in range(9) %}{{ loop.length }}{% endfor %}"), Known()) == "999999999"
