"""Conditions and numbers of a step, rendered: whether it is to run, what holds, and what a doubt leaves behind."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from runner.errors import StepError, TemplateError
from runner.execute.scope import StepScope
from runner.execute.world import World, unknown_outcome
from runner.model.call import Outcome, failed, skipped
from runner.model.playbook import Condition, Task
from runner.model.values import OMIT, Unknown


def explain(error: Exception) -> str:
    """What a user reads of an error in a step, with its place when it has one."""
    if isinstance(error, TemplateError) and error.span.path != "<none>":
        return f"{error} ({error.span})"
    return str(error)


def refused(world: World, task: Task, scope: StepScope) -> Outcome | None:
    """The outcome of a step whose `when` is false or unknown; None if it is to run."""
    doubt: Unknown | None = None
    for condition in task.when:
        try:
            verdict = world.templar.evaluate(condition, scope)
        except StepError as error:
            return failed(f"The conditional check '{condition.value}' failed. The error was: {explain(error)}")
        if isinstance(verdict, Unknown):
            doubt = verdict
        elif not verdict:
            reason = "Conditional result was False"
            return skipped(changed=False, skipped=True, skip_reason=reason, false_condition=condition.value)
    return None if doubt is None else unknown_outcome(f"may run: {doubt.reason}")


def holds(world: World, conditions: tuple[Condition, ...], scope: StepScope) -> bool | Unknown:
    """Whether all conditions hold; raises StepError."""
    doubt: Unknown | None = None
    for condition in conditions:
        verdict = world.templar.evaluate(condition, scope)
        if isinstance(verdict, Unknown):
            doubt = verdict
        elif not verdict:
            return False
    return True if doubt is None else doubt


def number(world: World, raw: Any, scope: StepScope, name: str, default: float) -> float:
    """A raw number, rendered, 0 at least; `default` if there is none or a dry run cannot know it. Raises StepError."""
    value = world.templar.render(raw, scope)
    if value is None or value is OMIT or isinstance(value, Unknown):
        return default
    try:
        return max(0.0, float(value))
    except (TypeError, ValueError):
        raise StepError(f"{name}: {value!r} is not a number") from None


def unsettled(doubt: Outcome, made: Outcome | None) -> Outcome:
    """The outcome of a step that may run: what it would set is unknown afterwards, not what it was before."""
    if made is None or doubt.unknown is None:
        return doubt
    value = Unknown(doubt.unknown)
    set_vars, included = dict.fromkeys(made.set_vars, value), dict.fromkeys(made.included_vars, value)
    return replace(doubt, set_vars=set_vars, included_vars=included)
