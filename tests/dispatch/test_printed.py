"""The lines of a streamed step: each once and whole, however they came, and never more than there is room for."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.dispatch._printed import MAX_BYTES, MAX_LINES, MAX_WIDTH, Printed
from runner.model.call import Reply
from runner.sh.frames import Piece

BYTES = st.lists(
    st.sampled_from([b"a", b"\n", b"\r\n", b"\xff", b"\x1b[31m", "é".encode(), b"long" * 1500]), max_size=40
)


def told(data: bytes, cuts: list[int], name: str = "o") -> tuple[list[str], int]:
    """The lines, and how many were left out, of an output whose pieces ended at `cuts`, and the rest with the reply."""
    printed, at = Printed(), 0
    lines: list[str] = []
    for cut in sorted(cuts):
        for _, more, left_out in printed.piece(Piece(0, name, data[at:cut])):
            assert left_out == 0
            lines += more
        at = cut
    reply = Reply(1, 0, 0, stdout=data) if name == "o" else Reply(1, 0, 0, stderr=data)
    left = 0
    for stream, more, left_out in printed.rest(reply):
        assert stream == {"o": "stdout", "e": "stderr"}[name]
        lines += more
        left += left_out
    return lines, left


@given(BYTES.map(b"".join), st.lists(st.integers(0, 1 << 20)), st.sampled_from("oe"))
def test_pieces_make_no_difference(data: bytes, places: list[int], name: str) -> None:
    lines, left_out = told(data, [place % (len(data) + 1) for place in places], name)
    whole = data.decode("utf-8", "surrogateescape").split("\n")
    whole = whole[:-1] if not whole[-1] else whole
    short = [line for line in whole if len(line.encode("utf-8", "surrogateescape")) <= MAX_WIDTH]
    assert lines == [line.rstrip("\r") for line in short]
    assert left_out == len(whole) - len(short)


@pytest.mark.parametrize(
    ("data", "lines", "left_out"),
    [
        (b"\n" * (8 << 20), MAX_LINES, (8 << 20) - MAX_LINES),
        (b"x" * (16 << 20), 0, 1),
        ((b"y" * (MAX_WIDTH - 1) + b"\n") * 3000, MAX_BYTES // (MAX_WIDTH - 1), 3000 - MAX_BYTES // (MAX_WIDTH - 1)),
        (b"", 0, 0),
    ],
    ids=["newlines", "no newline", "wide", "nothing"],
)
def test_memory_and_log_are_bounded(data: bytes, lines: int, left_out: int) -> None:
    tracemalloc.start()
    try:
        found, left = told(data, [*range(0, min(len(data), 1 << 20), 16384)])
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (len(found), left) == (lines, left_out)
    assert most < 2 * len(data) + (16 << 20)
