"""Passes `observes` and `effects`: who can see other hosts, and which tasks meet at the same path."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from runner import registry
from runner.arguments import Spec
from runner.model.plan import Edge, Kind, Reach, TaskNode
from runner.model.playbook import Task
from runner.model.quick import replace
from runner.model.values import Template
from runner.plan.draft import Draft
from runner.sh.quote import PLAIN_WORDS

_SEEING_WORDS: Final = frozenset(
    {"hostvars", "groups", "ansible_play_hosts", "ansible_play_batch", "ansible_play_hosts_all", "play_hosts"}
)
_QUIET_META: Final = frozenset({"noop", "end_host", "end_role", "reset_connection"})
_PATH_ARGUMENTS: Final = ("dest", "path", "name", "destfile", "chdir", "creates", "removes", "_raw_params")
_WRITERS: Final = frozenset(
    {
        "copy",
        "template",
        "file",
        "lineinfile",
        "blockinfile",
        "replace",
        "ini_file",
        "assemble",
        "known_hosts",
        "authorized_key",
        "get_url",
        "unarchive",
    }
)
_SPEAKERS: Final = frozenset({"echo", "printf", "true", "false", ":", "pwd", "uname", "id", "whoami"})
STRUCTURAL: Final = frozenset({"include_tasks", "include_role"})


def spec_of(task: Task) -> Spec | None:
    """The module's definition, or None if there is no such module."""
    try:
        spec = registry.load("modules", task.module).SPEC
    except KeyError:
        return None
    return spec if isinstance(spec, Spec) else None


def sees_others(node: TaskNode) -> bool:
    """Whether what the step does can depend on how far other hosts are."""
    task = node.task
    directives = task.directives
    if task.delegate_to or directives.run_once or directives.throttle or (node.reads or frozenset()) & _SEEING_WORDS:
        return True
    if task.module in STRUCTURAL or node.kind is Kind.FLUSH:
        return False
    if task.module == "meta":
        return not _QUIET_META.intersection(str(value) for value in task.args.values())
    spec = spec_of(task)
    return spec is None or node.reads is None or (spec.observes and not speaks_only(task, spec))


def speaks_only(task: Task, spec: Spec) -> bool:
    """Whether a command looks at nothing outside its own host, whatever its arguments are: `echo`, `true`, `id` …

    A template may stand among the words of `command`, which no shell reads; a line for a shell has to be plain words.
    """
    if task.module not in ("command", "shell") or "argv" in task.args:
        return False
    text = task.args.get("_raw_params", task.args.get(spec.free_form or "cmd"))
    if not isinstance(text, str) or not text.strip():
        return False
    if task.module == "shell" and (isinstance(text, Template) or not PLAIN_WORDS.fullmatch(text)):
        return False
    return text.split()[0] in _SPEAKERS


def observes(draft: Draft) -> Draft:
    """Mark every node. A play in which one host's failure stops the others has all its tasks observing."""
    play = draft.play
    lockstep = bool(play.max_fail_percentage is not None or play.directives.any_errors_fatal)
    nodes = tuple(
        replace(
            node,
            observes=lockstep or bool(node.task.directives.any_errors_fatal) or sees_others(node),
            watches=bool(node.task.directives.any_errors_fatal or (node.reads or frozenset()) & _SEEING_WORDS),
        )
        for node in draft.nodes
    )
    return replace(draft, nodes=nodes)


def paths_of(task: Task) -> Iterator[str]:
    """The path texts among a task's arguments, unrendered: equal text means equal path."""
    for name in _PATH_ARGUMENTS:
        value: Any = task.args.get(name)
        if isinstance(value, str) and "/" in value and not any(mark in value for mark in "\n;|&"):
            yield value.rstrip("/")


def _meet(first: str, second: str) -> bool:
    return first == second or first.startswith(second + "/") or second.startswith(first + "/")


def effects(draft: Draft) -> Draft:
    """Edges between tasks that touch the same path or one below the other, where one of them writes it."""
    if draft.strategy != "dag":
        return draft
    found: list[Edge] = []
    touched: list[tuple[TaskNode, str]] = []
    for node in draft.nodes:
        mine = list(paths_of(node.task))
        for before, path in touched:
            writes = before.task.module in _WRITERS or node.task.module in _WRITERS
            if writes and any(_meet(path, own) for own in mine):
                found.append(Edge(before.id, node.id, Reach.HOST, f"path: {path}"))
        touched += [(node, path) for path in mine]
    return draft.with_data(*found)
