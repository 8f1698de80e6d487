"""Words that the session's own shell runs itself answer as they do in a shell of their own, and end nothing of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from runner.model.call import Fragment, Line, Target, Trip
from runner.sh.frames import StepEnd, TripDone
from runner.sh.fuse import trip_text
from runner.sh.user_command import bare_words, through_shell
from tests.modules.harness import AS_SH, SHELLS, run_lines

ALL = sorted({**SHELLS, **AS_SH})


def said(command: str, index: int, **more: Any) -> Line:
    return Line(index, index, Fragment("pb_differs", through_shell(command), bare=bare_words(command)), **more)


@pytest.mark.parametrize("shell", ALL)
def test_they_answer_like_any_step(shell: str, tmp_path: Path) -> None:
    commands = ["echo one  two", "echo -n three", "true", "echo -- -e x=1 %s", "false", "echo never"]
    replies, records = run_lines([said(text, index) for index, text in enumerate(commands)], shell, home=tmp_path)
    assert [(reply.rc, reply.stdout, reply.stderr) for reply in replies[:3]] == [
        (0, b"one two\n", b""),
        (0, b"three", b""),
        (0, b"", b""),
    ]
    assert replies[3].stdout == b"-- -e x=1 %s\n"
    assert [reply.rc for reply in replies[4:]] == [1]
    assert records[-1] == TripDone(4)


@pytest.mark.parametrize("shell", ALL)
def test_among_other_steps_nothing_is_mixed_up(shell: str, tmp_path: Path) -> None:
    lines = [
        said("echo a", 0),
        Line(1, 1, Fragment("pb_differs", "pb_kv k v; echo b; echo c >&2; exit 3"), tolerant=True),
        said("echo d", 2),
        said("echo e", 3, environment={"X": "1"}),
        said("echo f", 4, timeout_s=5.0),
        said("echo g", 5),
        Line(6, 6, Fragment("pb_differs", "pb_user_run head -c 5000 /dev/zero")),
        said("false", 7, tolerant=True),
        said("echo h", 8),
    ]
    replies, records = run_lines(lines, shell, home=tmp_path)
    assert [(reply.index, reply.rc) for reply in replies] == [(n, {1: 3, 7: 1}.get(n, 0)) for n in range(9)]
    texts = [reply.stdout for reply in replies]
    assert texts == [b"a\n", b"b\n", b"d\n", b"e\n", b"f\n", b"g\n", b"\0" * 5000, b"", b"h\n"]
    assert (replies[1].stderr, replies[1].values) == (b"c\n", {"k": b"v"})
    assert records[-1] == TripDone(None)
    assert [record.index for record in records if isinstance(record, StepEnd)] == list(range(9))


@pytest.mark.parametrize(
    "command",
    [
        "exit 3",
        "cd /",
        "echo a; exit",
        "echo $HOME",
        "echo 'a b'",
        "a=1 echo",
        "exec echo x",
        "pb_fail x",
        "cat f",
        "echo a\nb",
    ],
)
def test_other_lines_get_a_subshell(command: str) -> None:
    assert bare_words(command) == ""
    assert (
        "if [" not in trip_text(Trip(1, Target("h"), None, (said(command, 0),)), "ab" * 16, {}).split("pb_end")[0][90:]
    )


def test_what_is_asked_beside_the_words_needs_a_subshell() -> None:
    for more in ({"environment": {"A": "b"}}, {"check": True}):
        text = trip_text(Trip(1, Target("h"), None, (said("echo x", 0, **more),)), "ab" * 16, {})
        assert '"$0" = /bin/sh ]; then' not in text
    assert '"$0" = /bin/sh ]; then echo x' in trip_text(Trip(1, Target("h"), None, (said("echo x", 0),)), "ab" * 16, {})
