"""What ansible-core made of each case (`recorded/`), pbrun makes of it too, but for differences that are meant."""

from __future__ import annotations

import copy
import os
from pathlib import Path
from typing import Any, Final

import pytest

from runner.cli.main import main
from tests.compat.case import FOLDER, LISTINGS, Case, empty, listed, load, made_files, recorded, said, without
from tests.end_to_end.process import ROOT, read_log
from tests.forked import run_forked

CASES: Final = load()
EXPECTED: Final = recorded()
COUNTS: Final = ("ok", "changed", "unreachable", "failed", "skipped", "rescued", "ignored")


def run(case: Case, place: Path) -> tuple[dict[str, Any], str]:
    """Run one case with pbrun; what it came to, and what it said."""
    folder, log = place / "case", place / "log.jsonl"
    empty(folder)
    case.write(folder)
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(place),
        "XDG_STATE_HOME": str(place),
        "LC_ALL": "C.UTF-8",
        "PYTHONPATH": str(ROOT),
        **case.env,
    }
    code, told = run_forked([*case.words, "--log", str(log)], folder, env, place / "told")
    assert "Traceback" not in told, told
    found: dict[str, Any] = {"code": code, "recap": {}, "hosts": {}}
    for line in read_log(log):
        if line["type"] == "task_result" and line["module"] != "meta":
            found["hosts"].setdefault(line["host"], []).append(_said(folder, line))
        elif line["type"] == "run_end":
            counts = {host: {name: counts[name] for name in COUNTS} for host, counts in line["hosts"].items()}
            found["recap"] = {host: one for host, one in counts.items() if any(one.values())}
    found["files"] = made_files(case, folder)
    return found, told


def _said(folder: Path, line: dict[str, Any]) -> str:
    status = "ignored" if line["ignored"] and line["status"] == "failed" else line["status"]
    message: Any = None
    looped_whole = line["final"] and line["msg"] in ("All items completed", "All items skipped")
    if line["module"] == "debug" and status == "ok" and not looped_whole and not line["censored"]:
        values = {k: v for k, v in line["values"].items() if not k.startswith("ansible_")}
        message = line["msg"] or values.get("msg", values or None)
    item = None if line["final"] else "hidden" if line["censored"] else str(line["item"])
    return said(folder, line["task"] or line["module"], status, item, message)


def look(case: Case, folder: Path, capsys: pytest.CaptureFixture[str], *flags: str) -> tuple[int, str]:
    """Exit code and output of pbrun that only looks."""
    capsys.readouterr()
    code = main([*case.words, *flags])
    return code, without(folder, capsys.readouterr().out)


@pytest.mark.parametrize("name", CASES)
def test_listings(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    case = CASES[name]
    expected = {part: EXPECTED[name][part] for part in ("listing", "syntax")}
    folder = tmp_path / "case"
    empty(folder)
    case.write(folder)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(tmp_path))
    for variable, value in case.env.items():
        monkeypatch.setenv(variable, value)
    found = {
        "listing": listed(*look(case, folder, capsys, *LISTINGS)),
        "syntax": look(case, folder, capsys, "--syntax-check")[0],
    }
    assert found == meant(case, expected)


def meant(case: Case, expected: dict[str, Any]) -> dict[str, Any]:
    """What Ansible gave, with the differences that are meant."""
    changed = copy.deepcopy(expected)
    for path, value in case.ours.items():
        part, _, key = path.partition("/")
        if part not in changed:
            continue
        holder, last = (changed[part], key) if key else (changed, part)
        assert holder.get(last) != value, f"no difference any more: {path}"
        holder[last] = value
    return changed


@pytest.mark.parametrize("name", CASES)
def test_case(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    assert EXPECTED.get(name, {}).get("digest") == case.digest, "record it: python tests/compat/record.py"
    expected = {part: EXPECTED[name][part] for part in ("code", "recap", "hosts", "files")}
    found, told = run(case, tmp_path)
    assert found == meant(case, expected), told


def test_every_meant_difference_is_explained() -> None:
    explained = (FOLDER / "differences.md").read_text()
    for case in CASES.values():
        assert bool(case.ours) == bool(case.why), case.name
        assert not case.ours or case.name in explained, case.name
