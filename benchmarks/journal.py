"""`python -m benchmarks.journal`: what the log costs a run, on the `shell` workload over real sshd.

Runs without a log and runs of each `--log-sync` take turns, so that whatever else the machine does happens to all of
them; the differences within a turn are what counts, and their median has an interval (bootstrap, 95 %). Within each run
the log's own time is taken, too: the CPU of the loop's thread in it, and how long that waited for the disk. This is
known far more exactly than the difference of two runs.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.__main__ import workshop
from benchmarks.measure import run_child
from benchmarks.playbook import write_playbook
from benchmarks.servers import farm
from benchmarks.site import Site, clear, site_of
from benchmarks.tools.pbrun import missing_results
from benchmarks.tools.tool import environment
from benchmarks.workloads import WORKLOADS, Workload
from runner.__main__ import YOUNG_OBJECTS
from runner.engine import execute
from runner.journal import Journal, Redactor
from runner.model.event import Event, Record
from runner.model.options import Options
from runner.preparation import prepare
from runner.start import Oversight

NO_LOG: Final = "no log"
WAYS: Final = (NO_LOG, "none", "batch")
LIMIT: Final = 0.02  # of a run's wall time
TIMEOUT_S: Final = 120.0
RESAMPLES: Final = 4000


@dataclass(frozen=True, slots=True)
class Cost:
    """One run: its wall time, the CPU of the loop's thread in the log, how long and how often it waited for a disk."""

    wall_s: float
    cpu_s: float = 0.0
    disk_s: float = 0.0
    waits: int = 0

    @property
    def share(self) -> float:
        """The log's part of the wall time."""
        return (self.cpu_s + self.disk_s) / self.wall_s


class Timed(Journal):
    """A log that knows what it took."""

    cpu_s = disk_s = 0.0
    waits = 0

    def write(self, events: Sequence[Event], *, durable: bool) -> list[Record]:
        """As the log does it."""
        began = time.thread_time()
        try:
            return super().write(events, durable=durable)
        finally:
            self.cpu_s += time.thread_time() - began

    def sync(self) -> None:
        """As the log does it; its little CPU counts twice."""
        began = time.perf_counter()
        super().sync()
        self.disk_s += time.perf_counter() - began
        self.waits += 1


class Absent(Timed):
    """No log: events are shown, and that is all."""

    def write(self, events: Sequence[Event], *, durable: bool) -> list[Record]:  # noqa: ARG002 - as a log's
        """Neither redacted, nor encoded, nor chained, nor written."""
        return [Record(0, self.run, 0.0, event) for event in events]


def run_here(way: str, playbook: str, inventory: str, log: str) -> Cost:
    """The run, in this process, as `pbrun` does it; whoever started the process knows its wall time."""
    made: list[Timed] = []

    def opened(path: str | None, redactor: Redactor, environ: Mapping[str, str]) -> Journal:
        made.append((Absent if way == NO_LOG else Timed).open(path, redactor, environ))
        return made[0]

    sync = "none" if way == NO_LOG else way
    options = Options((playbook,), (inventory,), log=log, log_sync=sync, output="plain")
    ended = execute(prepare(options), options, oversight=Oversight(open_log=opened))
    if ended.exit_code:
        raise SystemExit(f"the run ended with {ended.exit_code}")
    return Cost(0.0, made[0].cpu_s, made[0].disk_s, made[0].waits)


