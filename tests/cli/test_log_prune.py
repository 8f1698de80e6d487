"""`pbrun log prune` removes only what may go: nothing that runs, nothing that can be resumed."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from runner.cli.main import main
from runner.journal import Journal, Redactor
from runner.model.event import Event, RunEnd, RunStart

START = RunStart("0.1.0", ("pbrun", "site.yaml"))
END = RunEnd("ok", 0, {})
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes a log into the log folder; `days` says how old it is."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    folder = tmp_path / "pbrun" / "runs"
    folder.mkdir(parents=True)

    def written(run: str, days: int, *events: Event) -> Path:
        path = folder / f"202611{25 - days:02}T000000Z-{run}.jsonl"
        then = time.time() - days * 86400
        with Journal(path, run, Redactor(), new=True, clock=lambda: then) as journal:
            journal.write(events, durable=False)
        return path

    return written


def left(folder: Path) -> set[str]:
    return {path.name.partition("-")[2] for path in folder.iterdir()}


def test_only_what_nobody_needs_goes(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write("new", 0, START, END).parent
    for name, events in (
        ("old", (START, END)),
        ("killed", (START,)),
        ("broken", (START, RunEnd("interrupted", 99, {}))),
        ("dry", (RunStart("0.1.0", (), check=True),)),
    ):
        path = write(name, 9, *events)
        path.with_name(f"{path.name}.key-{name}").touch()
    going = write("going", 9, START)
    everything = left(folder)
    with Journal(going, "going2", Redactor(), new=False) as journal:
        journal.write([START, END], durable=False)
        assert main(["log", "prune", "--older-than", "3d", "--dry-run"]) == 0
        assert left(folder) == everything
        assert main(["log", "prune", "--older-than", "30d"]) == 0
        assert main(["log", "prune", "--keep", "20"]) == 0
        assert left(folder) == everything
        assert main(["log", "prune", "--older-than", "3d"]) == 0
        assert everything - left(folder) == {*("old.jsonl", "old.jsonl.key-old", "dry.jsonl", "dry.jsonl.key-dry")}
        assert main(["log", "prune", "--older-than", "0m", "--unfinished"]) == 0
        assert left(folder) == {"going.jsonl"}
    assert "removed" in capsys.readouterr().out
    assert main(["log", "prune"]) == 5
    assert main(["log", "prune", "--older-than", "soon"]) == 5
