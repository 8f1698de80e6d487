"""Passes `data`, `handlers`, `blocks`, `barriers` and `needs`: the edges that `dag` keeps when it drops the order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from runner.model.plan import Edge, Kind, Reach, TaskNode
from runner.model.playbook import Play
from runner.model.span import Problem
from runner.plan.draft import Draft
from runner.plan.effects import STRUCTURAL
from runner.plan.magic import is_fact_name
from runner.plan.order import tasks_in
from runner.registry import nearest


def _reads(node: TaskNode, name: str) -> bool:
    if node.reads is None or name == "*":
        return True
    if name == "ansible_facts":
        return any(is_fact_name(word) or word == name for word in node.reads)
    return name in node.reads


def _looks_around(node: TaskNode) -> bool:
    """Whether the node may read what other hosts have set."""
    return node.reads is not None and "hostvars" in node.reads


def data(draft: Draft) -> Draft:
    """Who writes a variable comes before whoever reads it later in the list; writers keep their order."""
    if draft.strategy != "dag":
        return draft
    found: list[Edge] = []
    for position, writer in enumerate(draft.nodes):
        for name in sorted(writer.writes):
            for later in draft.nodes[position + 1 :]:
                if _looks_around(later):
                    found.append(Edge(writer.id, later.id, Reach.ALL, "data: hostvars"))
                elif _reads(later, name) or name in later.writes:
                    found.append(Edge(writer.id, later.id, Reach.HOST, f"data: {name}"))
        for earlier in draft.nodes[:position]:
            if any(_reads(earlier, name) for name in writer.writes):
                found.append(Edge(earlier.id, writer.id, Reach.HOST, "data: read before it is set again"))
    return draft.with_data(*found)


def handler_names(node: TaskNode) -> frozenset[str]:
    """The names a notification may use for this handler."""
    task = node.task
    names = {task.name, *task.listen}
    if task.role:
        names |= {f"{task.role.name} : {task.name}", f"{task.role.short_name} : {task.name}"}
    return frozenset(names)


def handlers(draft: Draft) -> Draft:
    """Whoever may notify a handler comes before it; handlers of one flush keep their order."""
    if draft.strategy != "dag":
        return draft
    found: list[Edge] = []
    flushes: dict[int, list[TaskNode]] = defaultdict(list)
    for node in draft.nodes:
        if node.kind is Kind.HANDLER:
            flushes[node.flush].append(node)
    for members in flushes.values():
        first = members[0].position
        for node in draft.nodes[:first]:
            if node.task.notify and node.kind is Kind.TASK:
                found += [Edge(node.id, handler.id, Reach.HOST, "handler") for handler in members]
        found += [Edge(a.id, b.id, Reach.HOST, "handler order") for a, b in pairwise(members)]
    return draft.with_data(*found)


def blocks(draft: Draft) -> Draft:
    """Rescue after block, always after both; a block that has either is begun after what stands before it and ended
    before what stands behind it, since a failure there decides what still runs."""
    if draft.strategy != "dag":
        return draft
    sections: dict[tuple[str, str], list[TaskNode]] = defaultdict(list)
    for node in draft.nodes:
        for scope in node.path:
            sections[(scope.block, scope.section)].append(node)
    found: list[Edge] = []
    for (block, section), members in sections.items():
        for earlier in {"block": (), "rescue": ("block",), "always": ("block", "rescue")}[section]:
            befores = sections.get((block, earlier), [])
            found += [Edge(a.id, b.id, Reach.HOST, f"{section} of a block") for a in befores for b in members]
    for name in {block for block, section in sections if section != "block"}:
        inside = [node.position for (block, _), members in sections.items() if block == name for node in members]
        found += _fence(draft.nodes, min(inside), max(inside))
    return draft.with_data(*found)


def _fence(nodes: Sequence[TaskNode], first: int, last: int) -> Iterator[Edge]:
    """The nodes from `first` to `last` come after all before them and before all behind them."""
    inside = nodes[first : last + 1]
    for before in nodes[:first]:
        yield from (Edge(before.id, node.id, Reach.HOST, "block") for node in inside)
    for after in nodes[last + 1 :]:
        yield from (Edge(node.id, after.id, Reach.HOST, "block") for node in inside)


def _is_barrier(node: TaskNode) -> bool:
    task = node.task
    return node.kind in (Kind.FLUSH, Kind.FACTS) or task.module in STRUCTURAL | {"meta", "pause"}


def _sections(nodes: Iterable[TaskNode]) -> Iterator[list[TaskNode]]:
    by_name: dict[str, list[TaskNode]] = {}
    for node in nodes:
        by_name.setdefault(node.section, []).append(node)
    yield from by_name.values()


def barriers(draft: Draft) -> Draft:
    """Sections keep their order, and nothing moves across `meta`, `pause`, an include or the gathering of facts."""
    if draft.strategy != "dag":
        return draft
    found: list[Edge] = []
    members = list(_sections(draft.nodes))
    for first, second in pairwise(members):
        found += [Edge(a.id, b.id, Reach.HOST, "section") for a in first for b in second]
    for node in draft.nodes:
        if _is_barrier(node):
            found += [Edge(a.id, node.id, Reach.HOST, "barrier") for a in draft.nodes[: node.position]]
            found += [Edge(node.id, b.id, Reach.HOST, "barrier") for b in draft.nodes[node.position + 1 :]]
    return draft.with_data(*found)


def _task_names(play: Play) -> Iterator[str]:
    """The names of all tasks, those that no tag chose included: what is not run is not waited for."""
    for section in (play.pre_tasks, play.roles, play.tasks, play.post_tasks):
        yield from (task.name for task, _ in tasks_in(section))


def needs(draft: Draft) -> Draft:
    """Explicit `needs:` on tasks, by name."""
    by_name: dict[str, list[TaskNode]] = {name: [] for name in _task_names(draft.play)}
    for node in draft.nodes:
        if node.kind is Kind.TASK:
            by_name.setdefault(node.task.name, []).append(node)
    found: list[Edge] = []
    problems: list[Problem] = []
    for node in draft.nodes:
        for name in node.task.needs:
            if name not in by_name:
                hint = nearest(name, by_name) or "needs: takes names of tasks of the same play"
                problems.append(
                    Problem(node.task.span, f"task needs {name!r}, but no task has this name", hint, word=name)
                )
            found += [Edge(before.id, node.id, Reach.HOST, f"needs: {name}") for before in by_name.get(name, [])]
    return draft.with_data(*found).with_problems(*problems)
