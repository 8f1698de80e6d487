"""Runs one child process and measures it: wall time, CPU time, peak memory."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

# How often the memory of a family of processes is looked at, and its share of one core (a look takes milliseconds).
LOOK_EVERY_S = 0.5
KIB = 1024


@dataclass(frozen=True, slots=True)
class Run:
    """One child process: seconds, CPU seconds (its own, not the servers'), peak memory in MiB, exit code.

    `trips`: the most round trips of a connection, 0 where no proxy counts them. `late`: it was stopped, time was over.
    """

    wall_s: float
    cpu_s: float
    memory_mib: float
    exit_code: int
    trips: float = 0
    late: bool = False


def family_mib(session: int) -> float:
    """The memory of all processes of a session, what they share counted once (Linux; 0 elsewhere)."""
    total = 0.0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if os.getsid(int(folder.name)) == session:
                found = (folder / "smaps_rollup").read_text()
                total += next(int(line.split()[1]) for line in found.splitlines() if line.startswith("Pss:"))
        except (OSError, StopIteration):
            continue
    return total / KIB


class FamilyWatch(threading.Thread):
    """Looks at the memory of a session's processes until it is told to stop."""

    def __init__(self, session: int) -> None:
        """Nothing has been seen."""
        super().__init__(daemon=True)
        self.session = session
        self.peak_mib = 0.0
        self.over = threading.Event()

    def run(self) -> None:
        """Keep the highest."""
        while not self.over.wait(LOOK_EVERY_S):
            self.peak_mib = max(self.peak_mib, family_mib(self.session))


def kill_session(child: subprocess.Popen[bytes]) -> None:
    """End the child and what it started in its process group."""
    os.killpg(child.pid, signal.SIGKILL)


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
            command,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )
        watch = FamilyWatch(child.pid)
        if family:
            watch.start()
        deadline = threading.Timer(timeout_s, kill_session, (child,))
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
    )
