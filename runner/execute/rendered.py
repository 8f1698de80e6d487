"""A step's arguments, rendered and checked: what the task says on top of what `module_defaults` say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from runner import registry
from runner.arguments import Spec, validate
from runner.errors import StepError
from runner.execute.expand import without_omitted
from runner.execute.hushed import secret_arguments
from runner.execute.scope import StepScope
from runner.execute.world import World
from runner.model.playbook import Task
from runner.model.values import Template, Unknown, UnknownReached

VARIABLE_PARAMS: Final = "_variable_params"
GROUP: Final = "group/"


def arguments(world: World, task: Task, spec: Spec, scope: StepScope) -> tuple[dict[str, Any], frozenset[str]]:
    """Every option of the module, defaults filled in, and the names of those that were written.

    Raises StepError with all that is wrong with them, and UnknownReached in a dry run.
    """
    raw = _defaults(world, task, scope)
    untouched = {*spec.conditions, *spec.raw}
    for name, value in _with_variable_params(world, task, scope, spec).items():
        option = spec.free_form if name == "_raw_params" and spec.free_form else name
        if spec.any_options and isinstance(option, Template):
            option = str(world.templar.render(option, scope))
        raw[option] = value if option in untouched else world.templar.render(value, scope)
    values, given, problems = validate(spec, without_omitted(raw))
    if problems:
        raise StepError(f"{task.action}: " + "; ".join(problems))
    for text in secret_arguments(spec, values):
        world.secret(text)
    return values, given


def _defaults(world: World, task: Task, scope: StepScope) -> dict[str, Any]:
    """What `module_defaults` say of this module: the innermost entry of its name, above those of its groups. Entries of
    others are not even rendered."""
    named: dict[str, Any] = {}
    for layer in task.directives.module_defaults:
        named.update({registry.own("modules", str(name)): value for name, value in layer.items()})
    if not named:
        return {}
    groups = [name for name in named if name.startswith(GROUP)]
    folder = str(scope.raw("playbook_dir")) if groups else ""
    wanted = [name for name in groups if task.module in world.loader.action_group(name.removeprefix(GROUP), folder)]
    found: dict[str, Any] = {}
    for name in [*wanted, task.module]:
        if named.get(name):
            found.update(world.templar.render(named[name], scope) or {})
    return found


def _with_variable_params(world: World, task: Task, scope: StepScope, spec: Spec) -> Mapping[str, Any]:
    """The raw arguments; a whole mapping that came as one template (`copy: "{{ it }}"`) stands below the others, and
    text is what the module takes as free text (`include_vars: "{{ item }}"`)."""
    if VARIABLE_PARAMS not in task.args:
        return task.args
    whole = world.templar.render(task.args[VARIABLE_PARAMS], scope)
    if isinstance(whole, Unknown):
        raise UnknownReached(whole)
    if isinstance(whole, str) and spec.free_form:
        whole = {spec.free_form: whole}
    if not isinstance(whole, Mapping):
        raise StepError(f"{task.action}: the arguments must be a mapping, got {type(whole).__name__}")
    return {**whole, **{name: value for name, value in task.args.items() if name != VARIABLE_PARAMS}}
