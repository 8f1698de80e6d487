"""linear: Ansible's order, with a gate only in front of a step that can observe other hosts.

A step that touches its own host alone (`copy`, `template`, `file` …) gives the same result whether or not the others
have caught up, so waiting for them would change nothing that anybody can see.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from runner.model.plan import Edge, Reach, TaskNode


def edges(nodes: Sequence[TaskNode], data: Sequence[Edge]) -> Iterator[Edge]:
    """Each node after the one before it; on all hosts where the node observes, or the one before it reads what it may
    change. The order implies all of `data`."""
    del data
    for before, after in pairwise(nodes):
        reach, why = (Reach.ALL, "gate") if after.observes or before.watches else (Reach.HOST, "order")
        yield Edge(before.id, after.id, reach, why)
