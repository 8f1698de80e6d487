"""Filters that the recorded corpus cannot show: random ones, those of other packages, those without a reader."""

from __future__ import annotations

from typing import Any

import pytest

from runner.errors import TemplateError
from runner.model.values import OMIT, Template
from runner.template.templar import Templar, drop_omitted
from tests.template.variables import Known, templar

TEMPLAR = templar()


def render(text: str, **names: Any) -> Any:
    return TEMPLAR.render(Template(text), Known(names))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("'192.0.2.1' | ipaddr", "192.0.2.1"),
        ("'192.0.2.1/24' | ansible.utils.ipaddr('address')", "192.0.2.1"),
        ("'192.0.2.1/24' | ipaddr('network')", "192.0.2.0"),
        ("'192.0.2.1/24' | ipaddr('netmask')", "255.255.255.0"),
        ("'192.0.2.1/24' | ipaddr('prefix')", 24),
        ("'192.0.2.1/24' | ipaddr('broadcast')", "192.0.2.255"),
        ("'192.0.2.1/24' | ipaddr('subnet')", "192.0.2.0/24"),
        ("'192.0.2.0/24' | ipaddr('net')", "192.0.2.0/24"),
        ("'192.0.2.1/24' | ipaddr('net')", None),
        ("'192.0.2.0/24' | ipaddr('1')", "192.0.2.1/24"),
        ("'192.0.2.0/24' | ipaddr(-1)", "192.0.2.255/24"),
        ("'192.0.2.0/24' | ipaddr('size')", 256),
        ("'192.0.2.0/24' | ipaddr('first_usable')", "192.0.2.1"),
        ("'192.0.2.0/24' | ipaddr('range_usable')", "192.0.2.1-192.0.2.254"),
        ("'192.0.2.1' | ipaddr('192.0.0.0/8')", "192.0.2.1"),
        ("'10.0.0.1' | ipaddr('192.0.0.0/8')", None),
        ("'10.0.0.1' | ipaddr('private')", "10.0.0.1"),
        ("'192.0.2.5' | ipaddr('revdns')", "5.2.0.192.in-addr.arpa."),
        ("'x' | ipaddr", False),
        ("'2001:db8::1' | ipv6", "2001:db8::1"),
        ("'2001:db8::1' | ipv4", False),
        ("['1.2.3.4', 'x', '::1'] | ipv4", ["1.2.3.4"]),
        ("{'a': [{'b': 1}, {'b': 2}]} | json_query('a[].b')", [1, 2]),
        ("{'a': 1} | community.general.json_query('zz')", None),
        ("'pw' | password_hash('sha512', 'saltsalt', rounds=5000)", "$6$saltsalt$"),
        ("'pw' | password_hash('sha256', 'saltsalt', rounds=5000)", "$5$saltsalt$"),
        ("'pw' | password_hash('md5', 'saltsalt')", "$1$saltsalt$"),
        ("'pw' | password_hash('blowfish', rounds=4)", "$2b$04$"),
        ("'pw' | password_hash('blowfish', '1234567890123456789012', rounds=4)", "$2b$04$123456789012345678901u"),
    ],
)
def test_values(text: str, expected: Any) -> None:
    found = render("{{ " + text + " }}")
    if isinstance(expected, str) and expected.startswith("$"):
        assert found.startswith(expected)
    else:
        assert found == expected


def test_password_hash_is_what_passlib_verifies() -> None:
    from passlib.hash import sha512_crypt

    assert sha512_crypt.verify("s3cret", render("{{ 's3cret' | password_hash(rounds=5000) }}"))


@pytest.mark.parametrize(
    "text",
    [
        "'pw' | password_hash('nope')",
        "'S3CRET' | password_hash('sha512', 'a b!')",
        "'S3CRET' | password_hash('blowfish', 'x')",
    ],
)
def test_password_errors_do_not_show_the_password(text: str) -> None:
    with pytest.raises(TemplateError) as caught:
        render("{{ " + text + " }}")
    assert "S3CRET" not in str(caught.value)


