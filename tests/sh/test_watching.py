"""A streamed step answers exactly as one that is not, in every shell, and leaves no process behind."""

from __future__ import annotations

import secrets
import shutil
import subprocess

import pytest

from runner.model.call import Fragment, Line, Target, Trip
from runner.sh.frames import Frames, Piece, PieceEnd, Record
from runner.sh.fuse import trip_text
from runner.sh.prelude import session_script

LONG = "echo a; sleep 2; echo b >&2; exit 7"
QUICK = "echo q; exit 3"


def answers(shell: list[str], *, stream: bool) -> list[Record]:
    """What a session says to one long step and some quick ones."""
    token = secrets.token_hex(16)
    steps = [Fragment("pb_differs", f"pb_user_run /bin/sh -c '{text}'") for text in (LONG, *[QUICK] * 8)]
    lines = tuple(Line(number, number, step, tolerant=True, stream=stream) for number, step in enumerate(steps))
    trip = trip_text(Trip(1, Target("h"), None, lines), token, {})
    assert ("watch" in trip) is stream, "what is not streamed is sent as it always was"
    text = session_script(token, secrets.token_hex(16)) + trip
    # Whoever is left behind would hold the pipe open.
    ended = subprocess.run(shell, input=text.encode(), stdout=subprocess.PIPE, timeout=20, check=False)
    return Frames(token).feed(ended.stdout)[1:]


@pytest.mark.parametrize("shell", [["dash"], ["bash", "--posix"], ["busybox", "sh"]], ids=lambda words: words[0])
def test_the_answer_is_the_same(shell: list[str]) -> None:
    if not shutil.which(shell[0]):
        pytest.skip(f"needs {shell[0]}")
    plain, streamed = answers(shell, stream=False), answers(shell, stream=True)
    pieces = [record for record in streamed if isinstance(record, Piece)]
    assert Piece(0, "o", b"a\n") in pieces
    assert [record for record in streamed if not isinstance(record, Piece | PieceEnd)] == plain
