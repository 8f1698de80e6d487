"""What is told of a step or a job that is through: its event, its place in the recap, what a dry run foretells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from runner.execute.job import Job, Step
from runner.execute.results import loop_result, plain, registered
from runner.execute.state import HostState
from runner.inventory.changes import with_group, with_host
from runner.model.call import AddHost, Diff, GroupBy, Outcome, Status
from runner.model.event import TaskResult
from runner.model.plan import Kind
from runner.model.values import SIMPLE, Unknown

HIDDEN: Final = "the output has been hidden due to the fact that 'no_log: true' was specified for this result"
_EVENT_KEYS: Final = frozenset({"rc", "stdout", "stderr", "msg", "changed", "diff", "failed", "results"})
BAD: Final = (Status.FAILED, Status.UNREACHABLE, Status.INDETERMINATE)
_TEXTS: Final = (str, Unknown)
LOST: Final = (Status.UNREACHABLE, Status.INDETERMINATE)


def apply_outcome(state: HostState, outcome: Outcome) -> None:
    """What a step's outcome changes for later ones: facts and variables (controls are the play's business)."""
    if outcome.facts:
        state.learn(outcome.facts)
    if outcome.own_facts:
        state.learn_own(outcome.own_facts)
    if outcome.cacheable:
        state.learn_own(outcome.set_vars)
    state.live.update(outcome.set_vars)
    state.included.update(outcome.included_vars)


def change_inventory(control: AddHost | GroupBy, host: str, inventory: Any) -> Any:
    """The inventory with what add_host or group_by asks for."""
    if isinstance(control, AddHost):
        return with_host(inventory, control.name, control.groups, control.vars)
    return with_group(inventory, host, control.key, control.parents)


def may_change(step: Step) -> bool:
    """Whether a dry run cannot tell if the step changes anything."""
    outcome, result = step.outcome, step.result or {}
    if isinstance(result.get("changed"), Unknown):
        return True
    return outcome is not None and outcome.unknown is not None and outcome.values.get("changed") is not False


def is_ignored(job: Job, status: Status) -> bool:
    """Whether the task was told to go on after such an end: for each of the items that ended so."""
    if status not in BAD:
        return False
    ended = LOST if status in LOST else (Status.FAILED,)
    flags = [job.flags_at(step) for step in job.steps if step.status in ended] or [job.flags]
    if status in LOST:
        return all(each.ignore_unreachable for each in flags)
    return all(each.ignore_errors for each in flags)


def prediction_of(job: Job, step: Step | None, status: Status) -> str | None:
    """What a dry run foretells for a step, or for the whole job without one: same, change or unknown."""
    steps = [step] if step is not None else job.steps
    if status is not Status.CHANGED and any(may_change(each) for each in steps):
        return "unknown"
    if not (job.flags if step is None else job.flags_at(step)).check:
        return None
    return "change" if status is Status.CHANGED else "same"


def result_event(
    job: Job,
    play: str,
    result: Mapping[str, Any],
    status: Status,
    step: Step | None,
    *,
    final: bool,
    ignored: bool = False,
    rescued: bool = False,
) -> TaskResult:
    """The event of a step (a loop's item) or of a whole job. `no_log` leaves nothing of its contents."""
    task = job.task
    flags = job.flags if step is None else job.flags_at(step)
    hidden = job.hidden if step is None else flags.no_log
    outcome = step.outcome if step is not None else None
    one = step if step is not None else (job.steps[-1] if job.steps else None)
    start = min((s.start for s in job.steps if s.start), default=0.0) if step is None else step.start
    end = one.end if one is not None else 0.0
    values = {} if hidden else _values(result)
    rc = result.get("rc")
    diff: tuple[Diff, ...] = outcome.diff if outcome is not None and flags.diff and not hidden else ()
    return TaskResult(
        play,
        job.name,
        task.id,
        job.host,
        task.module,
        status,
        item=None if hidden or step is None or not job.looped else plain(_shown(step)),
        rc=rc if isinstance(rc, int) and not hidden else None,
        stdout="" if hidden else _text(result.get("stdout")),
        stderr="" if hidden else _text(result.get("stderr")),
        start=start,
        end=end,
        duration_s=max(0.0, end - start),
        changed=result.get("changed") is True,
        diff=diff,
        msg=HIDDEN if hidden else _text(result.get("msg", "")),
        values=values,
        attempt=one.attempt if one is not None else 1,
        final=final,
        ignored=ignored,
        rescued=rescued,
        prediction=prediction_of(job, step, status),
        delegate=one.delegate if one is not None else None,
        censored=hidden,
        show_diff=flags.diff and not hidden,
        handler=job.node.kind is Kind.HANDLER,
        role=task.role.name if task.role else "",
        observed=step.observed if step is not None else ("" if job.looped or one is None else one.observed),
    )


def _values(result: Mapping[str, Any]) -> dict[str, Any]:
    """What of a result the event has no field for."""
    return {
        key: value if type(value) in SIMPLE else plain(value)
        for key, value in result.items()
        if key not in _EVENT_KEYS or _is_value(key, value)
    }


def _is_value(key: str, value: Any) -> bool:
    """Whether a result's key is a value although the event has a field for it: a message that is no text
    (`msg: [a, b]`), for the field has its text alone."""
    return key == "msg" and type(value) is not str and not isinstance(value, _TEXTS)


def _shown(step: Step) -> Any:
    return step.item if step.label is None else step.label


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None or isinstance(value, Unknown) else str(plain(value))


def count(state: HostState, job: Job, status: Status, *, ignored: bool, rescued: bool) -> None:
    """Count a job in the recap as Ansible does: an ignored failure is also ok, a rescued one is not failed, and an
    include counts for each item it includes something for."""
    counts = state.counts
    if any(step.status is not Status.CHANGED and may_change(step) for step in job.steps):
        counts["unknown"] += 1
        return
    if status is Status.SKIPPED:
        counts["skipped"] += 1
    elif status in LOST and not ignored:
        counts["unreachable"] += 1
    elif status is Status.FAILED and not ignored:
        counts["rescued" if rescued else "failed"] += 1
    else:
        counts["ok"] += max(1, sum(step.status is Status.OK for step in job.steps)) if job.task.around else 1
        counts["ignored"] += ignored
        counts["changed"] += status not in LOST and _has_changed(job)


def _has_changed(job: Job) -> bool:
    return any(step.result is not None and step.result.get("changed") is True for step in job.steps)


def whole_result(job: Job) -> dict[str, Any]:
    """The result of the job for its final event."""
    value = registered(job)
    if isinstance(value, dict):
        return value
    if job.looped:
        return loop_result([step.result or {} for step in job.steps])
    return (job.steps[-1].result or {}) if job.steps else {}
