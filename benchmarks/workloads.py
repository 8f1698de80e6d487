"""The workloads: what is done on how many hosts, how far away they are, and what is wanted of pbrun."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from benchmarks.steps import Copy, Fetch, Folder, Remember, Say, SayEach, Show, Step, Tree

MIB = 1 << 20
BULK_BYTES = 300 * MIB
TREE_FILES = 1000

# What a goal limits: the wall time over the floor's, seconds, MiB, milliseconds of wall time for each host and task,
# or round trips more than the floor's.
Measure = Literal["ratio", "wall_s", "memory_mib", "ms_a_task", "more_trips"]


@dataclass(frozen=True, slots=True)
class Goal:
    """What is wanted of pbrun: at most this much of that."""

    measure: Measure
    limit: float


@dataclass(frozen=True, slots=True)
class Workload:
    """The steps of each host. `round_trip_ms` 0: no proxy. `again`: all of it is done already, nothing changes.

    `peers`: the tools, besides the floor and pbrun, that can do it. `listing`: no host is asked, the arguments say what
    is printed. `held`: all hosts stay connected until the last of them has done its work.
    """

    name: str
    what: str
    hosts: int
    steps: tuple[Step, ...]
    goals: tuple[Goal, ...]
    strategy: str = "linear"
    round_trip_ms: float = 0
    again: bool = False
    held: bool = False
    listing: tuple[str, ...] = ()
    peers: tuple[str, ...] = ("pyinfra", "mitogen", "ansible")


def says(count: int, suffix: str = "") -> tuple[Step, ...]:
    """`count` commands that print a line each."""
    return tuple(Say(f"line-{number}", suffix) for number in range(count))


def ratio(limit: float) -> tuple[Goal, ...]:
    """At most so many times the floor's wall time."""
    return (Goal("ratio", limit),)


FILES: tuple[Step, ...] = (
    Folder("etc"),
    *(Copy(f"small/conf-{number}", f"etc/conf-{number}") for number in range(10)),
    *says(5),
    Fetch("etc/conf-0", "small/conf-0"),
)
TREE: tuple[Step, ...] = (Tree("tree", "tree"),)
CONTROL: tuple[Step, ...] = tuple(step(f"fact_{number}") for number in range(25) for step in (Remember, Show))
BULK: tuple[Step, ...] = (Copy("big/file", "file"), Fetch("file", "big/file"))
ANSIBLE = ("mitogen", "ansible")

TABLE = (
    Workload("one", "1 host, 1 command", 1, says(1), (*ratio(1.5), Goal("wall_s", 0.35))),
    Workload("shell", "50 hosts x 20 `echo`", 50, says(20), ratio(1.5)),
    Workload("gates", "50 hosts x 20 commands that each wait for all hosts", 50, says(20, "; :"), ratio(4), peers=()),
    Workload("files", "20 hosts x (folder, 10 small copies, 5 `echo`, fetch)", 20, FILES, ratio(1.5)),
    Workload("files-again", "`files` where nothing changes", 20, FILES, ratio(1.5), again=True),
    Workload("wan", "10 hosts x 20 `echo` at 100 ms, `free`", 10, says(20), ratio(1.3), "free", 100),
    Workload("wan-linear", "`wan`, `linear`", 10, says(20), (Goal("more_trips", 20),), "linear", 100),
    Workload(
        "loop",
        "10 hosts x 1 task that loops over 50 items",
        10,
        (SayEach(tuple(f"item-{n}" for n in range(50))),),
        ratio(1.5),
    ),
    Workload("tree", "a folder of 1,000 small files to a host at 100 ms", 1, TREE, ratio(2), "linear", 100),
    Workload(
        "tree-again", "`tree` where nothing changes", 1, TREE, (Goal("more_trips", 2),), "linear", 100, again=True
    ),
    Workload("wide", "300 hosts x 1 command", 300, says(1), ratio(1.1)),
    Workload("control", "100 hosts x 50 `set_fact`, `debug`", 100, CONTROL, (Goal("ms_a_task", 0.2),), peers=ANSIBLE),
    Workload("bulk", "300 MiB to a host and back", 1, BULK, (*ratio(1 / 0.9), Goal("memory_mib", 150)), peers=()),
    Workload("version", "`--version`", 1, (), (Goal("wall_s", 0.12),), listing=("--version",), peers=("ansible",)),
    Workload(
        "list",
        "`--list-tasks` of 1,000 tasks in 100 roles",
        1,
        (),
        (Goal("wall_s", 0.5),),
        listing=("--list-tasks",),
        peers=("ansible",),
    ),
    Workload("memory", "500 hosts x 20 `echo`, all connected", 500, says(20), (Goal("memory_mib", 150),), held=True),
)
# How the cost grows, for the plots.
AGAINST_HOSTS = (10, 50, 150, 300)
AGAINST_TASKS = (1, 20, 50, 100)
CURVES = (
    *(Workload(f"hosts-{n}", f"{n} hosts x 20 `echo`", n, says(20), (), peers=()) for n in AGAINST_HOSTS),
    *(Workload(f"tasks-{n}", f"50 hosts x {n} `echo`", 50, says(n), (), peers=()) for n in AGAINST_TASKS),
)
QUICK = (
    "one",
    "shell",
    "gates",
    "files",
    "files-again",
    "wan",
    "loop",
    "tree",
    "tree-again",
    "control",
    "version",
    "list",
)
WORKLOADS = {work.name: work for work in (*TABLE, *CURVES)}


def chosen(names: Sequence[str]) -> tuple[Workload, ...]:
    """The workloads of these names, in the table's order."""
    return tuple(work for name, work in WORKLOADS.items() if name in names)
