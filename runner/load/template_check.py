"""Finds templates and conditions that cannot work whatever the variables are: broken syntax, unknown filters and
lookups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final, Protocol

from runner import registry
from runner.load import defined_names
from runner.load.defined_names import CannotKnow
from runner.load.include import TaskLoader
from runner.load.sources import Sources
from runner.model.inventory import Inventory
from runner.model.playbook import Condition, Play, Playbook, Task
from runner.model.settings import Settings
from runner.model.span import Problem, Span
from runner.plan.reads import conditions, raw_parts

WITH: Final = "with_"
HINT: Final = "the task fails if the run reaches it"


class Checker(Protocol):
    """The part of the Templar that is needed here."""

    def problems(self, value: Any) -> list[Problem]: ...

    def problems_of_condition(self, condition: Condition) -> list[Problem]: ...

    def lookups(self, value: Any) -> list[tuple[str, Span]]: ...

    def lookups_of_condition(self, condition: Condition) -> list[tuple[str, Span]]: ...


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
    record = record or Sources()
    loader = TaskLoader(extra_vars, record, settings or Settings())
    lookups: list[tuple[str, Span]] = []
    found: dict[Problem, None] = {}
    layers: dict[int, Mapping[str, Any]] = {}
    for play in playbook.plays:
        for task in _tasks(play, loader):
            found |= dict.fromkeys(_of_task(task, templar))
            lookups += _lookups_of_task(task, templar)
            layers |= {id(layer): layer for layer in defined_names.definitions(play, task, inventory)}
    for layer in layers.values():
        found |= dict.fromkeys(templar.problems(layer))
        lookups += templar.lookups(layer)
    found |= dict.fromkeys(_without_plugin(lookups, record))
    return [replace(problem, hint=problem.hint or HINT, level="warning") for problem in found]


def _lookups_of_task(task: Task, templar: Checker) -> Iterator[tuple[str, Span]]:
    if task.loop and task.loop.kind != "loop":
        yield f"{WITH}{task.loop.kind}", task.loop.span
    for part in raw_parts(task):
        yield from templar.lookups(part)
    for condition in _all_conditions(task):
        yield from templar.lookups_of_condition(condition)


def _without_plugin(lookups: Iterable[tuple[str, Span]], record: Sources) -> Iterator[Problem]:
    for written, span in dict.fromkeys(lookups):
        name = written.removeprefix(WITH)
        if not registry.known("lookups", name) and not record.brings_lookup(registry.own("lookups", name)):
            yield Problem(span, registry.missing("lookups", name), word=written)


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
    for condition in _all_conditions(task):
        yield from templar.problems_of_condition(condition)


def _all_conditions(task: Task) -> Iterator[Condition]:
    yield from conditions(task)
    if task.module == "assert":
        that = task.args.get("that", ())
        for text in that if isinstance(that, list) else [that]:
            yield Condition(text, task.span)
