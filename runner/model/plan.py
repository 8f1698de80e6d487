"""What is to be done: a graph of tasks for each play. Hosts are an axis of its execution, not nodes."""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum

from runner.model.playbook import Play, Section, Task
from runner.model.quick import dataclass


class Reach(StrEnum):
    """How far an edge reaches: the same host has to be done, or every host of the batch (a gate)."""

    HOST = "host"
    ALL = "all"


class Kind(StrEnum):
    """What a node stands for. A FLUSH is a marker that runs nothing; it stands in no listing."""

    FACTS = "facts"
    TASK = "task"
    HANDLER = "handler"
    FLUSH = "flush"


@dataclass(frozen=True, slots=True)
class Scope:
    """One block a node is in, and which of its three lists."""

    block: str
    section: Section


@dataclass(frozen=True, slots=True)
class TaskNode:
    """One task at one place of a play's order.

    `position` counts from 0 in listing order. `path` are the blocks around it, outermost first. `reads` are the
    variable names its templates may read (None: any). `writes` are those it sets. `observes`: it can see other hosts
    (so `linear` puts a gate in front of it). `watches`: it reads what later tasks of other hosts change (`hostvars`,
    who is still in the play), or its failure is fatal for all, so there is one behind it too. `flush` numbers the
    flush a handler's node belongs to.
    `hosts`: names it is for (None: all of the batch); set for what a dynamic include brought.
    """

    id: str
    position: int
    task: Task
    kind: Kind = Kind.TASK
    path: tuple[Scope, ...] = ()
    reads: frozenset[str] | None = frozenset()
    writes: frozenset[str] = frozenset()
    observes: bool = True
    watches: bool = False
    flush: int = 0
    section: str = "tasks"
    hosts: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Edge:
    """`before` must be done before `after`; `why` is shown by `pbrun graph` (order, data: x, needs, gate …)."""

    before: str
    after: str
    reach: Reach
    why: str


@dataclass(frozen=True, slots=True)
class PlayPlan:
    """One play's nodes in listing order and the edges between them."""

    play: Play
    nodes: tuple[TaskNode, ...]
    edges: tuple[Edge, ...]
    strategy: str = "linear"
    needs_facts: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """All plays; `after[i]` are the indexes of the plays that play i waits for."""

    plays: tuple[PlayPlan, ...]
    after: tuple[frozenset[int], ...] = ()
    warnings: tuple[str, ...] = field(default=())
