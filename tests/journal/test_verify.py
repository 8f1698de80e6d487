"""Whatever is done to a log is found: each line changed, dropped, swapped, repeated, put in; its end cut off."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from runner.cli.main import main
from runner.errors import PbrunError
from runner.journal import Journal, Redactor
from runner.journal.verify import Chain, verify
from runner.model.call import Status
from runner.model.event import (
    Event,
    IntentWithdrawn,
    Notice,
    ResumeStart,
    RunEnd,
    RunStart,
    TaskIntent,
    TaskResult,
)
from runner.resuming import find

START = RunStart("0.1.0", ("pbrun", "site.yaml"))


def steps(many: int) -> list[Event]:
    made: list[Event] = [START]
    for number in range(many):
        made.append(
            TaskIntent("web", "install", f"t{number}", "a", None, 1, "copy", "idempotent", "a" * 64, trip=number)
        )
        made.append(TaskResult("web", "install", f"t{number}", "a", "copy", Status.OK, None, 0, "out\n"))
    return made


def write(path: Path, run: str, events: list[Event], after: tuple[int, int] | None = None) -> str:
    with Journal(path, run, Redactor(), new=False, after=after) as journal:
        for event in events:
            journal.write([event], durable=False)
        return journal.head


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Two hundred lines: a run that was interrupted and went on, and another one behind it."""
    path = tmp_path / "log.jsonl"
    broken = [*steps(40), RunEnd("interrupted", 99, {})]
    write(path, "aaaa", broken)
    write(path, "aaaa", [ResumeStart("0.1.0", (), 40), *steps(20)[1:], RunEnd("ok", 0, {})], (81, path.stat().st_size))
    write(path, "bbbb", [*steps(37), RunEnd("ok", 0, {})])
    return path


def rows_of(log: Path) -> list[bytes]:
    return log.read_bytes().splitlines(keepends=True)


def test_a_log_of_several_runs_is_whole(log: Path) -> None:
    rows = rows_of(log)
    found = verify(rows)
    assert (found.faults, found.lines, found.runs, found.open) == ((), 200, 2, ())
    assert found.head == sha256(rows[-1]).hexdigest()
    assert verify(rows, found.head).faults == ()


