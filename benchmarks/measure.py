"""Runs one child process and measures it: wall time, CPU time, peak memory."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

# How often the memory of a family of processes is looked at; a look takes milliseconds.
LOOK_EVERY_S = 0.5
KIB = 1024


# Words of proc_pid_stat(5) behind the name.
PARENT = 1


def stats() -> Iterator[tuple[int, list[str]]]:
    """All processes, and the words of their state behind the name, which is in brackets and may hold anything."""
    for file in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            yield int(file.parent.name), file.read_text().rpartition(")")[2].split()


@dataclass(frozen=True, slots=True)
class Run:
    """One child process: seconds, CPU seconds (its own, not the servers'), peak memory in MiB, exit code.

    `trips`: the most round trips of a connection, 0 where no proxy counts them. `late`: it was stopped, time was over.
    `hosts_cpu_s`: what the servers' sessions and the programs in them took, of all hosts together.
    """

    wall_s: float
    cpu_s: float
    memory_mib: float
    exit_code: int
    trips: float = 0
    late: bool = False
    hosts_cpu_s: float = 0


def family_of(*first: int) -> set[int]:
    """These processes and all that descend from them (Linux; elsewhere themselves alone)."""
    children: dict[int, list[int]] = {}
    for process, words in stats():
        children.setdefault(int(words[PARENT]), []).append(process)
    found, ahead = set(), [*first]
    while ahead:
        process = ahead.pop()
        found.add(process)
        ahead += children.get(process, [])
    return found


def family_mib(first: int) -> float:
    """The memory of a family of processes, what they share counted once (Linux; 0 elsewhere)."""
    total = 0.0
    for process in family_of(first):
        with contextlib.suppress(OSError, StopIteration):
            lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
            total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / KIB


class FamilyWatch(threading.Thread):
    """Looks at the memory of a family of processes until it is told to stop."""

    def __init__(self, first: int) -> None:
        """Nothing has been seen."""
        super().__init__(daemon=True)
        self.first = first
        self.peak_mib = 0.0
        self.over = threading.Event()

    def run(self) -> None:
        """Keep the highest."""
        while not self.over.wait(LOOK_EVERY_S):
            self.peak_mib = max(self.peak_mib, family_mib(self.first))


def kill_family(first: int) -> None:
    """End a process and all that descend from it."""
    for process in family_of(first):
        with contextlib.suppress(OSError):
            os.kill(process, signal.SIGKILL)


def run_child(
    command: Sequence[str],
    output: Path,
    environment: Mapping[str, str] | None = None,
    timeout_s: float = 120.0,
    family: bool = False,
) -> Run:
    """Run the command to its end, its output in a file; it is killed after `timeout_s`. `family`: it works in several
    processes, and the memory of all of them is meant."""
    with output.open("wb") as file:
        start = time.monotonic()
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT, env=environment
        )
        watch = FamilyWatch(child.pid)
        if family:
            watch.start()
        deadline = threading.Timer(timeout_s, kill_family, (child.pid,))
        deadline.start()
        try:
            _, status, usage = os.wait4(child.pid, 0)
        finally:
            deadline.cancel()
            watch.over.set()
        wall_s = time.monotonic() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    memory_mib = max(watch.peak_mib, usage.ru_maxrss / KIB)
    late = wall_s >= timeout_s
    return Run(wall_s, usage.ru_utime + usage.ru_stime, memory_mib, child.returncode, late=late)


def middle(runs: Sequence[Run]) -> Run:
    """The medians of several runs; the exit code is the first that is not 0."""
    return Run(
        median(run.wall_s for run in runs),
        median(run.cpu_s for run in runs),
        median(run.memory_mib for run in runs),
        next((run.exit_code for run in runs if run.exit_code), 0),
        median(run.trips for run in runs),
        any(run.late for run in runs),
        median(run.hosts_cpu_s for run in runs),
    )
