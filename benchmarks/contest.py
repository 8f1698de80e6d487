"""One workload, all its tools in turn on the same servers: what each run took, and that its work was done."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.hosts_cpu import meter
from benchmarks.measure import Run, middle, run_child
from benchmarks.servers import Farm, distant
from benchmarks.site import Site, clear, missing_work, site_of, write_sources
from benchmarks.tools.tool import Tool
from benchmarks.workloads import Workload

PROXY_OUTPUT = "proxy.out"
# The proxy hears of the end of a connection half a round trip after it.
PROXY_LAG_S = 0.5


@dataclass(frozen=True, slots=True)
class Entry:
    """A tool, how often it runs, and when it is stopped.

    `warm`: one run more, which does not count. `under`: a command, such as a profiler's, that runs the tool's.
    """

    tool: Tool
    runs: int
    limit_s: float
    warm: bool = True
    under: tuple[str, ...] = ()


class NotDone(Exception):
    """A tool did not do its work."""


def tail(output: Path) -> str:
    """The end of what a child printed."""
    return "\n".join(output.read_text(errors="replace").splitlines()[-15:])


def proxied_trips(output: Path) -> list[int]:
    """The round trips of each connection that has ended, as the proxy wrote them."""
    return [int(line) for line in output.read_text().splitlines() if line.isdigit()] if output.exists() else []


def run_once(entry: Entry, work: Workload, site: Site) -> Run:
    """One run of one tool. Raises NotDone when it failed or its work is not there; a late run is no failure."""
    clear(work, site)
    child = entry.tool.prepare(work, site)
    output, proxied = site.folder / f"{entry.tool.name}.out", site.folder / PROXY_OUTPUT
    before, counted = len(proxied_trips(proxied)), meter(site.farm.processes)
    try:
        run = run_child((*entry.under, *child.command), output, child.environment, entry.limit_s, child.family)
    finally:
        entry.tool.tidy(site)
        hosts_s, clients_s = counted.read()
    if run.late:
        return run
    if run.exit_code:
        raise NotDone(f"{work.name}: {entry.tool.name} ended with {run.exit_code}\n{tail(output)}")
    if lack := entry.tool.wrong(work, site, output) or missing_work(work, site):
        raise NotDone(f"{work.name}: {entry.tool.name} did not do its work: {lack}\n{tail(output)}")
    run = replace(run, cpu_s=run.cpu_s + clients_s, hosts_cpu_s=hosts_s)
    if not work.round_trip_ms:
        return run
    time.sleep(PROXY_LAG_S)
    return replace(run, trips=max(proxied_trips(proxied)[before:], default=0))


@contextlib.contextmanager
def near_or_far(work: Workload, servers: Farm, folder: Path) -> Iterator[tuple[tuple[str, int], ...]]:
    """The workload's hosts, behind the proxy if it wants a distance."""
    near = servers.addresses[: work.hosts]
    if not work.round_trip_ms:
        yield near
        return
    with distant(near, work.round_trip_ms, folder / PROXY_OUTPUT) as far:
        yield far


class Contest:
    """One workload and who takes part; a tool that fails is out, and the others go on."""

    def __init__(
        self, work: Workload, servers: Farm, folder: Path, environments: Path, entries: Sequence[Entry]
    ) -> None:
        """Nothing has run. `folder` is ours, `environments` has the peers'."""
        self.work, self.servers, self.folder, self.environments = work, servers, folder, environments
        self.entries = tuple(entries)
        self.failures: list[str] = []
        self.runs: dict[str, list[Run]] = {}

    def hold(self) -> dict[str, Run]:
        """Run all in turn; the medians of each tool, by name. A tool whose time was over is not run again."""
        with near_or_far(self.work, self.servers, self.folder) as addresses:
            site = site_of(self.servers, addresses, self.folder, self.environments)
            write_sources(self.work, site)
            if self.work.again:
                run_once(self.entries[0], replace(self.work, again=False), site)
            out: set[str] = set()
            for turn in range(1 + max(entry.runs for entry in self.entries)):
                for entry in self.entries:
                    if turn <= entry.runs and (turn or entry.warm) and entry.tool.name not in out:
                        self.take_turn(entry, site, turn > 0, out)
        return {name: middle(runs) for name, runs in self.runs.items()}

    def take_turn(self, entry: Entry, site: Site, counts: bool, out: set[str]) -> None:
        """One run; who fails or is late is out."""
        name = entry.tool.name
        try:
            run = run_once(entry, self.work, site)
        except NotDone as error:
            self.failures.append(str(error))
            self.runs.pop(name, None)
            out.add(name)
            return
        if run.late:
            self.runs[name] = [run]
            out.add(name)
        elif counts:
            self.runs.setdefault(name, []).append(run)
