"""Pass `arrange`: in strategies that follow the list, a task that needs a later one is moved behind it."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from runner.model.plan import Edge, TaskNode
from runner.model.span import Problem
from runner.plan.draft import Draft
from runner.plan.order import number
from runner.plan.shape import cycle_problem, find_cycle


def arrange(draft: Draft) -> Draft:
    """The nodes in the order of the list, as far as `needs` leave it. `dag` has no order to keep.

    Only tasks of one list can change places: where a need would tear a block or a section apart, it is a problem.
    """
    position = {node.id: node.position for node in draft.nodes}
    if draft.strategy == "dag" or all(position[edge.before] < position[edge.after] for edge in draft.data):
        return draft
    nodes = _sorted(draft.nodes, draft.data)
    if len(nodes) < len(draft.nodes):
        names = {node.id: (node.task.name, node.task.span) for node in draft.nodes}
        problem = cycle_problem(find_cycle(draft.data), names, "tasks")
        return replace(draft, data=()).with_problems(problem)
    torn = _torn(nodes)
    if torn is not None:
        hint = f"move it, or use strategy: dag ({draft.strategy} keeps the order of the list)"
        message = f"task {torn.task.name!r} needs one that stands later, outside its block or section"
        return replace(draft, data=()).with_problems(Problem(torn.task.span, message, hint))
    return replace(draft, nodes=number(nodes))


def _torn(nodes: Sequence[TaskNode]) -> TaskNode | None:
    """The first node that comes back to a block's list, or to a section, which others have left already."""
    left: set[tuple[object, ...]] = set()
    current: list[tuple[object, ...]] = []
    for node in nodes:
        places: list[tuple[object, ...]] = [(node.section,), *((scope.block, scope.section) for scope in node.path)]
        if any(place in left for place in places):
            return node
        left.update(place for place in current if place not in places)
        current = places
    return None


def _sorted(nodes: Sequence[TaskNode], edges: Sequence[Edge]) -> list[TaskNode]:
    """The earliest order in which every edge points down the list; nodes of a cycle are left out."""
    waits: dict[str, int] = defaultdict(int)
    followers: dict[str, list[str]] = defaultdict(list)
    for edge in {(edge.before, edge.after): edge for edge in edges}.values():
        waits[edge.after] += 1
        followers[edge.before].append(edge.after)
    by_id = {node.id: node for node in nodes}
    ready = [node.position for node in nodes if not waits[node.id]]
    heapq.heapify(ready)
    found: list[TaskNode] = []
    while ready:
        node = nodes[heapq.heappop(ready)]
        found.append(node)
        for name in followers[node.id]:
            waits[name] -= 1
            if not waits[name]:
                heapq.heappush(ready, by_id[name].position)
    return found
