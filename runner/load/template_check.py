"""Finds templates and conditions that cannot work whatever the variables are: broken syntax, unknown filters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final, Protocol

from runner.load import defined_names
from runner.load.defined_names import CannotKnow
from runner.load.include import TaskLoader
from runner.load.sources import Sources
from runner.model.inventory import Inventory
from runner.model.playbook import Condition, Play, Playbook, Task
from runner.model.settings import Settings
from runner.model.span import Problem
from runner.plan.reads import conditions, raw_parts

HINT: Final = "the task fails if the run reaches it"


class Checker(Protocol):
    """The part of the Templar that is needed here."""

    def problems(self, value: Any) -> list[Problem]: ...

    def problems_of_condition(self, condition: Condition) -> list[Problem]: ...


def check_templates(
    playbook: Playbook,
    inventory: Inventory,
    extra_vars: Mapping[str, Any],
    templar: Checker,
    record: Sources | None = None,
    settings: Settings | None = None,
) -> list[Problem]:
    """A warning for each: like an unknown module it must not stop a run that never reaches it. The roles that includes
    name become homes of `record`: they may bring filters."""
    loader = TaskLoader(extra_vars, record, settings or Settings())
    found: dict[Problem, None] = {}
    layers: dict[int, Mapping[str, Any]] = {}
    for play in playbook.plays:
        for task in _tasks(play, loader):
            found |= dict.fromkeys(_of_task(task, templar))
            layers |= {id(layer): layer for layer in defined_names.definitions(play, task, inventory)}
    for layer in layers.values():
        found |= dict.fromkeys(templar.problems(layer))
    return [replace(problem, hint=problem.hint or HINT, level="warning") for problem in found]


def _tasks(play: Play, loader: TaskLoader) -> Iterable[Task]:
    """All tasks that are known before the run."""
    try:
        return defined_names.tasks_of(play, loader)
    except CannotKnow:
        sections = (play.pre_tasks, play.roles, play.tasks, play.post_tasks, play.handlers)
        return [task for section in sections for task in defined_names.flat(section)]


def _of_task(task: Task, templar: Checker) -> Iterator[Problem]:
    for part in raw_parts(task):
        yield from templar.problems(part)
    for condition in conditions(task):
        yield from templar.problems_of_condition(condition)
    if task.module == "assert":
        that = task.args.get("that", ())
        for text in that if isinstance(that, list) else [that]:
            yield from templar.problems_of_condition(Condition(text, task.span))
