"""Lines and patterns as pure functions: a table, and properties that hold for any file."""

from __future__ import annotations

import re
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.sh.lines import Wish, absent, present, split
from runner.sh.lines_grep import grep_pattern

LINE = st.sampled_from([b"a", b"foo", b"foo=1", b"#foo", b"", b"[s]", b"\xff\xfe", b"x y"])
CONTENT = st.builds(
    lambda lines, end: b"\n".join(lines) + end,
    st.lists(LINE | st.just(b"b\r"), max_size=6),
    st.sampled_from([b"", b"\n"]),
)
PATTERN = st.sampled_from([b"foo", b"^foo", b"o$", b"zzz", b"^\\[", b"^$"])
WISHES = st.one_of(
    st.builds(Wish, line=LINE, after=st.none() | PATTERN | st.just(b"EOF") | st.just(b"BOF"), firstmatch=st.booleans()),
    st.builds(Wish, line=LINE, before=PATTERN | st.just(b"BOF"), firstmatch=st.booleans()),
    st.builds(Wish, line=st.just(b"foo=2"), regexp=st.just(b"^foo="), after=st.none() | PATTERN),
    st.builds(Wish, line=LINE, search=st.sampled_from([b"foo", b"zzz"])),
)


@given(CONTENT, WISHES)
def test_present_adds_or_replaces_one_line(content: bytes, wish: Wish) -> None:
    edit = present(content, wish)
    before, after = len(split(content)), len(split(edit.content))
    assert bool(edit.msg) == (edit.content != content)
    assert after - before == {"": 0, "line added": 1, "line replaced": 0}[edit.msg]
    if not wish.search:
        assert (wish.line or b"") in [line.rstrip(b"\r\n") for line in split(edit.content)]


@given(CONTENT, WISHES)
def test_present_twice_is_once(content: bytes, wish: Wish) -> None:
    if wish.search:
        return  # the new line need not hold what was searched for
    once = present(content, wish)
    assert present(once.content, wish).msg == ""


@given(CONTENT, LINE)
def test_absent_leaves_the_rest(content: bytes, line: bytes) -> None:
    edit = absent(content, Wish(line=line))
    assert [one for one in split(content) if one.rstrip(b"\r\n") != line] == split(edit.content)
    assert edit.msg == (f"{edit.found} line(s) removed" if edit.found else "")


def test_wrong_patterns_raise() -> None:
    with pytest.raises(re.error):
        present(b"a\n", Wish(line=b"x", regexp=b"("))
    with pytest.raises(re.error):
        present(b"a\n", Wish(line=b"\\9", regexp=b"a", backrefs=True))


@pytest.mark.parametrize(
    ("pattern", "ere"),
    [
        ("ready", "ready"),
        ("^Started .* in [0-9.]+s$", "^Started .* in [0-9.]+s$"),
        (r"port \d+", "port [0-9]+"),
        (r"a\.b\+c", "a[.]b[+]c"),
        ("a.*?b", "a.*b"),
        ("x{2,3}", "x{2,3}"),
        ("(a|b)c", "(a|b)c"),
        ("(?i)x", None),
        ("(?:x)", None),
        (r"\bx", None),
        (r"a\sb", None),
        ("[^a]", None),
        (r"(x)\1", None),
        ("a\nb", None),
        (r"a\nb", None),
        ("ä", None),
        ("*a", None),
        ("[[:alpha:]]", None),
        ("", None),
    ],
)
def test_grep_pattern(pattern: str, ere: str | None) -> None:
    assert grep_pattern(pattern) == ere


TEXT = "a1 b.c\nready\n\nport 80: (ok) x*y+z\naab\n"
PIECES = st.sampled_from(
    ["a", "b", ".", r"\.", r"\d", r"\w", r"\s", "[a-c]", "[^a]", "^", "$", "x\\*y", "(a|b)", "ok", r"\("]
)
QUANTIFIED = st.builds(
    lambda piece, many: piece + many, PIECES, st.sampled_from(["", "", "*", "+", "?", "{1,2}", "+?"])
)


@settings(max_examples=60, deadline=None)
@given(st.lists(QUANTIFIED, min_size=1, max_size=4).map("".join), st.sampled_from(["grep", "busybox grep"]))
def test_grep_finds_what_python_finds(pattern: str, tool: str) -> None:
    try:
        expected = re.search(pattern.encode(), TEXT.encode(), re.MULTILINE) is not None
    except re.error:
        return
    ere = grep_pattern(pattern)
    if ere is None:
        return
    done = subprocess.run([*tool.split(), "-Eq", "-e", ere], input=TEXT.encode(), check=False)
    assert (done.returncode == 0) == expected, ere
