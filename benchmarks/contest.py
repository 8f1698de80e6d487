"""One workload, all its tools in turn on the same servers: what each run took, and that its work was done."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import Run, middle, run_child
from benchmarks.servers import Farm, distant
from benchmarks.site import Site, clear, missing_work, site_of, write_sources
from benchmarks.tools.tool import Tool
from benchmarks.workloads import Workload


@dataclass(frozen=True, slots=True)
class Entry:
    """A tool, how often it runs, and when it is stopped. `warm`: one run more, which does not count."""

    tool: Tool
    runs: int
    limit_s: float
    warm: bool = True


class NotDone(Exception):
    """A tool did not do its work."""


def tail(output: Path) -> str:
    """The end of what a child printed."""
    return "\n".join(output.read_text(errors="replace").splitlines()[-15:])


def trips_since(proxied: Path, before: int) -> float:
    """The most round trips of the connections that ended since the proxy's file had so many lines.

    The proxy hears of the end of a connection half a round trip later, so this waits a moment.
    """
    if not proxied.exists():
        return 0
    time.sleep(0.5)
    return max((int(line) for line in proxied.read_text().splitlines()[before:]), default=0)


def run_once(entry: Entry, work: Workload, site: Site) -> Run:
    """One run of one tool. Raises NotDone when it failed or its work is not there; a late run is no failure."""
    clear(work, site)
    child = entry.tool.prepare(work, site)
    output, proxied = site.folder / f"{entry.tool.name}.out", site.folder / "proxy.out"
    before = len(proxied.read_text().splitlines()) if proxied.exists() else 0
    try:
        run = run_child(child.command, output, child.environment, entry.limit_s, child.family)
    finally:
        entry.tool.tidy(site)
    if run.late:
        return run
    if run.exit_code:
        raise NotDone(f"{work.name}: {entry.tool.name} ended with {run.exit_code}\n{tail(output)}")
    if lack := entry.tool.wrong(work, site, output) or missing_work(work, site):
        raise NotDone(f"{work.name}: {entry.tool.name} did not do its work: {lack}\n{tail(output)}")
    return Run(run.wall_s, run.cpu_s, run.memory_mib, 0, trips_since(proxied, before))


@contextlib.contextmanager
def near_or_far(work: Workload, servers: Farm, folder: Path) -> Iterator[tuple[tuple[str, int], ...]]:
    """The workload's hosts, behind the proxy if it wants a distance."""
    near = servers.addresses[: work.hosts]
    (folder / "proxy.out").unlink(missing_ok=True)
    if not work.round_trip_ms:
        yield near
        return
    with distant(near, work.round_trip_ms, folder / "proxy.out") as far:
        yield far


def contest(work: Workload, servers: Farm, folder: Path, entries: Sequence[Entry]) -> dict[str, Run]:
    """The median of each tool, by name. What a tool could not do in its time has `late`, and is run once only."""
    with near_or_far(work, servers, folder) as addresses:
        site = site_of(servers, addresses, folder)
        write_sources(work, site)
        if work.again:
            fill(work, site, entries[0])
        done: dict[str, list[Run]] = {entry.tool.name: [] for entry in entries}
        for turn in range(1 + max(entry.runs for entry in entries)):
            for entry in entries:
                earlier = done[entry.tool.name]
                if turn > entry.runs or (turn == 0 and not entry.warm) or any(run.late for run in earlier):
                    continue
                run = run_once(entry, work, site)
                if turn or run.late:
                    earlier.append(run)
        return {name: middle(runs) for name, runs in done.items() if runs}


def fill(work: Workload, site: Site, first: Entry) -> None:
    """Do the work once from nothing, so that it can be done again."""
    fresh = Workload(work.name, work.what, work.hosts, work.steps, ())
    run_once(first, fresh, site)
