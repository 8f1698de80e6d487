"""`pbrun log report`: which log it takes, where it writes, what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.report_picture import records
from runner.cli.main import main
from runner.journal import line


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    folder = tmp_path / "pbrun" / "runs"
    folder.mkdir(parents=True)
    path = folder / "20261026T073320Z-5f2e9d1c0b7a.jsonl"
    path.write_bytes(b"".join(line(record) for record in records(2, 6)))
    return path


def test_several_reports_of_one_log(log: Path, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    words = [
        "--html",
        str(tmp_path / "o.html"),
        "--junit",
        str(tmp_path / "o.xml"),
        "--sarif",
        str(tmp_path / "o.sarif"),
    ]
    assert main(["log", "report", str(log), *words, "--markdown", "-"]) == 0
    assert capfdbinary.readouterr().out.decode().startswith("## `site.yaml`: failed")
    before = [(tmp_path / name).read_bytes() for name in ("o.html", "o.xml", "o.sarif")]
    assert before[0].startswith(b"<!DOCTYPE html>") and before[1].startswith(b"<?xml")
    for run in ("last", "5f2e"):
        assert main(["log", "report", run, *words]) == 0
        assert [(tmp_path / name).read_bytes() for name in ("o.html", "o.xml", "o.sarif")] == before


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["last"], 5, "say what to make: --html OUT"),
        (["last", "--html", "-", "--junit", "-"], 5, "only one report"),
        (["abcdef", "--html", "-"], 5, "no log file 'abcdef'"),
        (["last", "--html", "/nowhere/x.html"], 1, "cannot write /nowhere/x.html: No such file"),
        (["last", "--htm1", "x"], 5, "--html"),
    ],
)
@pytest.mark.usefixtures("log")
def test_mistakes(words: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["log", "report", *words]) == code
    assert said in capsys.readouterr().err


def test_a_file_that_is_no_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "other").write_text("hello\n")
    assert main(["log", "report", str(tmp_path / "empty"), "--html", "-"]) == 5
    assert main(["log", "report", str(tmp_path / "other"), "--html", "-"]) == 4
    said = capsys.readouterr().err
    assert "holds no run" in said and "not a line of a log" in said
