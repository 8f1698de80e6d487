"""`python -m benchmarks.simulate`: runs on hosts that are answered from memory: what a host-task costs the coordinator.

Loading, planning, scheduling, rendering, compiling, journal and reporter are the real ones; only connections are not.
Time on the network is simulated: a clock of CPU seconds jumps to the next answer instead of waiting for it, so the
*simulated* wall time is that of a run alone on its core whose connections take time but no CPU.
"""

from __future__ import annotations

import argparse
import gc
import heapq
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.scale_page import Scale, write_page
from runner.__main__ import YOUNG_OBJECTS
from runner.engine import execute
from runner.model.call import Carried, Line, Lines, Reply, Sent, Trip, TripEnd
from runner.model.options import Options
from runner.preparation import prepare

KIB: Final = 1024
MIB: Final = 1 << 20
Message = Reply | TripEnd | Sent | Carried | Lines

# Five kinds of tasks that take turns: each task has text of its own, and each host its own values.
KINDS: Final = (
    {"name": "folder {n}", "file": {"path": "/srv/{n}", "state": "directory"}},
    {"name": "file {n}", "copy": {"dest": "/srv/{n}/conf", "content": "port={{ port + {n} }}\n"}},
    {"name": "ask {n}", "shell": "ask --host {{ inventory_hostname }} {n}", "register": "answer"},
    {"name": "tell {n}", "command": "tell {{ answer.stdout }} {n}", "when": "answer.rc == 0"},
    {"name": "remember {n}", "set_fact": {"fact_{n}": "{{ inventory_hostname }}-{n}"}},
)


@dataclass(frozen=True, slots=True)
class World:
    """What is simulated; times in seconds."""

    hosts: int
    tasks: int
    strategy: str = "linear"
    forks: int = 50
    connect_s: float = 0.1
    round_trip_s: float = 0.001
    step_s: float = 0.002


@dataclass(frozen=True, slots=True)
class Cost:
    """What a run cost: CPU of preparing and of running, its simulated wall time, peak memory, the log's size."""

    prepare_s: float
    run_s: float
    simulated_s: float
    memory_mib: float
    log_mib: float
    trips: int
    results: int


class Remembered:
    """See `runner.model.ports.Dispatcher`: every step of a trip is fine and prints its host's name, in due time."""

    def __init__(self, world: World) -> None:
        """Nothing is under way, no host is connected."""
        self.world = world
        self.trips = 0
        self._skipped = 0.0
        self._began = time.process_time()
        self._waiting: deque[Trip] = deque()
        self._under_way: list[tuple[float, int, Trip]] = []
        self._connected: set[str] = set()

    def now(self) -> float:
        """Seconds of the simulated clock."""
        return time.process_time() - self._began + self._skipped

    def send(self, trip: Trip) -> None:
        """Under way when `forks` allows."""
        self.trips += 1
        self._waiting.append(trip)
        self._begin(self.now())

    def _begin(self, now: float) -> None:
        while self._waiting and len(self._under_way) < self.world.forks:
            trip = self._waiting.popleft()
            takes = self.world.round_trip_s + self.world.step_s * len(trip.lines)
            if trip.target.host not in self._connected:
                self._connected.add(trip.target.host)
                takes += self.world.connect_s
            heapq.heappush(self._under_way, (now + takes, trip.id, trip))

    def wait(self, timeout_s: float | None) -> list[Message]:  # noqa: ARG002 - no answer is late
        """All that is due; if nothing is, the clock jumps to the next answer."""
        messages: list[Message] = []
        if self._under_way:
            self._skipped += max(0.0, self._under_way[0][0] - self.now())
        while self._under_way and self._under_way[0][0] <= self.now():
            due, _, trip = heapq.heappop(self._under_way)
            messages += [reply(trip, line) for line in trip.lines]
            messages.append(TripEnd(trip.id))
            self._begin(due)
        return messages

    def reset(self, host: str) -> None:
        """It has to connect again."""
        self._connected.discard(host)

    def close(self, *, settled: bool = True) -> None:
        """Nothing is open."""


def reply(trip: Trip, line: Line) -> Reply:
    """A step that went well."""
    now = time.time()
    out = f"{trip.target.host}\n".encode()
    return Reply(trip.id, line.index, 0, bool(line.fragment.apply), {}, out, b"", now, now)


