"""What befalls the machine during a run: kills, interrupts, stops, frozen servers, full disks, full doors."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.sshd_farm import Farm

KINDS = ("none", "kill", "term", "int", "stop", "freeze", "full", "hog")
WEIGHTS = (40, 22, 8, 8, 5, 8, 9, 8)
# What may befall a process that is to go on living.
OUTSIDE = ("none", "freeze", "hog")
SIGNALS = {"kill": signal.SIGKILL, "term": signal.SIGTERM, "int": signal.SIGINT}


@dataclass(frozen=True, slots=True)
class Blow:
    """What happens once the log has so many bytes, and for how long."""

    kind: str
    at_bytes: int
    for_s: float

    def before(self) -> Callable[[], None] | None:
        """What the new process does to itself first: its disk takes no more than this."""
        if self.kind != "full":
            return None
        return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (self.at_bytes, resource.RLIM_INFINITY))

    def strike(self, pid: int, farm: Farm) -> None:
        """Do it. Frozen servers thaw, and idle connections go, after `for_s`."""
        if number := SIGNALS.get(self.kind):
            os.kill(pid, number)
        elif self.kind == "stop":
            _stop_for([pid], self.for_s)
        elif self.kind == "freeze":
            _stop_for(farm.sessions(), self.for_s)
        elif self.kind == "hog":
            with contextlib.ExitStack() as stack:
                for address in farm.addresses * 4:
                    with contextlib.suppress(OSError):
                        stack.enter_context(socket.create_connection((address, farm.port), 2))
                time.sleep(min(self.for_s, 2.0))


def draw_blow(rng: Random, *, outside: bool) -> Blow:
    """A blow; `outside`: one that the process itself is spared."""
    kind = rng.choices(KINDS, WEIGHTS)[0]
    if outside and kind not in OUTSIDE:
        kind = "none"
    return Blow(kind, int(rng.triangular(1500, 60_000, 6000)), rng.choice((0.5, 1.5, 3.0, 14.0)))


def _stop_for(pids: list[int], seconds: float) -> None:
    for number in (signal.SIGSTOP, signal.SIGCONT):
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        if number == signal.SIGSTOP:
            time.sleep(seconds)


def wait_for_size(log: Path, size: int, over: Callable[[], bool], limit_s: float) -> bool:
    """Whether the log came to that size before the run was over, or the time."""
    end = time.monotonic() + limit_s
    while not over() and time.monotonic() < end:
        with contextlib.suppress(OSError):
            if log.stat().st_size >= size:
                return True
        time.sleep(0.005)
    return False


def end_hanging(run: subprocess.Popen[bytes]) -> None:
    """End a process that takes too long; Python says where each thread was."""
    run.send_signal(signal.SIGCONT)
    run.send_signal(signal.SIGABRT)
    with contextlib.suppress(subprocess.TimeoutExpired):
        run.wait(10)
    run.kill()
    run.wait()
