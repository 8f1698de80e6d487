"""`pbrun log list` and `pbrun log show`: which runs there were, and what they did."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.report_picture import records
from runner.cli.main import main
from runner.journal import Journal, Redactor
from runner.model.call import Status
from runner.model.event import PlayStart, RunEnd, RunStart, TaskIntent, TaskOutput, TaskResult


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A log folder with a run that failed, and one that was killed."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    made = tmp_path / "pbrun" / "runs"
    made.mkdir(parents=True)
    with Journal(made / "20261026T073320Z-5f2e9d1c0b7a.jsonl", "5f2e9d1c0b7a", Redactor(), new=True) as journal:
        journal.write([record.event for record in records(2, 6)], durable=False)
    with Journal(made / "20261027T073320Z-aaaa.jsonl", "aaaa", Redactor(), new=True) as journal:
        journal.write(
            [
                RunStart("0.1.0", ("pbrun", "apply", "plan.json"), git={"commit": "c" * 40}),
                PlayStart("web", "p1", ("a", "b")),
                TaskResult("web", "right", "t1", "a", "file", Status.OK, foretold="same"),
                TaskResult("web", "wrong", "t2", "a", "file", Status.CHANGED, changed=True, foretold="same"),
                TaskResult("web", "new", "t3", "a", "shell", Status.OK, rc=0, stdout="x\x1b[2J\ny", foretold="nothing"),
                TaskOutput("web", "new", "t3", "a", None, "stdout", ("answered",)),
                TaskResult("web", "new", "t3", "a", "shell", Status.OK, rc=0, stdout="answered"),
                TaskIntent("web", "sent", "t4", "b", None, 1, "shell", "unsafe", "a" * 64),
                TaskOutput("web", "sent", "t4", "b", None, "stdout", tuple(f"row {number}" for number in range(30))),
                TaskOutput("web", "sent", "t4", "b", None, "stderr", ("last\x1b[2J",)),
            ],
            durable=False,
        )
    return made


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["log", *words]) == 0
    return capsys.readouterr().out


def test_runs_newest_first_with_their_outcomes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = said(capsys, "list").splitlines()
    assert [row.split()[0] for row in rows] == ["RUN", "aaaa", "5f2e9d1c0b7a"]
    assert "crashed" in rows[1] and "cccccccccc" in rows[1] and "failed" in rows[2] and "site.yaml" in rows[2]
    made = [json.loads(row) for row in said(capsys, "list", "--json").splitlines()]
    assert [(one["run"], one["outcome"], one["hosts"]) for one in made] == [
        ("aaaa", "crashed", 2),
        ("5f2e9d1c0b7a", "failed", 2),
    ]
    log = folder / "20261027T073320Z-aaaa.jsonl"
    with Journal(log, "bbbb", Redactor(), new=False) as journal:
        journal.write([RunStart("0.1.0", ())], durable=False)
        assert [row.split()[0] for row in said(capsys, "list", "-n", "2").splitlines()] == ["RUN", "bbbb", "aaaa"]
        assert [json.loads(row)["outcome"] for row in said(capsys, "list", str(log), "--json").splitlines()] == [
            "running",
            "crashed",
        ]
        journal.write([RunEnd("ok", 0, {})], durable=False)


@pytest.mark.usefixtures("folder")
def test_what_a_run_did(capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "show", "5f2e")
    assert "PLAY " in text and "Install the packages" in text and "failed" in text
    failed = [json.loads(row) for row in said(capsys, "show", "5f2e", "--failed", "--json").splitlines()]
    assert failed and {row["status"] for row in failed} <= {"failed", "unreachable"}
    one = [json.loads(row) for row in said(capsys, "show", "5f2e", "--task", "Install*", "--json").splitlines()]
    assert {row["task"] for row in one} == {"Install the packages"}
    assert len({row["host"] for row in one}) == 2
    host = one[0]["host"]
    named = said(capsys, "show", "5f2e", "--host", host)
    assert host in named and one[1]["host"] not in named.replace(host, "")


@pytest.mark.usefixtures("folder")
def test_what_a_plan_foretold_otherwise(capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "show", "aaaa", "--predictions")
    assert "TASK wrong" in text and "the plan foretold same" in text
    assert "TASK new" in text and "the plan foretold nothing" in text and "\x1b" not in text
    assert "TASK right" not in text
    text = said(capsys, "show", "aaaa")
    assert "it may or may not have run" in text
    assert "row 29\n      stderr | last\\x1b[2J\n" in text and "row 10\n" not in text
    assert "stdout | answered" not in text
