"""Pass `order`: sections, roles, blocks and handler flushes become one list of nodes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from runner.model.plan import Kind, Scope, TaskNode
from runner.model.playbook import Block, Node, Play, Task
from runner.model.quick import replace
from runner.model.span import NOWHERE
from runner.plan.draft import Draft

FLUSH = "flush_handlers"


def tasks_in(nodes: Iterable[Node], path: tuple[Scope, ...] = ()) -> Iterator[tuple[Task, tuple[Scope, ...]]]:
    """Every task with the blocks around it, in order."""
    for node in nodes:
        if isinstance(node, Block):
            yield from tasks_in(node.block, (*path, Scope(node.id, "block")))
            yield from tasks_in(node.rescue, (*path, Scope(node.id, "rescue")))
            yield from tasks_in(node.always, (*path, Scope(node.id, "always")))
        else:
            yield node, path


def is_flush(task: Task) -> bool:
    """Whether the task is `meta: flush_handlers`."""
    return task.module == "meta" and FLUSH in (task.args.get("_raw_params"), task.args.get("free_form"))


def handler_nodes(handlers: Iterable[Node], flush: int, section: str) -> list[TaskNode]:
    """The handlers of one flush, in the order of their definition, each to run where it was notified. Those of blocks
    stand for themselves; what a block has to rescue them never runs.

    Source: https://docs.ansible.com/ansible/latest/playbook_guide/playbooks_handlers.html
    """
    return [
        TaskNode(f"{task.id}.h{flush}", 0, task, Kind.HANDLER, (), flush=flush, section=section)
        for task, path in tasks_in(handlers)
        if all(scope.section == "block" for scope in path)
    ]


def order(draft: Draft) -> Draft:
    """Pre-tasks, roles, tasks, post-tasks; handlers after each section and at each `flush_handlers`."""
    play = draft.play
    sections = (("pre_tasks", play.pre_tasks), ("tasks", (*play.roles, *play.tasks)), ("post_tasks", play.post_tasks))
    # A handler that notifies one before it runs at the next flush, even if that section has no tasks; so do tasks that
    # a handler includes.
    chained = any(task.notify or task.around for task, _ in tasks_in(play.handlers))
    nodes: list[TaskNode] = []
    flush = 0
    for section, members in sections:
        if not members and not (chained and nodes):
            continue
        for task, path in tasks_in(members):
            if is_flush(task):
                nodes += flush_nodes(play.handlers, task, path, flush, section)
                flush += 1
            else:
                nodes.append(TaskNode(task.id, len(nodes), task, Kind.TASK, path, section=section))
        nodes += flush_nodes(play.handlers, end_of_section(play, section), (), flush, section)
        flush += 1
    return replace(draft, nodes=number(nodes))


def end_of_section(play: Play, section: str) -> Task:
    """The flush that every section ends with."""
    args = {"_raw_params": FLUSH}
    return Task(f"{play.id}.{section}.flush", FLUSH, "meta", "meta", args, NOWHERE, tags=frozenset({"always"}))


def flush_nodes(
    handlers: Iterable[Node], task: Task, path: tuple[Scope, ...], flush: int, section: str
) -> list[TaskNode]:
    """A flush: a marker (handlers of roles that are included later go behind it) and the handlers so far."""
    marker = TaskNode(task.id, 0, task, Kind.FLUSH, path, observes=False, flush=flush, section=section)
    return [marker, *handler_nodes(handlers, flush, section)]


def number(nodes: Iterable[TaskNode]) -> tuple[TaskNode, ...]:
    """The nodes with their positions in this list."""
    return tuple(
        node if node.position == position else replace(node, position=position) for position, node in enumerate(nodes)
    )