@dataclass(frozen=True, slots=True)
class Bench:
    """Where the runs happen: `folder` is where their logs are, and so whose disk is waited for."""

    work: Workload
    site: Site
    folder: Path

    def run(self, way: str) -> Cost:
        """One run in a process of its own. Raises SystemExit when it did not do its work."""
        clear(self.work, self.site)
        written = write_playbook(self.work, self.site, self.work.strategy)
        log, output, told = (self.folder / name for name in ("log.jsonl", "output", "cost"))
        log.unlink(missing_ok=True)
        given = (way, str(written.playbook), str(written.inventory), str(log), str(told))
        command = (sys.executable, "-m", "benchmarks.journal", "--alone", *given)
        run = run_child(command, output, environment(self.site), TIMEOUT_S)
        if run.exit_code:
            raise SystemExit(output.read_text()[-3000:])
        if way != NO_LOG and (lack := missing_results(log.read_text(), self.work, tuple(self.site.hosts))):
            raise SystemExit(f"{way}: {lack}")
        return replace(Cost(**json.loads(told.read_text())), wall_s=run.wall_s)

    def rounds(self, ways: Sequence[str], within_s: float) -> dict[str, list[Cost]]:
        """All ways in turn, each round from another one on, as often as there is time; the first round is a warm-up."""
        costs: dict[str, list[Cost]] = {way: [] for way in ways}
        begun, longest = time.monotonic(), 0.0
        number = 0
        while number < 3 or time.monotonic() - begun + longest < within_s:
            start = time.monotonic()
            first = number % len(ways)
            made = {way: self.run(way) for way in (*ways[first:], *ways[:first])}
            longest = max(longest, time.monotonic() - start)
            for way in ways if number else ():
                costs[way].append(made[way])
            number += 1
        return costs


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """The median and its 95 % interval: that of the medians of samples drawn from these values with replacement
    (percentile bootstrap, Efron 1979)."""
    draw = random.Random(1)  # the same interval for the same values
    found = sorted(median(draw.choices(values, k=len(values))) for _ in range(RESAMPLES))
    return median(values), found[round(0.025 * RESAMPLES)], found[round(0.975 * RESAMPLES) - 1]


def percent(values: Sequence[float]) -> str:
    """A median with its interval, in percent."""
    middle, low, high = (value * 100 for value in interval(values))
    return f"{middle:+.2f} % ({low:+.2f} .. {high:+.2f})"


def verdict(costs: Sequence[Cost], base: Sequence[Cost]) -> str:
    """The one line that decides."""
    share, low, high = interval([cost.share for cost in costs])
    wall, least, most = interval([own.wall_s / other.wall_s - 1 for own, other in zip(costs, base, strict=True)])
    decided = "reached" if high < LIMIT else "**missed**" if low >= LIMIT else "not decided"
    return (
        f"the log with batch: {share:.2%} of wall ({low:.2%} .. {high:.2%}) in its own thread, wanted {LIMIT:.0%}: "
        f"{decided}; beside no log {wall:+.2%} ({least:+.2%} .. {most:+.2%}) of wall; {len(costs)} runs of each"
    )


def show(costs: Mapping[str, Sequence[Cost]]) -> None:
    """The table, then the verdict."""
    print(f"{'':<7} {'wall':>7} {'beside no log':>30} {'CPU':>9} {'disk':>9} {'waits':>6}   of wall")
    base = costs[NO_LOG]
    for way, runs in costs.items():
        beside = percent([own.wall_s / other.wall_s - 1 for own, other in zip(runs, base, strict=True)])
        wall, cpu, disk = (median(getattr(run, name) for run in runs) for name in ("wall_s", "cpu_s", "disk_s"))
        row = (
            f"{way:<7} {wall:>5.2f} s {'' if way == NO_LOG else beside:>30} {cpu * 1e3:>6.1f} ms {disk * 1e3:>6.1f} ms"
        )
        print(f"{row} {median(run.waits for run in runs):>6g}   {percent([run.share for run in runs])}")
    print(verdict(costs["batch"], base))


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.journal", description=__doc__)
    parser.add_argument("--minutes", type=float, default=3.5, help="how long to measure (default 3.5)")
    parser.add_argument("--always", action="store_true", help="--log-sync always, too")
    parser.add_argument("--folder", help="where the logs are written (default: the current folder's file system)")
    parser.add_argument("--alone", nargs=5, help=argparse.SUPPRESS)
    found = parser.parse_args(argv)
    if found.alone:
        gc.set_threshold(YOUNG_OBJECTS, 20, 20)
        *given, told = found.alone
        Path(told).write_text(json.dumps(asdict(run_here(*given))))
        gc.freeze()
        return 0
    work = WORKLOADS["shell"]
    print(f"`{work.name}`: {work.what}", flush=True)
    logs = tempfile.TemporaryDirectory(prefix="pbrun-journal-", dir=found.folder or ".")
    with logs as name, workshop() as folder, farm(folder / "farm", work.hosts) as servers:
        site = site_of(servers, servers.addresses[: work.hosts], folder, folder)
        bench = Bench(work, site, Path(name).absolute())
        show(bench.rounds((*WAYS, "always") if found.always else WAYS, found.minutes * 60))
    return 0


if __name__ == "__main__":
    sys.exit(main())
