"""`python -m benchmarks.past_one_machine`: 300 hosts by threads, by two and by four Dask workers, and with one killed.

Every run's log is read: each step that was sent has one result, and a host without all of its own was lost with a
worker. Workers and servers of all hosts share this machine, so the figures are upper bounds of what workers cost.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import json
import os
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.measure import Run, run_child
from benchmarks.servers import Farm, farm

ENGINES: Final = ("threads", "dask:2", "dask:4")
UNREACHABLE_EXIT: Final = 4
LOOK_EVERY_S: Final = 0.02
GONE: Final = frozenset({"indeterminate", "unreachable"})


@dataclass(frozen=True, slots=True)
class Case:
    """One row: so many tasks of each host, and whether a worker is killed when half of their results are there."""

    engine: str
    tasks: int
    killed: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """What a log says. `lost`: hosts that a worker took along. `wrong` is empty when everything is accounted for."""

    results: int
    lost: int
    wrong: str


class Killer(threading.Thread):
    """Kills one worker of a run below this process once the log has so many results."""

    def __init__(self, log: Path, results: int) -> None:
        """Nothing is killed yet."""
        super().__init__(daemon=True)
        self.log, self.results = log, results
        self.killed = 0
        self.over = threading.Event()

    def run(self) -> None:
        """Look, and kill once."""
        while not self.killed and not self.over.wait(LOOK_EVERY_S):
            with contextlib.suppress(OSError):
                if self.log.read_bytes().count(b'"type":"task_result"') >= self.results:
                    self.killed = workers()[0]
                    os.kill(self.killed, signal.SIGKILL)


def parent(pid: int) -> int:
    """The parent process, from /proc; 0 for one that is gone."""
    try:
        return int((Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def workers() -> list[int]:
    """The worker processes of the run that is a child of this process."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if b"spawn_main" in (folder / "cmdline").read_bytes() and parent(parent(int(folder.name))) == os.getpid():
                found.append(int(folder.name))
    return found


def read_log(path: Path, hosts: int, case: Case) -> Found:
    """Account for every step."""
    lines: list[dict[str, Any]] = [json.loads(line) for line in path.read_text().splitlines()]
    if [line["seq"] for line in lines] != list(range(len(lines))) or lines[-1]["type"] != "run_end":
        return Found(0, 0, "the log is not whole")
    ends = [line for line in lines if line["type"] == "task_result" and line["final"]]
    counts = collections.Counter((line["host"], line["task"]) for line in ends)
    sent = {(line["host"], line["task"]) for line in lines if line["type"] == "task_intent"}
    lost = {line["host"] for line in ends if line["status"] in GONE}
    of_host = collections.Counter(host for host, _ in counts)
    if any(count != 1 for count in counts.values()) or sent - set(counts):
        return Found(len(ends), len(lost), "a step has no result, or two")
    if any(of_host[host] != case.tasks for host in of_host if host not in lost) or len(of_host) != hosts:
        return Found(len(ends), len(lost), "a host has not done its tasks")
    return Found(len(ends), len(lost), f"{len(lost)} hosts were lost" if lost and not case.killed else "")


def write_files(case: Case, servers: Farm, folder: Path) -> tuple[Path, Path]:
    """A playbook whose commands each wait for all hosts, and an inventory (JSON is YAML)."""
    tasks = [{"name": f"say {number}", "shell": f"echo {number}; :"} for number in range(case.tasks)]
    playbook, inventory = folder / "playbook.yaml", folder / "inventory.yaml"
    playbook.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks}]))
    inventory.write_text(json.dumps(servers.inventory()))
    return playbook, inventory


def measure(case: Case, servers: Farm, hosts: int, folder: Path) -> tuple[Run, Found]:
    """One run."""
    folder.mkdir()
    log, output = folder / "log.jsonl", folder / "out"
    playbook, inventory = write_files(case, servers, folder)
    environment = {**os.environ, "XDG_STATE_HOME": str(folder / "state"), "PYTHONPATH": str(Path.cwd())}
    command = [sys.executable, "-m", "runner", str(playbook), "-i", str(inventory)]
    killer = Killer(log, hosts * case.tasks // 2)
    if case.killed:
        killer.start()
    options = ["--engine", case.engine, "--log", str(log), "--output", "plain"]
    run = run_child([*command, *options], output, environment, family=True)
    killer.over.set()
    if run.exit_code not in ((0, UNREACHABLE_EXIT) if case.killed else (0,)):
        raise SystemExit(f"{case}: exit code {run.exit_code}\n{output.read_text()[-3000:]}")
    return run, read_log(log, hosts, case)


def row(case: Case, hosts: int, run: Run, found: Found) -> str:
    """One line of the table."""
    what = f"{case.engine}{', one killed' if case.killed else ''}"
    steps = f"{hosts} x {case.tasks}"
    lost = f"{found.lost} hosts lost" if found.lost else ""
    figures = f"{run.wall_s:>7.1f} s {run.cpu_s:>7.1f} s {run.memory_mib:>6.0f} MiB {found.results:>8}"
    return f"{what:<22} {steps:<9} {figures}  {found.wrong or 'all accounted for'}{'; ' if lost else ''}{lost}"


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; 1 if a step is not accounted for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.past_one_machine", description=__doc__)
    parser.add_argument("--hosts", type=int, default=300, help="how many hosts (default 300)")
    parser.add_argument("--tasks", type=int, nargs="+", default=[1, 20], help="tasks of each (default 1 20)")
    found = parser.parse_args(argv)
    cases = [Case(engine, tasks) for tasks in found.tasks for engine in ENGINES]
    cases += [Case(engine, max(found.tasks), killed=True) for engine in ENGINES[1:]]
    folder = Path(tempfile.mkdtemp(prefix="pbrun-far-"))
    wrong = False
    print(f"{'engine':<22} {'steps':<9} {'wall':>9} {'cpu':>9} {'memory':>10} {'results':>8}")
    try:
        folder.chmod(0o711)  # the login user has to reach its home and keys in it
        (folder / "farm").mkdir()
        with farm(folder / "farm", found.hosts) as servers:
            for number, case in enumerate(cases):
                run, seen = measure(case, servers, found.hosts, folder / str(number))
                wrong |= bool(seen.wrong)
                print(row(case, found.hosts, run, seen), flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
