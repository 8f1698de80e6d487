"""Undefined variables: what is said, where, and that nothing fails before it is used."""

from __future__ import annotations

from typing import Any

import pytest

from runner.errors import TemplateError
from runner.model.playbook import Condition
from runner.model.span import Span
from runner.model.values import Template
from tests.template.variables import Known, templar, written

TEMPLAR = templar()
HERE = Span("site.yaml", 7, 11)


def error_of(text: str, names: Known) -> TemplateError:
    with pytest.raises(TemplateError) as caught:
        TEMPLAR.render(Template(text, HERE), names)
    return caught.value


def test_message_names_the_variable_its_place_and_a_likely_name() -> None:
    error = error_of("{{ hostnme }}", Known(hostname="a"))
    assert str(error) == "'hostnme' is undefined (did you mean 'hostname'?)"
    assert (error.span, error.kind, error.name) == (HERE, "undefined", "hostnme")


def test_missing_attribute_names_the_type_and_a_likely_key() -> None:
    error = error_of("{{ r.stdot }}", Known(r={"stdout": "x"}))
    assert str(error) == "object of type 'dict' has no attribute 'stdot' (did you mean 'stdout'?)"
    assert error.name == ""


def test_place_of_an_undefined_variable_is_where_its_user_stands() -> None:
    names = Known(
        port=Template("{{ base + 1 }}", Span("vars.yaml", 3, 7)), url=Template("x:{{ port }}", Span("b", 1, 1))
    )
    error = error_of("{{ url }}", names)
    assert str(error) == "'base' is undefined, which 'port' needs"
    assert error.span == Span("vars.yaml", 3, 7)


def test_line_in_a_long_template() -> None:
    assert "(line 3 of the template)" in str(error_of("a\nb\n{{ nope }}\nc\n", Known()))
    assert "(line 2 of the template)" in str(error_of("a\n{{ 1 / 0 }}\n", Known()))
    assert "(line 2 of the template)" in str(error_of("a\n{{ 1 + }}\n", Known()))


def test_lines_of_a_template_file() -> None:
    for text, line in (
        ("a\n{{ nope }}\n", 2),
        ("#jinja2: trim_blocks: False\na\n\n{{ nope }}", 4),
        ("a\n\n{% if %}", 3),
        ("{{ 1 }}\n{{ 'x' | int + 'y' }}\n", 2),
    ):
        with pytest.raises(TemplateError) as caught:
            TEMPLAR.render_text(text, Known(), Span("t.j2"))
        assert caught.value.span == Span("t.j2", line, 1), text


def test_nested_values_fail_only_when_used() -> None:
    names = Known(
        written(
            {"web": {"good": "{{ 1 + 1 }}", "bad": "{{ nope }}", "worse": "{{ 1 / 0 }}", "list": ["{{ nope }}", 2]}}
        )
    )
    assert TEMPLAR.render(Template("{{ web.good }}"), names) == 2
    assert TEMPLAR.render(Template("{{ web.list[1] }}"), names) == 2
    assert TEMPLAR.render(Template("{{ web.list | length }}{{ web | length }}"), names) == "14".replace("1", "2")
    assert TEMPLAR.render(Template("{{ web.bad | default('d') }}"), names) == "d"
    assert TEMPLAR.render(Template("{{ (web | dict2items)[0].value }}"), names) == 2
    for text in (
        "{{ web }}",
        "{{ web.bad }}",
        "{{ web | to_json }}",
        "{{ web.worse }}",
        "{{ web.worse | default(1) }}",
    ):
        error_of(text, names)


def test_variables_are_read_and_rendered_once_and_only_if_needed() -> None:
    names = Known(
        written({"a": "{{ b }}", "b": "x{{ c }}", "c": 1, "d": "{{ e }}", "m": {"k": "{{ d }}", "l": "{{ a }}"}})
    )
    assert TEMPLAR.render(Template("{{ a }}{{ a }}{{ m.l }}"), names) == "x1x1x1"
    assert names.asked == ["a", "b", "c", "m"]


def test_constants_are_handed_over_as_they_are() -> None:
    data = {"a": [1, {"b": "text"}]}
    names = Known(data=data, alias=Template("{{ data }}"))
    assert TEMPLAR.render(data, names) is data
    assert TEMPLAR.render(Template("{{ data }}"), names) is data
    assert TEMPLAR.render(Template("{{ alias.a }}"), names) is data["a"]


@pytest.mark.parametrize(
    ("values", "text", "chain"),
    [
        ({"a": "{{ b }}", "b": "{{ a }}"}, "{{ a }}", "recursive: a -> b -> a"),
        ({"a": "{{ a }}"}, "x{{ a }}", "recursive: a -> a"),
        ({"a": {"x": "{{ a.x }}"}}, "{{ a.x }}", "recursive: a.x -> a.x"),
        ({"a": {"x": "{{ a | to_json }}"}}, "{{ a.x }}", "recursive: a.x -> a.x"),
        ({"a": ["{{ b[0] }}"], "b": ["{{ a[0] }}"]}, "{{ b }}", "recursive: b[0] -> a[0] -> b[0]"),
        ({"a": "{{ b }}", "b": "{{ c | default('x') }}", "c": "{{ b }}"}, "{{ a }}", "recursive: b -> c -> b"),
    ],
)
def test_cycles(values: dict[str, Any], text: str, chain: str) -> None:
    error = error_of(text, Known(written(values)))
    assert (error.kind, str(error)) == ("recursion", chain)


def test_a_dict_may_refer_to_itself() -> None:
    names = Known(written({"conf": {"base": "/srv", "logs": "{{ conf.base }}/logs", "all": ["{{ conf.logs }}"]}}))
    assert TEMPLAR.render(Template("{{ conf }}"), names) == {"base": "/srv", "logs": "/srv/logs", "all": ["/srv/logs"]}


class OnItsWay(Exception):
    """What an executor raises for a value that has not arrived."""


@pytest.mark.parametrize("error", [OnItsWay("r"), ValueError("r"), TemplateError("r")])
@pytest.mark.parametrize(
    "text", ["{{ r }}", "{{ [r] | map('upper') }}", "{{ q('items', '{{ r }}') }}", "{{ v.w | default(r2.a) }}"]
)
def test_what_names_raise_passes_unchanged(error: Exception, text: str) -> None:
    class Waiting(Known):
        def raw(self, name: str) -> Any:
            if name == "r":
                raise error
            return super().raw(name)

    names = Waiting(written({"v": {"w": "{{ r }}"}, "r2": {"a": 1}}))
    with pytest.raises(type(error)) as caught:
        TEMPLAR.render(Template(text), names)
    assert caught.value is error
    with pytest.raises(type(error)) as caught:
        TEMPLAR.evaluate(Condition("r is defined"), names)
    assert caught.value is error


def test_after_an_error_the_same_templar_goes_on() -> None:
    names = Known(written({"a": "{{ b }}", "b": "{{ a }}"}))
    error_of("{{ a }}", names)
    assert error_of("{{ a }}", names).kind == "recursion"
    assert TEMPLAR.render(Template("{{ 1 }}"), names) == 1


def test_no_template_comes_out() -> None:
    names = Known(written({"a": {"k{{ x }}": "{{ 1 }}"}}), raw=[Template("plain")])
    found = TEMPLAR.render(Template("{{ a }}"), names)
    assert found == {"k{{ x }}": 1}
    for value in (TEMPLAR.render([Template("plain")], names), TEMPLAR.render(Template("{{ raw }}"), names)):
        assert [type(part) for part in value] == [str]
