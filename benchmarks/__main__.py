"""`python -m benchmarks`: pbrun and the floor in turn on the same servers, as a table and as JSON."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.measure import Run, middle, run_child
from benchmarks.servers import Farm, distant, farm
from benchmarks.workloads import WORKLOADS, Files, Workload, check_log, write_files


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", help=", ".join(work.name for work in WORKLOADS))
    parser.add_argument("--runs", type=int, default=5, help="runs of each (default 5)")
    parser.add_argument("--json", type=Path, default=None, metavar="FILE", help="write the figures there")
    parser.add_argument("--floor-only", action="store_true", help="measure the floor alone")
    found = parser.parse_args(argv)
    known = {work.name for work in WORKLOADS}
    wrong = [name for name in found.workloads if name not in known]
    if wrong or found.runs < 1:
        parser.error(f"no workload {wrong[0]!r}" if wrong else "--runs must be at least 1")
    return found


def fail(what: str, output: Path) -> None:
    """Stop with the end of what the child printed."""
    tail = "\n".join(output.read_text(errors="replace").splitlines()[-15:])
    raise SystemExit(f"{what}\n{tail}")


def run_floor(files: Files, folder: Path) -> Run:
    """The floor once."""
    output = folder / "floor.out"
    run = run_child([sys.executable, "-m", "benchmarks.floor", str(files.spec)], output)
    if run.exit_code:
        fail("the floor failed", output)
    return run


def run_pbrun(files: Files, work: Workload, folder: Path) -> Run:
    """pbrun once; that it did its work is read from its log."""
    output, log = folder / "pbrun.out", folder / "log.jsonl"
    log.unlink(missing_ok=True)
    # An installed program has its bytecode; without it every run would compile 250 files first.
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment = {**inherited, "XDG_STATE_HOME": str(folder / "state"), "PYTHONPATH": str(Path.cwd())}
    command = [sys.executable, "-m", "runner", str(files.playbook), "-i", str(files.inventory), "--log", str(log)]
    run = run_child([*command, "--output", "plain"], output, environment)
    if run.exit_code:
        fail(f"pbrun failed with exit code {run.exit_code}", output)
    if wrong := check_log(log, work):
        fail(f"pbrun did not do its work: {wrong}", output)
    return run


@contextlib.contextmanager
def near_or_far(work: Workload, servers: Farm) -> Iterator[tuple[tuple[str, int], ...]]:
    """The workload's hosts, behind the proxy if it wants a distance."""
    near = servers.addresses[: work.hosts]
    if not work.round_trip_ms:
        yield near
        return
    with distant(near, work.round_trip_ms) as far:
        yield far


def measure(work: Workload, servers: Farm, folder: Path, runs: int, floor_only: bool) -> dict[str, Any]:
    """Both in turn, `runs` times after one of each that does not count; medians and the ratio of wall times."""
    with near_or_far(work, servers) as addresses:
        files = write_files(work, servers, addresses, folder)
        floors: list[Run] = []
        ours: list[Run] = []
        for _ in range(runs + 1):
            floors.append(run_floor(files, folder))
            if not floor_only:
                ours.append(run_pbrun(files, work, folder))
    floor = middle(floors[1:])
    result: dict[str, Any] = {"workload": asdict(work), "runs": runs, "floor": asdict(floor)}
    if ours:
        own = middle(ours[1:])
        result.update(pbrun=asdict(own), ratio=own.wall_s / floor.wall_s, walls=[run.wall_s for run in ours[1:]])
    return result


def row(result: dict[str, Any]) -> str:
    """One line of the table."""
    work, floor, own = result["workload"], result["floor"], result.get("pbrun")
    what = f"{work['hosts']} x {work['tasks']}, {work['strategy']}, {work['round_trip_ms']:g} ms"
    line = f"{work['name']:<7} {what:<26} {floor['wall_s']:>7.2f} s {floor['cpu_s']:>6.2f} s"
    if own:
        line += f" {own['wall_s']:>7.2f} s {own['cpu_s']:>6.2f} s {own['memory_mib']:>6.0f} MiB"
        line += f" {result['ratio']:>6.2f} (goal {work['goal']:g})"
    return line


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, write; the exit code."""
    found = arguments(argv)
    wanted = [work for work in WORKLOADS if not found.workloads or work.name in found.workloads]
    folder = Path(tempfile.mkdtemp(prefix="pbrun-bench-"))
    results = []
    print(f"{'':<34} {'floor':>9} {'cpu':>8} {'pbrun':>9} {'cpu':>8} {'memory':>10}  ratio")
    try:
        folder.chmod(0o711)  # the login user has to reach its home and keys in it
        (folder / "farm").mkdir()
        with farm(folder / "farm", max(work.hosts for work in wanted)) as servers:
            for work in wanted:
                results.append(measure(work, servers, folder, found.runs, found.floor_only))
                print(row(results[-1]), flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if found.json:
        machine = {"python": platform.python_version(), "cores": os.cpu_count(), "system": platform.platform()}
        found.json.write_text(json.dumps({"machine": machine, "results": results}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
