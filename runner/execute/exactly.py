"""How steps and tasks ended, said exactly enough to go on from it: what `Kept` events hold."""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter
from typing import Any, Final

from runner.execute.job import Job, Step
from runner.model.event import Kept
from runner.model.values import Template
from runner.plan.effects import STRUCTURAL

# Keywords that decide what the end of a task means for others.
_FLAGS: Final = ("check", "ignore_errors", "ignore_unreachable", "any_errors_fatal", "delegate_facts")
_OUTCOME: Final = ("facts", "own_facts", "set_vars", "included_vars", "control", "cacheable", "unknown")
_of_flags: Final = attrgetter(*_FLAGS)
_of_outcome: Final = attrgetter(*_OUTCOME)


def step_end(step: Step, job: Job) -> dict[str, Any]:
    """The fields of `StepEnd` that hold more than nothing."""
    made: dict[str, Any] = {"status": step.status, "result": step.result or {}}
    if job.looped:
        made["item"] = step.item
    outcome = step.outcome
    if outcome is not None:
        made.update({name: value for name, value in zip(_OUTCOME, _of_outcome(outcome), strict=True) if value})
    if step.delegate:
        made["delegate"] = step.delegate
    if step.brought is not None:
        made["include"] = step.brought
    if step.background is not None and outcome is not None:
        started = step.background.started
        made["started"] = (step.background.name, started.call, started.fragment)
    return made


def kept_item(job: Job, step: Step) -> Kept:
    """How one item of a loop ended."""
    secret = job.flags_at(step).no_log
    return Kept("item", job.task.id, job.host, step.index, secret, step_end(step, job))


def kept_task(job: Job, asker: str, *, alone: bool) -> Kept:
    """How a task ended; `asker` is the host that wanted these facts, if no task did. `alone`: no result follows."""
    made: dict[str, Any] = {} if job.looped or not job.steps else step_end(job.steps[-1], job)
    if any(_of_flags(job.flags)):
        made["flags"] = [name for name in _FLAGS if getattr(job.flags, name)]
    if job.named is not None:
        made["notify"] = job.named
    if alone:
        made["alone"] = True
    if job.implicit:
        made["asker"] = asker
    if job.looped:
        made.update(_of_loop(job))
    return Kept("task", job.task.id, job.host, 0, job.hidden, made)


def _of_loop(job: Job) -> Mapping[str, Any]:
    """What of a loop its items do not say: that there were none, or were more, and names that templates gave."""
    loop, made = job.loop, dict[str, Any]()
    if not job.steps or job.task.module in STRUCTURAL:
        made["looped"] = True
    if job.task.module in STRUCTURAL:
        # What an include did for each item is no result of its own.
        made["steps"] = [step_end(step, job) for step in job.steps]
    if loop is not None and job.task.loop is not None and not job.task.loop.plain:
        made["loop"] = (loop.loop_var, loop.index_var, bool(loop.extended), bool(loop.extended_allitems))
    if loop is not None and loop.extended and len(job.items) != len(job.steps):
        made["items"] = job.items
    return made


def templated(job: Job) -> bool:
    """Whether templates say what the task notifies."""
    return any(isinstance(raw, Template) for raw in job.task.notify)
