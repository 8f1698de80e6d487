"""Notifications of handlers that no play has: mistakes where the names are plain.

Source: https://docs.ansible.com/ansible/latest/playbook_guide/playbooks_handlers.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from runner.load.defined_names import CannotKnow, flat, tasks_of
from runner.load.fields import has_mark
from runner.load.include import TaskLoader
from runner.load.sources import Sources
from runner.model.playbook import Play, Playbook, Task
from runner.model.settings import Settings
from runner.model.span import Problem
from runner.registry import nearest


def check_notifications(
    playbook: Playbook,
    extra_vars: Mapping[str, Any],
    record: Sources | None = None,
    settings: Settings | None = None,
    *,
    holed: Collection[str] = (),
    lost: Collection[str] = (),
) -> list[Problem]:
    """An error for each plain name of a `notify` that is no handler's name or topic. Nothing for a play whose handlers
    may get their names, or come from an include, only during the run. `holed` are plays that could not be read whole,
    `lost` the names of handlers that could not be read."""
    loader = TaskLoader(extra_vars, record, settings or Settings())
    plays = [play for play in playbook.plays if play.id not in holed]
    return [problem for play in plays for problem in _of_play(play, loader) if problem.word not in lost]


def _of_play(play: Play, loader: TaskLoader) -> Iterator[Problem]:
    handlers = list(flat(play.handlers))
    sections = (play.pre_tasks, play.roles, play.tasks, play.post_tasks)
    notified = [(name, task) for task in (*_all(sections), *handlers) for name in task.notify if not has_mark(name)]
    known = set(_names(handlers))
    missing = [(name, task) for name, task in notified if name not in known]
    if not missing or any(has_mark(task.name) for task in handlers):
        return
    try:
        # An include may bring a role with handlers of its own.
        known |= set(_names(tasks_of(play, loader)))
    except CannotKnow:
        return
    for name, task in missing:
        if name not in known:
            hint = nearest(name, _names(handlers)) or "add a handler of this name, or one that listens to it"
            yield Problem(task.span, f"no handler is named {name!r} or listens to it", hint, word=name)


def _all(sections: Iterable[Any]) -> Iterator[Task]:
    for section in sections:
        yield from flat(section)


def _names(handlers: Iterable[Task]) -> Iterator[str]:
    for task in handlers:
        yield from task.listen
        if not task.named:
            continue
        yield task.name
        if task.role:
            yield f"{task.role.name} : {task.name}"
            yield f"{task.role.short_name} : {task.name}"
