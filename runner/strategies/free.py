"""free: every host goes through the list on its own; only `run_once` and its like wait for the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from runner.model.plan import Edge, Reach, TaskNode


def edges(nodes: Sequence[TaskNode], data: Sequence[Edge]) -> Iterator[Edge]:
    """Each node after the one before it on the same host. The order implies all of `data`."""
    del data
    for before, after in pairwise(nodes):
        yield Edge(before.id, after.id, Reach.HOST, "order")
