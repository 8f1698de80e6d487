"""`python -m benchmarks`: pbrun, the floor and the peers in turn on the same servers, as a table."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.contest import Entry, NotDone, contest
from benchmarks.measure import Run
from benchmarks.servers import farm
from benchmarks.tools.chosen import TOOLS
from benchmarks.workloads import QUICK, TABLE, WORKLOADS, Workload, chosen


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", help=", ".join(WORKLOADS))
    parser.add_argument("--runs", type=int, default=5, help="runs of each (default 5)")
    parser.add_argument("--quick", action="store_true", help="one run of the quicker workloads: under two minutes")
    found = parser.parse_args(argv)
    wrong = [name for name in found.workloads if name not in WORKLOADS]
    if wrong or found.runs < 1:
        parser.error(f"no workload {wrong[0]!r}" if wrong else "--runs must be at least 1")
    if not found.workloads:
        found.workloads = list(QUICK) if found.quick else [work.name for work in TABLE]
    if found.quick:
        found.runs = 1
    return found


def line(work: Workload, runs: dict[str, Run]) -> str:
    """One workload as a line."""
    floor, text = runs["floor"], f"{work.name:<12}"
    for run in runs.values():
        text += f" {run.wall_s:>7.2f} s {run.cpu_s:>6.2f} s {run.memory_mib:>5.0f} MiB"
        text += f" {run.trips:>3.0f} trips" if run.trips else f"{'':10}"
        text += f" x {run.wall_s / floor.wall_s:<5.2f}"
    return text


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print; the exit code."""
    found = arguments(argv)
    wanted = chosen(found.workloads)
    entries = [Entry(TOOLS[name], found.runs, 120.0) for name in ("floor", "pbrun")]
    folder = Path(tempfile.mkdtemp(prefix="pbrun-bench-"))
    try:
        folder.chmod(0o711)  # the login user has to reach its home and keys in it
        (folder / "farm").mkdir()
        with farm(folder / "farm", max(work.hosts for work in wanted)) as servers:
            for work in wanted:
                print(line(work, contest(work, servers, folder, entries)), flush=True)
    except NotDone as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
