"""`--list-hosts`, `--list-tasks` and `--list-tags`, in the format of ansible-playbook."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from runner.model.plan import Kind, PlayPlan, TaskNode
from runner.model.quick import dataclass
from runner.model.span import NOWHERE


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to list of each play."""

    hosts: bool = False
    tasks: bool = False
    tags: bool = False


def pattern_words(hosts: Any) -> list[str]:
    """A play's `hosts` as the list of words that Ansible makes of it."""
    if isinstance(hosts, str):
        return [hosts]
    return [str(word) for word in hosts or ()]


def listed(play: PlayPlan) -> Iterator[TaskNode]:
    """The tasks Ansible lists: neither handlers nor what pbrun adds by itself, nor `rescue` and `always`."""
    for node in play.nodes:
        written = node.kind is Kind.TASK or (node.kind is Kind.FLUSH and node.task.span != NOWHERE)
        if written and all(scope.section == "block" for scope in node.path):
            yield node


def shown_name(node: TaskNode) -> str:
    """`role : name` for a named task, the action as it was written for one without a name."""
    task = node.task
    if not task.named:
        return task.action
    return f"{task.role.name} : {task.name}" if task.role and task.module != "include_role" else task.name


def describe_play(index: int, play: PlayPlan, hosts: Sequence[str], wanted: Wanted) -> str:
    """The lines about one play. Where Ansible prints a set in no certain order, this is sorted."""
    words = pattern_words(play.play.hosts)
    own_tags = play.play.tags
    name = play.play.name or ",".join(words)
    lines = [f"\n  play #{index + 1} ({','.join(words)}): {name}\tTAGS: [{','.join(sorted(own_tags))}]"]
    if wanted.hosts:
        lines += [f"    pattern: {words}", f"    hosts ({len(hosts)}):", *(f"      {host}" for host in hosts)]
    if wanted.tasks:
        lines.append("    tasks:")
        for node in listed(play):
            lines.append(f"      {shown_name(node)}\tTAGS: [{', '.join(sorted(own_tags | node.task.tags))}]")
    if wanted.tags:
        every = own_tags.union(*(node.task.tags for node in listed(play)))
        lines.append(f"      TASK TAGS: [{', '.join(sorted(every))}]")
    return "\n".join(lines)
