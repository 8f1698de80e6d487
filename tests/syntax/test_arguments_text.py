"""`name=value` text and free text, as Ansible splits them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.syntax.arguments_text import COMMAND_OPTIONS, ArgumentsTextError, parse_arguments


def split(text: str, command: bool = False) -> tuple[dict[str, str], str | None]:
    found = parse_arguments(text, COMMAND_OPTIONS if command else None)
    return {pair.name: pair.value for pair in found.pairs}, found.free


# Each line was compared with ansible-core 2.19's parse_kv.
@pytest.mark.parametrize(
    ("text", "pairs", "free"),
    [
        ('src=a dest="b c" mode=0644', {"src": "a", "dest": "b c", "mode": "0644"}, None),
        ("dest='b c'", {"dest": "b c"}, None),
        ("path={{ a }}/{{ b | default('x y') }} state=link", {"path": "{{ a }}/{{ b | default('x y') }}",
         "state": "link"}, None),
        ("msg={% if a %} b {% endif %}", {"msg": "{% if a %}"}, "b {% endif %}"),
        ("msg={# a = b #}x", {"msg": "{# a = b #}x"}, None),
        ("line=a=b", {"line": "a=b"}, None),
        ('line="a\\tb"', {"line": "a\tb"}, None),
        ("foo", {}, "foo"),
        ("foo a=b bar", {"a": "b"}, "foo bar"),
        ("a\\=b", {}, "a=b"),
        ("a=", {"a": ""}, None),
        ("a=b\nc=d", {"a": "b", "c": "d"}, None),
        ("msg='it''s'", {"msg": "it''s"}, None),
        ("", {}, None),
        ("   ", {}, None),
    ],
)  # fmt: skip
def test_pairs(text: str, pairs: dict[str, str], free: str | None) -> None:
    assert split(text) == (pairs, free)


@pytest.mark.parametrize(
    ("text", "pairs", "free"),
    [
        ("echo hi chdir=/tmp creates=x", {"chdir": "/tmp", "creates": "x"}, "echo hi"),
        ("chdir=/tmp echo hi", {"chdir": "/tmp"}, "echo hi"),
        ("env A=1 B=2 cmd", {}, "env A=1 B=2 cmd"),
        ('echo "a  b" chdir="/x y"', {"chdir": "/x y"}, 'echo "a  b"'),
        ("echo a=b\\nc", {}, "echo a=b\\nc"),
        ("for i in 1 2; do\n  echo $i\ndone", {}, "for i in 1 2; do\n  echo $i\ndone"),
        ("echo a \\\n  b", {}, "echo a b"),
        ("echo {{ a }} creates={{ b }}/c", {"creates": "{{ b }}/c"}, "echo {{ a }}"),
    ],
)
def test_free_text(text: str, pairs: dict[str, str], free: str | None) -> None:
    assert split(text, command=True) == (pairs, free)


@pytest.mark.parametrize("text", ["a='b", 'echo "x', "a={{ b", "a={% b", "x {# y"])
def test_unclosed(text: str) -> None:
    with pytest.raises(ArgumentsTextError, match="never closed"):
        split(text)


def test_offsets() -> None:
    found = parse_arguments("echo hi chdir=/tmp", COMMAND_OPTIONS)
    assert (found.pairs[0].offset, found.free_offset) == (8, 0)


VALUES = st.text(alphabet=st.characters(exclude_characters="\\{}'\"", exclude_categories=["C"]), max_size=12)
NAMES = st.from_regex(r"[a-z][a-z_]{0,5}", fullmatch=True)


@settings(deadline=None)
@given(st.dictionaries(NAMES, VALUES, max_size=4))
def test_round_trip(data: dict[str, str]) -> None:
    data = {name: value.strip() for name, value in data.items()}
    assert split(" ".join(f'{name}="{value}"' for name, value in data.items()))[0] == data


@settings(deadline=None)
@given(st.text(alphabet="ab= \n'\"\\{}%#", max_size=30))
def test_junk_never_crashes_and_free_text_is_kept(text: str) -> None:
    try:
        found = parse_arguments(text, ())
    except ArgumentsTextError:
        return
    assert found.pairs == ()
    if "\\" not in text:
        assert (found.free or "").split() == text.split()
