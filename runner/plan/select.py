"""Pass `select`: what `--tags`, `--skip-tags` and `--start-at-task` leave."""

from __future__ import annotations

import fnmatch
from collections.abc import Collection
from dataclasses import replace

from runner.model.plan import Kind, TaskNode
from runner.plan.draft import Draft
from runner.plan.order import number


def wanted(tags: Collection[str], only: Collection[str], skip: Collection[str]) -> bool:
    """Whether a task with `tags` runs, with the special tags always, never, all, tagged and untagged.

    Source: https://docs.ansible.com/ansible/latest/playbook_guide/playbooks_tags.html
    """
    own = set(tags) or {"untagged"}
    is_tagged = own != {"untagged"}
    chosen = "always" in own or bool(own & set(only))
    if "never" not in own:
        chosen = chosen or "all" in only or ("tagged" in only and is_tagged)
    if not chosen:
        return False
    if "all" in skip:
        return "always" in own and "always" not in skip
    return not (own & set(skip)) and not ("tagged" in skip and is_tagged)


def select(draft: Draft) -> Draft:
    """Tasks that tags choose; handlers are kept where their flush is, since only a notification runs them."""
    options = draft.options
    chosen = [n for n in draft.nodes if n.kind is Kind.HANDLER or wanted(n.task.tags, options.tags, options.skip_tags)]
    gone = {node.flush for node in draft.nodes if node.kind is Kind.FLUSH} - {
        node.flush for node in chosen if node.kind is Kind.FLUSH
    }
    kept = [node for node in chosen if node.kind is not Kind.HANDLER or node.flush not in gone]
    if not any(node.kind is Kind.TASK for node in kept):
        kept = []
    return replace(draft, nodes=number(kept))


def matches_start(node: TaskNode, start: str) -> bool:
    """Whether `--start-at-task` names this task: its name, its role-qualified name, a glob of them, or
    its id (as `pbrun retry` does)."""
    task = node.task
    names = {task.id, task.name} | ({f"{task.role.name} : {task.name}"} if task.role else set())
    return any(name == start or fnmatch.fnmatchcase(name, start) for name in names)


def start_at(draft: Draft) -> Draft:
    """Drop the tasks before the one that `--start-at-task` names, if this play has it."""
    start = draft.options.start_at_task
    if start is None:
        return draft
    tasks = [node for node in draft.nodes if node.kind is Kind.TASK]
    first = next((node.position for node in tasks if matches_start(node, start)), None)
    if first is None:
        return replace(draft, nodes=())
    return replace(draft, nodes=number(draft.nodes[first:]))
