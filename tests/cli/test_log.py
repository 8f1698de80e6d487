"""`pbrun log diff` and `prune`, on logs of real runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.cli.log_diff import changed_lines
from runner.cli.main import main
from runner.journal.place import open_log

SITE = """\
- name: A play
  hosts: all
  gather_facts: false
  tasks:
    - name: Say
      command: echo {{ word }}
      changed_when: false
    - name: Items
      command: "true"
      loop: [a, b]
    - name: Fail
      command: sh -c 'echo why; exit 3'
      ignore_errors: "{{ inventory_hostname == 'good' }}"
"""


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A state folder with three runs: two that differ in what they say, and one that was killed."""
    top = tmp_path_factory.mktemp("log")
    (top / "site.yaml").write_text(SITE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(top))
        patch.chdir(top)
        for word in ("one", "two"):
            words = ["site.yaml", "-i", "good,bad,", "-c", "local", "-e", f"word={word}"]
            assert main(words) == 2
    runs = top / "pbrun/runs"
    first = min(runs.glob("*.jsonl"))
    lines = first.read_bytes().splitlines(keepends=True)
    killed = runs / "20200101T000000Z-feedfacecafe.jsonl"
    killed.write_bytes(b"".join(lines[:-1]).replace(first.stem.rpartition("-")[2].encode(), b"feedfacecafe"))
    (runs / f"{killed.name}.key-feedfacecafe").write_bytes(b"k")
    yield top


@pytest.fixture(autouse=True)
def here(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(state))
    monkeypatch.chdir(state)


def ids(state: Path) -> list[str]:
    """The runs, the oldest first."""
    return [log.stem.rpartition("-")[2] for log in sorted((state / "pbrun/runs").glob("*.jsonl"))]


def printed(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    capsys.readouterr()
    assert main(["log", *words]) == code
    return capsys.readouterr().out


def test_diff(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    killed, one, two = ids(state)
    assert printed(capsys, "diff", one, one) == ""
    differences = printed(capsys, "diff", one, two, code=1)
    for host in ("bad", "good"):
        assert f"{host}: 'Say': another stdout" in differences
    # Which of two runs of one second is the older one their names do not say.
    shown = [f"  stdout:\n    @@ -1 +1 @@\n    -{old}\n    +{new}\n" for old, new in (("one", "two"), ("two", "one"))]
    assert 2 in map(differences.count, shown), differences
    assert printed(capsys, "diff", one, killed) == ""


@pytest.mark.parametrize(
    ("was", "now", "lines"),
    [
        ("a\nb\nc\nd", "a\nb\nx\nd", ["@@ -2,3 +2,3 @@", " b", "-c", "+x", " d"]),
        ("", "new", ["@@ -0,0 +1 @@", "+new"]),
        ("a\n", "a", ["(line ends, or blanks at the end)"]),
        ("", "x" * 300, ["@@ -0,0 +1 @@", "+" + "x" * 159 + " …"]),
        ("", "x\n" * 30, ["@@ -0,0 +1,30 @@", *["+x"] * 11, "… (--full shows all)"]),
        ("x\n" * 3000, "x\n" * 3000 + "y", ["… (--full shows all)"]),
    ],
)
def test_the_lines_that_differ(was: str, now: str, lines: list[str]) -> None:
    assert list(changed_lines(was, now)) == lines
    assert all("…" not in line for line in changed_lines(was, now, full=True))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["diff", "last", "zzz"], "'zzz'"),
        (["prune"], "say which logs may go"),
        (["prune", "--older-than", "soon"], "'soon' is no time span"),
        (["draw"], "cannot 'draw'"),
    ],
)
def test_what_makes_no_sense(words: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["log", *words]) in (1, 5)
    assert says.lower() in capsys.readouterr().err.lower()


def test_a_log_that_is_being_written_stays(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = min((state / "pbrun/runs").glob("*.jsonl"))
    descriptor = open_log(log, new=False)
    try:
        assert str(log) not in printed(capsys, "prune", "--keep", "1", "--unfinished", "--dry-run")
    finally:
        os.close(descriptor)
    assert str(log) in printed(capsys, "prune", "--keep", "1", "--unfinished", "--dry-run")


def test_prune(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = state / "pbrun/runs"
    killed, one, two = (next(folder.glob(f"*-{run}.jsonl")) for run in ids(state))
    assert printed(capsys, "prune", "--keep", "1", "--dry-run").split() == ["would", "remove", str(one)]
    assert printed(capsys, "prune", "--older-than", "1h") == ""
    assert one.exists()
    assert printed(capsys, "prune", "--keep", "1") == f"removed {one}\n"
    assert (one.exists(), killed.exists(), two.exists()) == (False, True, True)
    assert printed(capsys, "prune", "--keep", "2", "--unfinished") == ""
    assert printed(capsys, "prune", "--keep", "1", "--unfinished") == f"removed {killed}\n"
    assert two.exists()
    assert not list(folder.glob("*feedfacecafe*"))


def test_retry_begins_at_the_very_task_though_another_one_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    first, second = (f"cd {tmp_path}; echo {word} >> ids" for word in ("first", "second"))
    tasks = f"[{{name: Same, shell: {first}}}, {{name: Same, shell: {second}; test -e gate}}]"
    (tmp_path / "site.yaml").write_text(f"- hosts: all\n  gather_facts: false\n  tasks: {tasks}\n")
    assert main(["site.yaml", "-i", "a,", "-c", "local"]) == 2
    (tmp_path / "gate").touch()
    assert main(["retry"]) == 0
    assert (tmp_path / "ids").read_text().split() == ["first", "second", "second"]
    assert "from 'Same'" in capsys.readouterr().err
