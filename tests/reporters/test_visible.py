"""Nothing from a host can move a cursor, hide or turn text around."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.reporters import visible


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain text ~", "plain text ~"),
        ("é 漢 🙂", "é 漢 🙂"),
        ("a\x1b[2Jb", "a\\x1b[2Jb"),
        ("\x00\x07\x08\x7f\x9b", "\\x00\\x07\\x08\\x7f\\x9b"),
        ("a\rb\nc\td", "a\\rb\\nc\\td"),
        ("\u202eabc\u2066", "\\u202eabc\\u2066"),
        ("a\u200bb\ufeffc\u2060", "a\\u200bb\\ufeffc\\u2060"),
        ("\U000e0041\ufe0f", "\\U000e0041\\ufe0f"),
        ("\udcff\ud800", "\\xff\\ud800"),
        ("\u2028\x85", "\\u2028\\x85"),
    ],
)
def test_escapes(text: str, expected: str) -> None:
    assert visible(text) == expected


@given(st.text(st.characters(), max_size=50), st.booleans())
def test_what_is_shown_has_a_shape(text: str, rows: bool) -> None:
    shown = visible(text, rows=rows)
    kept = "\n\t" if rows else ""
    assert all(ch in kept or unicodedata.category(ch) not in {"Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"} for ch in shown)
    assert visible(shown, rows=rows) == shown
    shown.encode()


def test_rows_keep_their_breaks() -> None:
    assert visible("a\r\nb\tc\rd", rows=True) == "a\nb\tc\\rd"