def test_random_stays_inside() -> None:
    for _ in range(20):
        assert render("{{ [1, 2, 3] | random }}") in (1, 2, 3)
        assert 10 <= render("{{ 20 | random(start=10, step=5) }}") <= 15
    assert sorted(render("{{ [3, 1, 2] | shuffle }}")) == [1, 2, 3]
    assert render("{{ 5 | shuffle }}") == 5


def test_yaml_needs_a_reader_and_writer() -> None:
    bare = Templar()
    for name in ("to_yaml", "to_nice_yaml", "from_yaml", "from_yaml_all"):
        with pytest.raises(TemplateError, match=f"{name}.* is not available here"):
            bare.render(Template("{{ 'a' | " + name + " }}"), Known())
    with pytest.raises(TemplateError, match="'file' is not available here"):
        bare.render(Template("{{ lookup('file', 'a') }}"), Known())


def test_own_filters_and_tests_can_be_added() -> None:
    made = Templar(extra_filters={"twice": lambda value: value * 2}, extra_tests={"six": lambda value: value == 6})
    assert made.render(Template("{{ 3 | twice is six }}"), Known()) is True


def test_errors_name_the_filter() -> None:
    for text, words in (
        ("{{ 'x' | from_json }}", "the filter 'from_json' failed"),
        ("{{ 'x' | regex_replace('(', '') }}", "the filter 'regex_replace' failed"),
        ("{{ 'x' is match('(') }}", "the test 'match' failed"),
        ("{{ 1 | dict2items }}", "dict2items requires a dictionary, got 'int'"),
        ("{{ 'a' | combine({}) }}", "a dictionary is needed, not 'str'"),
    ):
        with pytest.raises(TemplateError) as caught:
            render(text)
        assert words in str(caught.value)


def test_filters_do_not_change_what_they_get() -> None:
    names = {"d": {"a": {"x": [1]}, "l": [3, 1]}, "l": [3, 1, 2]}
    for text in (
        "d | combine({'a': {'x': [2]}}, recursive=true, list_merge='append')",
        "l | sort",
        "l | shuffle",
        "l | union([9])",
        "d | to_nice_json",
        "l | reverse | list",
    ):
        render("{{ " + text + " }}", **names)
    assert names == {"d": {"a": {"x": [1]}, "l": [3, 1]}, "l": [3, 1, 2]}


def test_omit() -> None:
    assert render("{{ omit }}") is OMIT
    assert render("a{{ omit }}b") == "ab"
    assert render("{{ nope | default(omit) }}") is OMIT
    found = render("{{ {'a': 1, 'b': omit, 'c': [omit, {'d': omit}]} }}")
    assert found["b"] is OMIT
    assert drop_omitted(found) == {"a": 1, "c": [{}]}
    plain = {"a": [1, {"b": 2}]}
    assert drop_omitted(plain) is plain


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("'10.0.0.1/8' {} ('network')", ("ipaddr", "ansible.utils.ipaddr", "ansible.netcommon.ipaddr")),
        ("{{'a': {{'b': 5}}}} {} ('a.b')", ("json_query", "community.general.json_query")),
        ("'abc' {} ('b', 'x')", ("regex_replace", "ansible.builtin.regex_replace", "ansible.legacy.regex_replace")),
        ("'x' {} ('k')", ("dict_kv", "community.general.dict_kv")),
        ("[['a', 1]] {} ()", ("dict", "community.general.dict")),
    ],
)
def test_all_names_of_a_filter(value: str, names: tuple[str, ...]) -> None:
    found = [TEMPLAR.expression(value.format(f"| {name}").replace(" (", "("), Known()) for name in names]
    assert found and all(one == found[0] for one in found)


def test_collections_do_not_take_the_builtin_names() -> None:
    for text in ("'a' | community.general.upper", "'a' | ansible.utils.b64encode", "[1] | ansible.builtin.counter"):
        with pytest.raises(TemplateError, match="no filter named"):
            TEMPLAR.expression(text, Known())
