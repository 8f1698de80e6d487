"""The CPU time of what runs on the hosts: the sessions of the servers that this process started, and their programs.

A server hears of a session's end before the session's own children have ended, so these are left behind. They become
children of this process, which therefore knows what they took, too.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import PARENT, family_of, stats

# prctl(2): what descends from this process and loses its parent becomes its child.
PR_SET_CHILD_SUBREAPER = 36
# Words of proc_pid_stat(5) behind the name: the CPU ticks of a process's children that it waited for.
CHILDREN_USER, CHILDREN_SYSTEM = 13, 14
SETTLED_S = 5.0


def adopt() -> None:
    """From now on what is left behind becomes a child of this process (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def children() -> set[int]:
    """This process's children."""
    return {process for process, words in stats() if int(words[PARENT]) == os.getpid()}


def waited_for_s(processes: Sequence[int]) -> float:
    """CPU seconds of those children that these processes have waited for."""
    ticks = 0
    for process, words in stats():
        if process in processes:
            ticks += int(words[CHILDREN_USER]) + int(words[CHILDREN_SYSTEM])
    return ticks / os.sysconf("SC_CLK_TCK")


def is_ssh(process: int) -> bool:
    """Whether it is a client that a tool left behind, and nothing of a host's."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{process}/comm").read_text().strip() == "ssh"
    return False


@dataclass(frozen=True, slots=True)
class Meter:
    """What was there before a run: this process's children, and what the servers had waited for."""

    servers: tuple[int, ...]
    known: frozenset[int]
    before_s: float

    def read(self) -> tuple[float, float]:
        """CPU seconds since then, of the hosts and of `ssh` clients, once all has ended (or some seconds have gone)."""
        hosts_s = clients_s = 0.0
        end = time.monotonic() + SETTLED_S
        while time.monotonic() < end:
            left = children() - self.known
            for process in left:
                client = is_ssh(process)
                ended, _, usage = os.wait4(process, os.WNOHANG)
                took_s = usage.ru_utime + usage.ru_stime if ended else 0.0
                hosts_s, clients_s = (hosts_s, clients_s + took_s) if client else (hosts_s + took_s, clients_s)
            if not left and len(family_of(*self.servers)) == len(self.servers):
                break
            time.sleep(0.05)
        return hosts_s + waited_for_s(self.servers) - self.before_s, clients_s


def meter(servers: tuple[int, ...]) -> Meter:
    """A meter that begins now."""
    return Meter(servers, frozenset(children()), waited_for_s(servers))
