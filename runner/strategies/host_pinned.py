"""host_pinned: like free, but a host that was begun is finished before another one takes its place.

The edges are those of free; the executor begins no more hosts than there are forks and pins each until it is done.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from runner.model.plan import Edge, Reach, TaskNode


def edges(nodes: Sequence[TaskNode], data: Sequence[Edge]) -> Iterator[Edge]:
    """Each node after the one before it on the same host."""
    del data
    return (Edge(a.id, b.id, Reach.HOST, "order") for a, b in pairwise(nodes))
