"""Reading a log: a torn end is forgiven and told, anything else is refused with its line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from runner.errors import EnvironmentFault, InputErrors
from runner.journal import Journal, Redactor, read
from tests.journal.examples import EVENTS


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log with every event in it."""
    with Journal(tmp_path / "log", "run", Redactor(), new=True) as journal:
        journal.write(EVENTS, durable=False)
    return tmp_path / "log"


def test_every_byte_of_the_last_record_can_be_missing(log: Path) -> None:
    whole = log.read_bytes()
    rows = whole.splitlines(keepends=True)
    before = len(whole) - len(rows[-1])
    for end in range(before, len(whole)):
        log.write_bytes(whole[:end])
        notes: list[str] = []
        assert len(list(read(log, notes.append))) == len(rows) - 1
        assert len(notes) == (end > before), end
        assert all(f"{log}:{len(rows)}: the last line is torn" in note for note in notes)


@pytest.mark.parametrize(
    "garbage", [b"garbage\n", b"\n", b'{"v": 1}\n', b"[]\n", b"\xff\n", b'{"v":1,"type":"plan"}\n']
)
def test_garbage_elsewhere_is_refused_with_its_line(log: Path, garbage: bytes) -> None:
    rows = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join([*rows[:3], garbage, *rows[3:]]))
    found = read(log)
    assert [next(found).seq for _ in range(3)] == [0, 1, 2]
    with pytest.raises(InputErrors) as caught:
        list(found)
    (problem,) = caught.value.problems
    assert (problem.span.path, problem.span.line) == (str(log), 4)
    assert "not a line of a log" in problem.message


def test_newer_types_and_fields_are_passed_over(log: Path) -> None:
    rows = [json.loads(row) for row in log.read_text().splitlines()]
    newer = [{**row, "newer": "0" * 64} for row in rows] + [{**rows[0], "type": "checkpoint"}]
    log.write_text("".join(json.dumps(row) + "\n" for row in newer))
    assert len(list(read(log))) == len(rows)


def test_a_newer_major_version_is_refused(log: Path) -> None:
    log.write_text(log.read_text().replace('"v":1', '"v":2'))
    with pytest.raises(InputErrors, match="version 2 of the log is newer"):
        list(read(log))


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFault, match=r"cannot read the log .*: no such file"):
        list(read(tmp_path / "missing"))
    with pytest.raises(EnvironmentFault, match="is a directory"):
        list(read(tmp_path))
