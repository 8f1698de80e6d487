"""Pass `gather`: a node for the facts in front, if the play reads any."""

from __future__ import annotations

from dataclasses import replace

from runner.model.plan import Kind, TaskNode
from runner.model.playbook import Play, Task
from runner.plan.draft import Draft
from runner.plan.order import number

TITLE = "Gathering Facts"


def facts_task(play: Play) -> Task:
    """The `setup` task a play gathers its facts with."""
    args = {"gather_subset": list(play.gather_subset)} if play.gather_subset else {}
    return Task(f"{play.id}.facts", TITLE, "setup", "setup", args, play.span, play.directives, tags=play.tags)


def facts_node(play: Play) -> TaskNode:
    """The node of that task; in no plan where a step turns out to read facts that nobody has gathered."""
    task = facts_task(play)
    return TaskNode(task.id, 0, task, Kind.FACTS, writes=frozenset({"ansible_facts"}), observes=False)


def gather(draft: Draft) -> Draft:
    """Put the node in front. What is read without being seen here is gathered when it is first read."""
    if not draft.needs_facts:
        return draft
    node = TaskNode(
        f"{draft.play.id}.facts", 0, facts_task(draft.play), Kind.FACTS, writes=frozenset({"ansible_facts"})
    )
    return replace(draft, nodes=number([node, *draft.nodes]))