def mutations(row: bytes, after: list[bytes], other: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """What one can do to one line; each with all that follows then."""
    for where in range(0, len(row), 11):
        changed = bytearray(row)
        changed[where] ^= 1
        yield f"byte {where}", [*bytes(changed).splitlines(keepends=True), *after]
    yield "its newline", [row[:-1], *after] if not after else [row[:-1] + after[0], *after[1:]]
    yield "respelled", [row.replace(b",", b", ", 1), *after]
    yield "dropped", after
    yield "repeated", [row, row, *after]
    yield "put in", [row, other, *after]
    yield "garbage", [row, b"\n", *after]
    if after:
        yield "swapped", [after[0], row, *after[1:]]


def test_every_mutation_of_every_line_is_found(log: Path) -> None:
    """Two lines behind the mutation are enough; before it the state is that of the whole log."""
    rows = rows_of(log)
    chain, missed = Chain(None), []
    for at, row in enumerate(rows):
        after = rows[at + 1 : at + 3]
        head = sha256(after[-1] if after else row).hexdigest()
        for name, changed in mutations(row, after, rows[(at + 90) % len(rows)]):
            if not found(chain, changed, head):
                missed.append((at + 1, name))
        chain.see(row)
    assert missed == []
    assert chain.verdict().faults == ()


def found(chain: Chain, rows: list[bytes], head: str) -> bool:
    run = chain.run and replace(chain.run, sent=set(chain.run.sent))
    one = Chain(head, chain.head, chain.number, chain.whole, dict(chain.places), [*chain.kinds], run, set(chain.seen))
    all(one.see(row) for row in rows)
    return bool(one.verdict().faults)


def test_every_cut_of_the_last_line_is_found(log: Path) -> None:
    rows = rows_of(log)
    head = verify(rows).head
    for end in range(1, len(rows[-1]), 3):
        (fault,) = verify([*rows[:-1], rows[-1][:end]]).faults
        assert fault[0] == 200 and "half a line" in fault[1]
    found = verify(rows[:-1], head)
    assert found.faults and found.open == ("bbbb",)
    assert verify(rows[:-1]).faults == () and verify(rows[:-1]).open == ("bbbb",)


def test_a_log_written_anew_has_another_head(log: Path, tmp_path: Path) -> None:
    rows = rows_of(log)
    head = verify(rows).head
    write(tmp_path / "forged", "aaaa", [*steps(20), RunEnd("ok", 0, {})])
    forged = rows_of(tmp_path / "forged")
    assert verify(forged).faults == ()
    ((_, what),) = verify(forged, head).faults
    assert "no line has the head" in what


def test_what_later_runs_add_is_told_from_what_was_added(log: Path) -> None:
    rows = rows_of(log)
    first = sha256(rows[81]).hexdigest()
    assert verify(rows, first).faults == () and verify(rows, first).after == 118
    ((line, what),) = verify(rows, sha256(rows[4]).hexdigest()).faults
    assert line == 6 and "what follows was added" in what


@pytest.mark.parametrize(
    ("events", "said"),
    [
        ([Notice("notice", "x")], "does not begin with run_start"),
        ([START, START], "begins a second time"),
        ([START, RunEnd("ok", 0, {}), Notice("notice", "x")], "was over before this"),
        ([START, RunEnd("ok", 0, {}), ResumeStart("0.1.0", (), 1)], "was over before this"),
        ([START, RunEnd("indeterminate", 6, {}), ResumeStart("0.1.0", (), 1)], "was over before this"),
        ([START, IntentWithdrawn("t1", "a")], "withdraws an intent that is not there"),
    ],
)
def test_a_chain_that_holds_but_is_of_no_run(events: list[Event], said: str, tmp_path: Path) -> None:
    write(tmp_path / "log", "cccc", events)
    assert [what for _, what in verify(rows_of(tmp_path / "log")).faults if said in what]


def test_a_run_that_ended_with_open_questions_goes_on_when_they_are_answered(tmp_path: Path) -> None:
    answer = ResumeStart("0.1.0", (), 1, indeterminate="skip")
    write(tmp_path / "log", "cccc", [START, RunEnd("indeterminate", 6, {}), answer, RunEnd("ok", 0, {})])
    assert verify(rows_of(tmp_path / "log")).faults == ()


def test_newer_lines(log: Path) -> None:
    rows = rows_of(log)
    head = sha256(rows[-1]).hexdigest()
    later = {"v": 1, "seq": 0, "run": "dddd", "type": "run_start", "ts": "2026-01-02T03:04:05.000000Z", "prev": head}
    start = json.dumps({**later, "version": "9", "argv": [], "more": [1]}).encode() + b"\n"
    new = {**later, "seq": 1, "type": "checkpoint", "prev": sha256(start).hexdigest()}
    assert verify([*rows, start, json.dumps(new).encode() + b"\n"]).faults == ()
    ((line, what),) = verify([*rows, start.replace(b'"v": 1', b'"v": 2'), *rows]).faults
    assert line == 201 and "newer than this pbrun" in what


def test_the_command_says_where(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    head = verify(rows_of(log)).head
    assert main(["log", "verify", str(log), "--head", head]) == 0
    assert f"is whole: 200 lines, 2 runs, head {head}" in capsys.readouterr().out
    log.write_bytes(log.read_bytes().replace(b'"rc":0', b'"rc":1', 1))
    assert main(["log", "verify", str(log)]) == 7
    assert f"{log}:3: this line was changed" in capsys.readouterr().out
    assert main(["log", "verify", str(log), "--head", "abc"]) == 5
    with pytest.raises(PbrunError, match="not as it was written"):
        find(str(log), {})
