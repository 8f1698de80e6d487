"""The parser of answers: any cut of the stream gives the same records, and much data costs little."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.model.fate import Fate
from runner.sh.frames import (
    Differs,
    Errors,
    Fated,
    FrameError,
    Frames,
    Output,
    Piece,
    PieceEnd,
    Ready,
    Record,
    Refused,
    StepEnd,
    StepStart,
    TripDone,
    Value,
)
from runner.sh.replies import Replies

TOKEN = "0f1e2d3c4b5a69788796a5b4c3d2e1ff"  # no piece of it is both its beginning and its end
MARK = TOKEN.encode()
# Payloads like to hold pieces of the token.
PAYLOAD = st.lists(st.binary(max_size=8) | st.integers(0, 31).map(lambda size: MARK[:size]), max_size=6).map(b"".join)
INDEX = st.integers(0, 99)
RECORD: st.SearchStrategy[Record] = st.one_of(
    st.builds(StepStart, INDEX),
    st.builds(Fated, INDEX, st.sampled_from(Fate), INDEX),
    st.builds(Differs, INDEX),
    st.builds(Value, INDEX, st.sampled_from(["msg", "dest", "a.b"]), PAYLOAD),
    st.builds(Output, INDEX, PAYLOAD),
    st.builds(Errors, INDEX, PAYLOAD),
    st.builds(Piece, INDEX, st.sampled_from("oe"), PAYLOAD),
    st.builds(PieceEnd),
    st.builds(StepEnd, INDEX, st.integers(0, 255)),
)


def wire(record: Record) -> bytes:
    match record:
        case Piece(index, stream, data):
            return MARK + b"L %d %s\n" % (index, stream.encode()) + data
        case PieceEnd():
            return MARK + b"K\n"
        case StepStart(index):
            return MARK + b"S %d\n" % index
        case Fated(index, fate, was):
            return MARK + b"F %d %s %d\n" % (index, fate.encode(), was)
        case Differs(index):
            return MARK + b"D %d\n" % index
        case Value(index, key, data):
            return MARK + b"V %d %s\n" % (index, key.encode()) + data
        case Output(index, data):
            return MARK + b"O %d\n" % index + data
        case Errors(index, data):
            return MARK + b"E %d\n" % index + data
        case StepEnd(index, rc):
            return MARK + b"X %d %d\n" % (index, rc)
        case TripDone(stopped_at):
            return MARK + b"Z %s\n" % (b"-" if stopped_at is None else b"%d" % stopped_at)
        case Ready(pid, folder):
            return MARK + b"A %d %s\n" % (pid, folder.encode())
        case Refused(message):
            return MARK + b"R %s\n" % message.encode()


@given(st.lists(RECORD, max_size=12), st.lists(st.integers(0, 600), max_size=20), st.binary(max_size=20))
def test_any_cut_gives_the_same_records(records: list[Record], cuts: list[int], noise: bytes) -> None:
    records = [Ready(7, "/tmp/a b"), *records, TripDone(None)]
    stream = noise + b"".join(wire(record) for record in records)
    places = sorted({0, *(cut for cut in cuts if cut < len(stream)), len(stream)})
    frames = Frames(TOKEN)
    found = [record for a, b in pairwise(places) for record in frames.feed(stream[a:b])]
    assert found == records
    assert frames.noise == noise


def test_large_payloads_keep_head_and_tail_and_cost_linear_time() -> None:
    frames = Frames(TOKEN, limit=1 << 20)
    frames.feed(wire(StepStart(0)) + MARK + b"O 0\n" + b"head")
    before = time.process_time()
    for _ in range(4000):
        assert frames.feed(b"x" * 10_000) == []
    assert time.process_time() - before < 3
    (output, end) = frames.feed(b"tail" + wire(StepEnd(0, 0)))
    assert isinstance(output, Output)
    assert output.truncated
    assert output.data.startswith(b"head")
    assert output.data.endswith(b"tail")
    assert b"bytes left out" in output.data
    assert len(output.data) < (1 << 20) + 100
    assert end == StepEnd(0, 0)


def test_small_pieces_cost_linear_time() -> None:
    frames = Frames(TOKEN)
    stream = wire(StepStart(0)) + wire(Output(0, b"y" * 300_000)) + wire(StepEnd(0, 0))
    before = time.process_time()
    found = [record for at in range(0, len(stream), 7) for record in frames.feed(stream[at : at + 7])]
    assert time.process_time() - before < 3
    assert found[1] == Output(0, b"y" * 300_000)


@pytest.mark.parametrize("line", [b"S x\n", b"Q 1\n", b"X 1\n", b"\n", b"S" * 40_000])
def test_nonsense_is_an_error(line: bytes) -> None:
    with pytest.raises(FrameError):
        Frames(TOKEN).feed(MARK + line)


def test_records_fold_into_replies() -> None:
    fold = Replies(5)
    records: list[Record] = [
        StepStart(3),
        Value(3, "k", b"1"),
        Differs(3),
        Output(3, b"o", True),
        Errors(3, b"e"),
    ]
    assert [fold.see(record, 10.0) for record in records] == [None] * 5
    assert fold.running == 3
    reply = fold.see(StepEnd(3, 2), 11.5)
    assert reply is not None
    assert (reply.trip, reply.index, reply.rc, reply.differs, reply.truncated) == (5, 3, 2, True, True)
    assert (reply.values, reply.stdout, reply.stderr, reply.start, reply.end) == ({"k": b"1"}, b"o", b"e", 10.0, 11.5)
    assert fold.timed_out(12.0) is None
    fold.see(StepStart(4), 12.0)
    late = fold.timed_out(13.0)
    assert late is not None
    assert (late.index, late.timed_out, late.rc) == (4, True, 124)
