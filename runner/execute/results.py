"""From outcomes to what `register` holds, with Ansible's common keys.

Source: https://docs.ansible.com/ansible/latest/reference_appendices/common_return_values.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from runner.execute.expand import loop_variables
from runner.execute.job import Job, Step
from runner.model.call import Outcome, Status
from runner.model.values import SIMPLE, Unknown, find_unknown

_BAD = (Status.FAILED, Status.UNREACHABLE, Status.INDETERMINATE)


def result_of(outcome: Outcome) -> dict[str, Any]:
    """The result of one step as `register` holds it."""
    result: dict[str, Any] = dict(outcome.values)
    if "changed" not in result:
        result["changed"] = outcome.status is Status.CHANGED
    if outcome.status is not Status.SKIPPED:
        result["failed"] = outcome.status in _BAD
    for stream in ("stdout", "stderr"):
        text = result.get(stream)
        if isinstance(text, str):
            result.setdefault(f"{stream}_lines", text.splitlines())
    if outcome.msg or result.get("failed"):
        result.setdefault("msg", outcome.msg)
    if outcome.status is Status.SKIPPED:
        result["skipped"] = True
    if outcome.status in (Status.UNREACHABLE, Status.INDETERMINATE):
        result["unreachable"] = True
    if outcome.facts:
        result["ansible_facts"] = {_prefixed(name): value for name, value in outcome.facts.items()}
    if outcome.own_facts:
        result["ansible_facts"] = dict(outcome.own_facts)
    if outcome.set_vars:
        result["ansible_facts"] = dict(outcome.set_vars)
    if outcome.included_vars:
        result["ansible_facts"] = dict(outcome.included_vars)
    if outcome.warnings:
        result["warnings"] = list(outcome.warnings)
    if outcome.diff:
        result["diff"] = [asdict(diff) for diff in outcome.diff]
    return result


def _prefixed(name: str) -> str:
    """A fact's name as the result of `setup` has it."""
    return name if name.startswith("ansible_") else f"ansible_{name}"


def loop_item(job: Job, step: Step, result: Mapping[str, Any]) -> dict[str, Any]:
    """One entry of `results`: the step's result with its item."""
    loop = job.loop
    if loop is None:
        return {**result, "item": step.item, "ansible_loop_var": "item"}
    return {**result, **loop_variables(loop, step.index, step.item, job.items)}


def loop_result(items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The result of a whole loop."""
    if not items:
        reason = "No items in the list"
        return {"changed": False, "skipped": True, "skipped_reason": reason, "results": []}
    result: dict[str, Any] = {"results": list(items), "skipped": all(item.get("skipped") for item in items)}
    if any(item.get("failed") for item in items):
        result |= {"failed": True, "msg": "One or more items failed"}
    else:
        result["msg"] = "All items skipped" if result["skipped"] else "All items completed"
    result["changed"] = any(item.get("changed") is True for item in items)
    if any(item.get("unreachable") for item in items):
        result["unreachable"] = True
    return result


def registered(job: Job) -> Any:
    """What the task's `register` gets: a mapping, or `Unknown` where a dry run could not tell."""
    for step in job.steps:
        if step.outcome is not None and step.outcome.unknown is not None:
            return Unknown(step.outcome.unknown)
    if not job.looped:
        return job.steps[-1].result if job.steps else {}
    return loop_result([loop_item(job, step, step.result or {}) for step in job.steps])


def status_of(job: Job) -> Status:
    """The status of the whole task on its host."""
    if len(job.steps) == 1:
        return job.steps[0].status
    statuses = [step.status for step in job.steps]
    for worst in (Status.UNREACHABLE, Status.INDETERMINATE, Status.FAILED, Status.CHANGED, Status.OK):
        if worst in statuses:
            return worst
    return Status.SKIPPED


def unknown_of(job: Job) -> str | None:
    """Why a dry run could not tell, if some step could not be predicted."""
    return next((s.outcome.unknown for s in job.steps if s.outcome is not None and s.outcome.unknown), None)


def plain(value: Any) -> Any:
    """`value` fit for an event: unknown parts named, nothing live inside."""
    if type(value) in SIMPLE:
        return value
    if isinstance(value, Unknown):
        return {"unknown": value.reason}
    if find_unknown(value) is None:
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(part) for key, part in value.items()}
    return [plain(part) for part in value]
