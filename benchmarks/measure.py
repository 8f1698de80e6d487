"""Runs one child process and measures it: wall time, CPU time, peak memory."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median


@dataclass(frozen=True, slots=True)
class Run:
    """One child process: seconds, CPU seconds (its own, not the servers'), peak memory in MiB, exit code."""

    wall_s: float
    cpu_s: float
    memory_mib: float
    exit_code: int


def run_child(
    command: Sequence[str], output: Path, environment: Mapping[str, str] | None = None, timeout_s: float = 120.0
) -> Run:
    """Run the command to its end, its output in a file; it is killed after `timeout_s`."""
    with output.open("wb") as file:
        start = time.monotonic()
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT, env=environment
        )
        deadline = threading.Timer(timeout_s, child.kill)
        deadline.start()
        try:
            _, status, usage = os.wait4(child.pid, 0)
        finally:
            deadline.cancel()
        wall_s = time.monotonic() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    return Run(wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, child.returncode)


def middle(runs: Sequence[Run]) -> Run:
    """The medians of several runs; the exit code is the first that is not 0."""
    return Run(
        median(run.wall_s for run in runs),
        median(run.cpu_s for run in runs),
        median(run.memory_mib for run in runs),
        next((run.exit_code for run in runs if run.exit_code), 0),
    )
