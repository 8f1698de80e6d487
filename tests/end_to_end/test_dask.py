"""Runs whose trips Dask workers carry: one that is killed in the middle loses no result, and nothing outlives a run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runner.dispatch._dask_crew import chosen
from tests.end_to_end.process import ROOT, environment, read_log, write_playbook
from tests.sshd_farm import descendants, sshd_farm

pytest.importorskip("distributed", reason="needs pbrun[dask]")
pytestmark = pytest.mark.sshd

HOSTS = [f"h{number}" for number in range(6)]
PLAYBOOK = """
- hosts: h0,h1,h2,h3,h4
  gather_facts: false
  tasks:
    - {name: first, shell: echo 1}
    - {name: second, shell: "while [ ! -e {{ folder }}/go ]; do sleep 0.05; done"}
    - {name: third, shell: echo 3}
- hosts: h5
  gather_facts: false
  tasks:
    - {name: fourth, shell: echo 4}
"""


@pytest.fixture(scope="module")
def inventory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("farm") / "hosts"
    with sshd_farm(hosts=6, options=("MaxStartups 100",), first_address=90) as farm:
        path.write_text("\n".join(farm.inventory_lines()))
        yield path


def start(folder: Path, inventory: Path, *words: str) -> subprocess.Popen[str]:
    """A run over two workers, as a process group of its own, as a terminal would have it."""
    playbook = write_playbook(folder / "p.yaml", PLAYBOOK)
    command = [sys.executable, "-m", "runner", playbook, "-i", str(inventory), "-e", f"folder={folder}"]
    return subprocess.Popen(
        [*command, "--log", str(folder / "log"), "--engine", "dask:2", *words],
        cwd=ROOT, env=environment(folder), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, start_new_session=True, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL) and None,
    )  # fmt: skip


def seen(folder: Path) -> list[dict[str, Any]]:
    """The log so far."""
    path = folder / "log"
    lines = path.read_text().splitlines(keepends=True) if path.exists() else []
    return [json.loads(line) for line in lines if line.endswith("\n")]


def wait_until(folder: Path, what: str, **fields: Any) -> dict[str, Any]:
    """Return the log's line when it has come."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        for line in seen(folder):
            if line["type"] == what and all(str(value) in str(line[name]) for name, value in fields.items()):
                return line
        time.sleep(0.05)
    raise AssertionError(f"no {what} {fields} in {seen(folder)}")


def workers(run: subprocess.Popen[str]) -> list[int]:
    """The processes of the workers."""
    found = [pid for pid in descendants(run.pid) if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    assert len(found) == 2
    return found


def is_gone(pid: int) -> bool:
    try:
        return b"spawn_main" not in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return True


def test_a_worker_that_is_killed_loses_no_result(tmp_path: Path, inventory: Path) -> None:
    run = start(tmp_path, inventory)
    for host in HOSTS[:5]:
        wait_until(tmp_path, "task_intent", task="second", host=host)
    first, second = workers(run)
    os.kill(first, signal.SIGKILL)
    gone = wait_until(tmp_path, "notice", message="is gone")["message"]
    wait_until(tmp_path, "notice", message="joined: 2 carry the trips")
    (tmp_path / "go").touch()
    out, err = run.communicate(timeout=60)
    assert run.returncode == 4, out + err
    assert "Traceback" not in err
    assert is_gone(second)
    log = read_log(tmp_path / "log")
    name = gone.removeprefix("Dask worker ")[0]
    lost = {host for host in HOSTS[:5] if chosen(host, ["0", "1"]) == name}
    assert 0 < len(lost) < 5
    assert f"{len(lost)} trips under way are lost" in gone
    ends = {(line["host"], line["task"]): line["status"] for line in log if line["type"] == "task_result"}
    # The third task was sent along with the second.
    then = {host: "indeterminate" if host in lost else "changed" for host in HOSTS[:5]}
    assert ends == {
        **{(host, "first"): "changed" for host in HOSTS[:5]},
        **{(host, task): then[host] for host in HOSTS[:5] for task in ("second", "third")},
        ("h5", "fourth"): "changed",
    }
    assert {(line["host"], line["task"]) for line in log if line["type"] == "task_intent"} == set(ends)
    recap = log[-1]["hosts"]
    assert {host for host in HOSTS if recap[host]["unreachable"]} == lost


def test_an_interrupt_ends_run_and_workers(tmp_path: Path, inventory: Path) -> None:
    run = start(tmp_path, inventory, "-l", "h0,h1")
    for host in HOSTS[:2]:
        wait_until(tmp_path, "task_intent", task="second", host=host)
    below = workers(run)
    os.killpg(run.pid, signal.SIGINT)  # as a terminal does: the workers are meant to be spared
    wait_until(tmp_path, "notice", message="waiting up to")
    (tmp_path / "go").touch()
    out, err = run.communicate(timeout=60)
    assert run.returncode == 99, out + err
    assert "Traceback" not in err
    assert all(is_gone(pid) for pid in below)
    log = read_log(tmp_path / "log")
    ends = {line["host"]: line["status"] for line in log if line["type"] == "task_result" and line["task"] == "second"}
    assert ends == {"h0": "changed", "h1": "changed"}
    assert (log[-1]["type"], log[-1]["exit_code"]) == ("run_end", 99)


def test_an_interrupt_while_workers_start(tmp_path: Path, inventory: Path) -> None:
    run = start(tmp_path, inventory)
    end = time.monotonic() + 60
    while not (below := [pid for pid in descendants(run.pid) if not is_gone(pid)]) and time.monotonic() < end:
        time.sleep(0.02)
    run.send_signal(signal.SIGINT)
    out, err = run.communicate(timeout=60)
    assert run.returncode == 99, out + err
    assert "Traceback" not in err
    assert all(is_gone(pid) for pid in below)
