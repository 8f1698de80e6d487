"""`python -m benchmarks.straggler`: by how much one host of 50 that sleeps delays the others, for each strategy.

Each host runs ten commands; the third of the first host takes 30 s, once, and nothing extra the other time. What is
compared is when the last of the other hosts had its last result.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any, Final

from benchmarks.measure import run_child
from benchmarks.servers import Farm, farm

TASKS: Final = 10
SLEEPS_IN: Final = 2
# A line for a shell might look at other hosts, so under `linear` each of these waits for all hosts.
GATE: Final = "; :"


@dataclass(frozen=True, slots=True)
class Case:
    """One row. `suffix` stands behind each command."""

    strategy: str
    what: str
    suffix: str = ""


CASES: Final = (
    Case("free", "free"),
    Case("free", "free, lines for a shell", GATE),
    Case("dag", "dag"),
    Case("host_pinned", "host_pinned"),
    Case("linear", "linear, no gate"),
    Case("linear", "linear, gates", GATE),
)


def write_files(case: Case, servers: Farm, nap_s: float, folder: Path) -> tuple[Path, Path]:
    """The playbook and the inventory (JSON is YAML)."""
    tasks: list[dict[str, Any]] = [{"name": f"say {n}", "shell": f"echo {n}{case.suffix}"} for n in range(TASKS)]
    tasks[SLEEPS_IN]["shell"] = "sleep {{ nap }}" + case.suffix
    playbook, inventory = folder / "playbook.yaml", folder / "inventory.yaml"
    playbook.write_text(
        json.dumps([{"hosts": "all", "gather_facts": False, "strategy": case.strategy, "tasks": tasks}])
    )
    known = servers.inventory()
    known["all"]["vars"]["nap"] = 0
    known["all"]["hosts"][servers.addresses[0][0]]["nap"] = nap_s
    inventory.write_text(json.dumps(known))
    return playbook, inventory


def others_s(log: Path, sleeper: str) -> float:
    """Seconds from the run's begin to the last result of the last of the other hosts. Raises SystemExit when a
    result is missing."""
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    begin = datetime.fromisoformat(lines[0]["ts"])
    results = [line for line in lines if line["type"] == "task_result" and line["host"] != sleeper]
    hosts = {line["host"] for line in results}
    if len(results) != TASKS * len(hosts) or any(line["status"] != "changed" for line in results):
        raise SystemExit(f"{len(results)} results of {len(hosts)} hosts: not all tasks were done")
    return max((datetime.fromisoformat(line["ts"]) - begin).total_seconds() for line in results)


def run_once(case: Case, servers: Farm, nap_s: float, folder: Path) -> float:
    """One run; when the others were done."""
    folder.mkdir(exist_ok=True)
    log, output = folder / "log.jsonl", folder / "out"
    log.unlink(missing_ok=True)
    playbook, inventory = write_files(case, servers, nap_s, folder)
    environment = {**os.environ, "XDG_STATE_HOME": str(folder / "state"), "PYTHONPATH": str(Path.cwd())}
    command = [sys.executable, "-m", "runner", str(playbook), "-i", str(inventory), "--log", str(log)]
    run = run_child([*command, "--output", "plain"], output, environment)
    if run.exit_code:
        raise SystemExit(f"{case.what}: exit code {run.exit_code}\n{output.read_text()[-3000:]}")
    return others_s(log, servers.addresses[0][0])


def row(case: Case, servers: Farm, nap_s: float, runs: int, folder: Path) -> str:
    """One line of the table: both in turn, medians."""
    found = [(run_once(case, servers, 0, folder), run_once(case, servers, nap_s, folder)) for _ in range(runs + 1)][1:]
    without, beside = (median(column) for column in zip(*found, strict=True))
    return f"{case.what:<24} {without:>7.2f} s {beside:>9.2f} s {100 * (beside / without - 1):>+8.1f} %"


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.straggler", description=__doc__)
    parser.add_argument("--hosts", type=int, default=50, help="how many hosts (default 50)")
    parser.add_argument("--sleep", type=float, default=30, metavar="SECONDS", help="how long one sleeps (default 30)")
    parser.add_argument("--runs", type=int, default=1, help="runs of each (default 1, after one that does not count)")
    found = parser.parse_args(argv)
    folder = Path(tempfile.mkdtemp(prefix="pbrun-bench-"))
    try:
        folder.chmod(0o711)  # the login user has to reach its home and keys in it
        (folder / "farm").mkdir()
        with farm(folder / "farm", found.hosts) as servers:
            print(f"{'the others are done':<24} {'no sleep':>9} {f'one {found.sleep:g} s':>11}", flush=True)
            for case in CASES:
                print(row(case, servers, found.sleep, found.runs, folder / "run"), flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
