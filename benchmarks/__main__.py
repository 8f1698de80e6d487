"""`python -m benchmarks`: pbrun, the floor and the peers in turn on the same servers, as a table and as a page."""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import shlex
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks import environments, results
from benchmarks.contest import Contest, Entry
from benchmarks.goals import verdict
from benchmarks.hosts_cpu import adopt
from benchmarks.measure import Run
from benchmarks.page import seconds, write_page
from benchmarks.servers import farm
from benchmarks.tools.chosen import PEERS, TOOLS
from benchmarks.workloads import QUICK, WORKLOADS, Workload, chosen

OWN = ("floor", "pbrun")
OWN_LIMIT_S = 120.0


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", help=f"all, or some of {', '.join(WORKLOADS)}")
    parser.add_argument("--quick", action="store_true", help="one run of the quicker workloads: under two minutes")
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="runs of the floor and of pbrun (default 5)")
    parser.add_argument("--peers", nargs="?", const=",".join(PEERS), default="", metavar="NAMES", help="peers, too")
    parser.add_argument("--peer-runs", type=int, default=1, metavar="N", help="runs of each peer (default 1)")
    parser.add_argument(
        "--peer-limit", type=float, default=300, metavar="SECONDS", help="when a peer's run is stopped (default 300)"
    )
    parser.add_argument(
        "--environments", type=Path, default=environments.default_folder(), metavar="FOLDER", help="the peers' homes"
    )
    parser.add_argument("--under", type=shlex.split, default=[], metavar="COMMAND", help="run pbrun under a profiler")
    parser.add_argument("--write", action="store_true", help="keep the figures and write docs/performance.md")
    parser.add_argument("--page", action="store_true", help="write the page from the kept figures; measure nothing")
    found = parser.parse_args(argv)
    found.peers = tuple(name for name in found.peers.split(",") if name)
    unknown = [name for name in found.workloads if name not in WORKLOADS]
    unknown += [name for name in found.peers if name not in PEERS]
    if unknown:
        parser.error(f"there is no {unknown[0]!r}")
    if min(found.runs, found.peer_runs) < 1:
        parser.error("at least one run is needed")
    if found.write and (found.quick or found.under):
        parser.error("--quick and --under make no figures to keep")
    if (found.write or found.page) and not importlib.util.find_spec("matplotlib"):
        parser.error("the page's plots need matplotlib: pip install -e '.[bench]'")
    found.runs = 1 if found.quick else found.runs
    found.workloads = found.workloads or list(QUICK if found.quick else WORKLOADS)
    return found


def entries(work: Workload, given: argparse.Namespace) -> list[Entry]:
    """Who takes part in a workload."""
    own = [Entry(TOOLS[name], given.runs, OWN_LIMIT_S) for name in OWN]
    own[1] = replace(own[1], under=tuple(given.under))
    peers = [name for name in given.peers if name in work.peers]
    return own + [Entry(TOOLS[name], given.peer_runs, given.peer_limit, warm=False) for name in peers]


def show(work: Workload, runs: Mapping[str, Run]) -> None:
    """Print one workload's figures."""
    print(f"{work.name}: {work.what}")
    floor, own = runs.get("floor"), runs.get("pbrun")
    for name, run in runs.items():
        ratio = f"{run.wall_s / floor.wall_s:>8.2f} x floor" if floor else ""
        trips = f"{run.trips:>5.0f} round trips" if run.trips else ""
        costs = f"{run.cpu_s:>7.2f} + {run.hosts_cpu_s:.2f} s CPU {run.memory_mib:>6.0f} MiB"
        print(f"  {name:<8} {seconds(run):>9} {costs}{ratio}{trips}")
    if floor and own:
        for goal in work.goals:
            print(f"  {verdict(goal, work, floor, own)}")
    sys.stdout.flush()


@contextlib.contextmanager
def workshop() -> Iterator[Path]:
    """A folder for a while; the login user has to reach its home and keys in it."""
    folder = Path(tempfile.mkdtemp(prefix="pbrun-bench-"))
    try:
        folder.chmod(0o711)
        (folder / "farm").mkdir()
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def measure(given: argparse.Namespace) -> bool:
    """Measure, print and keep; whether every tool did its work."""
    for name in sorted({TOOLS[peer].environment for peer in given.peers}):
        environments.make_environment(given.environments, name)
    wanted, well = chosen(given.workloads), True
    adopt()
    with workshop() as folder, farm(folder / "farm", max(work.hosts for work in wanted)) as servers:
        for work in wanted:
            contest = Contest(work, servers, folder, given.environments, entries(work, given))
            runs = contest.hold()
            show(work, runs)
            for lack in contest.failures:
                well = False
                print(lack, file=sys.stderr)
            if given.write:
                counts = {entry.tool.name: entry.runs for entry in contest.entries}
                results.keep(results.result_of(work.name, runs, counts, environments.versions()))
    return well


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, write; 1 if a tool did not do its work."""
    given = arguments(argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that the servers end, too
    well = given.page or measure(given)
    if given.write or given.page:
        write_page(results.read_all())
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
