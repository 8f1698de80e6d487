"""A step's arguments, rendered and checked: what the task says on top of what `module_defaults` say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from runner import registry
from runner.arguments import ArgumentError, Option, Spec, coerce, validate
from runner.errors import StepError
from runner.execute.expand import without_omitted
from runner.execute.hushed import secret_addresses, secret_arguments
from runner.execute.scope import StepScope
from runner.execute.world import World
from runner.model.playbook import Task
from runner.model.quick import dataclass
from runner.model.values import OMIT, Template, Unknown, UnknownReached
from runner.template.holding import holds_template

VARIABLE_PARAMS: Final = "_variable_params"
GROUP: Final = "group/"
# Stands for what is rendered for each host: it passes every check.
_LATER: Final = Unknown("not rendered yet")


@dataclass(frozen=True, slots=True)
class Outline:
    """What of a task's arguments is the same on every host. `raw` is what is written, under the options' names, and
    `open` names what of it has to be rendered, with the option that each one is (none: it is a variable's name);
    `base` are all values, checked, those that are open at their place."""

    raw: Mapping[str, Any]
    base: Mapping[str, Any]
    given: frozenset[str]
    open: tuple[tuple[str, str, Option | None], ...]


def outline(task: Task, spec: Spec) -> Outline | None:
    """The outline of a task; None if more than its values may differ, or if something is wrong with it."""
    if task.directives.module_defaults or VARIABLE_PARAMS in task.args or spec.required_if:
        return None
    if any(type(name) is not str for name in task.args) or any(option.secret for option in spec.options.values()):
        return None
    raw = {_option(name, spec): value for name, value in task.args.items()}
    waiting = [name for name, value in raw.items() if name not in spec.unrendered and holds_template(value)]
    base, given, problems = validate(spec, without_omitted(raw | dict.fromkeys(waiting, _LATER)))
    if problems:
        return None
    names = [(word, spec.name_of.get(word, word)) for word in waiting]
    return Outline(raw, base, given, tuple((word, name, spec.options.get(name)) for word, name in names))


def arguments(
    world: World, task: Task, spec: Spec, scope: StepScope, known: Outline | None = None
) -> tuple[dict[str, Any], frozenset[str]]:
    """Every option of the module, defaults filled in, and the names of those that were written.

    Raises StepError with all that is wrong with them, and UnknownReached in a dry run.
    """
    if known is not None:
        raw = {word: world.templar.render(known.raw[word], scope) for word, _, _ in known.open}
        values = _filled(known, raw)
        if values is not None:
            for text in secret_addresses(values):
                world.secret(text)
            return values, known.given
        return _checked(world, task, spec, {**known.raw, **raw})
    raw = _defaults(world, task, scope)
    for name, value in _with_variable_params(world, task, scope, spec).items():
        option = _option(name, spec)
        if spec.any_options and isinstance(option, Template):
            option = str(world.templar.render(option, scope))
        raw[option] = value if option in spec.unrendered else world.templar.render(value, scope)
    return _checked(world, task, spec, raw)


def _option(name: str, spec: Spec) -> str:
    return spec.free_form if name == "_raw_params" and spec.free_form else name


def _filled(known: Outline, rendered: Mapping[str, Any]) -> dict[str, Any] | None:
    """The outline with what was rendered; None if it has to be looked at as a whole (left out, or not of its kind)."""
    values = dict(known.base)
    for word, name, option in known.open:
        value = rendered[word]
        if value is None or value is OMIT:
            return None
        try:
            whole = without_omitted(value)
            values[name] = whole if option is None else coerce(option, whole)
        except ArgumentError:
            return None
    return values


def _checked(world: World, task: Task, spec: Spec, raw: Mapping[str, Any]) -> tuple[dict[str, Any], frozenset[str]]:
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