def write_files(world: World, folder: Path) -> tuple[str, str]:
    """The playbook and its inventory (JSON is YAML)."""
    tasks = [json.loads(json.dumps(KINDS[n % len(KINDS)]).replace("{n}", str(n))) for n in range(world.tasks)]
    play = {"hosts": "all", "gather_facts": False, "strategy": world.strategy, "tasks": tasks}
    hosts = {f"host{n:06}": {"port": n} for n in range(world.hosts)}
    playbook, inventory = folder / "playbook.yaml", folder / "inventory.yaml"
    playbook.write_text(json.dumps([play]))
    inventory.write_text(json.dumps({"all": {"hosts": hosts}}))
    return str(playbook), str(inventory)


def simulate(world: World, folder: Path) -> Cost:
    """One run, in this process, whose screen is its standard output."""
    playbook, inventory = write_files(world, folder)
    log = folder / "log.jsonl"
    options = Options((playbook,), (inventory,), log=str(log), forks=world.forks, output="plain")
    start = time.process_time()
    prepared = prepare(options)
    ready = time.process_time()
    remembered = Remembered(world)
    ended = execute(prepared, options, make=lambda *_: remembered)
    done = time.process_time()
    if ended.exit_code:
        raise SystemExit(f"the simulated run ended with {ended.exit_code}")
    results = sum(b'"type":"task_result"' in line for line in log.open("rb"))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIB
    size = log.stat().st_size / MIB
    return Cost(ready - start, done - ready, remembered.now(), memory, size, remembered.trips, results)


def in_a_child(world: World) -> Cost:
    """One run in a process of its own, so that its memory is its own; what it shows is thrown away."""
    command = [sys.executable, "-m", "benchmarks.simulate", "--alone", json.dumps(asdict(world))]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
    return Cost(**json.loads(done.stderr.splitlines()[-1]))


def row(world: World, cost: Cost) -> str:
    """One line of the table."""
    steps = world.hosts * world.tasks
    each_ms, each_kib = cost.run_s / steps * 1000, cost.memory_mib * KIB / world.hosts
    left = f"{world.hosts:>7} {world.tasks:>5} {cost.trips:>8} {cost.prepare_s:>7.1f} s {cost.run_s:>7.1f} s"
    return f"{left} {each_ms:>8.3f} ms {cost.memory_mib:>7.0f} MiB {each_kib:>6.0f} KiB {cost.log_mib:>7.0f} MiB" + (
        f" {cost.simulated_s:>8.0f} s"
    )


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.simulate", description=__doc__)
    usual = World(0, 0)
    parser.add_argument("--hosts", type=int, nargs="+", default=[500, 1000, 2000, 5000], help="how many hosts")
    parser.add_argument("--tasks", type=int, nargs="+", default=[20], help="tasks of each (default 20)")
    parser.add_argument("--strategy", default=usual.strategy)
    parser.add_argument("--forks", type=int, default=usual.forks)
    parser.add_argument("--connect", type=float, default=usual.connect_s, help="seconds to connect (default 0.1)")
    parser.add_argument("--round-trip", type=float, default=usual.round_trip_s, help="seconds (default 0.001)")
    parser.add_argument("--step", type=float, default=usual.step_s, help="seconds a step takes (default 0.002)")
    parser.add_argument("--write", action="store_true", help="also write table and plot into docs/scale.md")
    parser.add_argument("--alone", help=argparse.SUPPRESS)
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Simulate and print a table."""
    found = arguments(argv)
    if found.alone:
        gc.set_threshold(YOUNG_OBJECTS, 20, 20)
        with tempfile.TemporaryDirectory(prefix="pbrun-simulate-") as folder:
            cost = simulate(World(**json.loads(found.alone)), Path(folder))
        print(json.dumps(asdict(cost)), file=sys.stderr)
        return 0
    times: dict[str, Any] = {"connect_s": found.connect, "round_trip_s": found.round_trip, "step_s": found.step}
    print(f"{'hosts':>7} {'tasks':>5} {'trips':>8} {'prepare':>9} {'run':>9} {'host-task':>11}", end="")
    print(f" {'memory':>11} {'a host':>10} {'log':>11} {'simulated':>10}")
    made: list[tuple[World, Cost]] = []
    for tasks in found.tasks:
        for hosts in found.hosts:
            world = World(hosts, tasks, found.strategy, found.forks, **times)
            made.append((world, in_a_child(world)))
            print(row(*made[-1]), flush=True)
    if found.write:
        write_page([Scale(world.hosts, world.tasks, cost.run_s, cost.memory_mib, cost.log_mib) for world, cost in made])
    return 0


if __name__ == "__main__":
    sys.exit(main())
