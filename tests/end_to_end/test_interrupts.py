"""Ctrl-C ends a run in order; a run that is killed leaves a log that says what was under way."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.process import ROOT, environment, read_log, write_playbook

PLAYBOOK = "- hosts: all\n  tasks:\n    - {name: quick, shell: echo 1}\n    - {name: slow, shell: sleep 60}\n"


def start(state: Path, log: Path) -> subprocess.Popen[bytes]:
    """A run whose second task takes a minute."""
    playbook = write_playbook(state / "p.yaml", PLAYBOOK)
    command = [sys.executable, "-m", "runner", playbook, "-i", "inventories/lab.yaml", "-l", "web1", "--log", str(log)]
    return subprocess.Popen(
        command, cwd=ROOT, env=environment(state), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, start_new_session=True, preexec_fn=hears_interrupts,
    )  # fmt: skip


def hears_interrupts() -> None:
    """A shell without job control has what it starts in the background ignore SIGINT; these tests may be started so."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def wait_for_intent(log: Path, task: str) -> None:
    """Return when the log says that the task was sent."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        lines: list[dict[str, Any]] = []
        if log.exists():
            lines = [json.loads(line) for line in log.read_text().splitlines(keepends=True) if line.endswith("\n")]
        if any(line["type"] == "task_result" and line["task"] == "quick" for line in lines) and any(
            line["type"] == "task_intent" and line["task"] == task for line in lines
        ):
            return
        time.sleep(0.05)
    raise AssertionError(f"{task} never began")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_ends_in_order(tmp_path: Path, number: signal.Signals) -> None:
    log = tmp_path / "log.jsonl"
    run = start(tmp_path, log)
    wait_for_intent(log, "slow")
    run.send_signal(number)
    _, err = run.communicate(timeout=30)
    assert run.returncode == 99, err
    assert b"Traceback" not in err
    lines = read_log(log)
    assert (lines[-1]["type"], lines[-1]["exit_code"]) == ("run_end", 99)


def test_a_killed_run_leaves_the_intent(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    run = start(tmp_path, log)
    wait_for_intent(log, "slow")
    run.kill()
    run.communicate(timeout=30)
    lines = read_log(log)
    assert lines[-1]["type"] != "run_end"
    assert [line["task"] for line in lines if line["type"] == "task_result"] == ["quick"]
    assert "slow" in [line["task"] for line in lines if line["type"] == "task_intent"]
