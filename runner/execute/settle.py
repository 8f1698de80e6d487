"""Settling a job: its result is registered, counted, logged, and handlers are notified."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from runner.errors import StepError
from runner.execute.flow import Flow
from runner.execute.job import Job, Step
from runner.execute.prepare import explain
from runner.execute.results import loop_result, plain, registered
from runner.execute.state import HostState
from runner.execute.world import World
from runner.inventory.changes import with_group, with_host
from runner.model.call import AddHost, Diff, GroupBy, Outcome, Status
from runner.model.event import HandlerNotified, TaskResult
from runner.model.plan import Kind
from runner.model.values import Unknown

HIDDEN: Final = "the output has been hidden due to the fact that 'no_log: true' was specified for this result"
_EVENT_KEYS: Final = frozenset({"rc", "stdout", "stderr", "msg", "changed", "diff", "failed"})
BAD: Final = (Status.FAILED, Status.UNREACHABLE, Status.INDETERMINATE)


def apply_outcome(state: HostState, outcome: Outcome) -> None:
    """What a step's outcome changes for later ones: facts and variables (controls are the play's business)."""
    if outcome.facts:
        state.learn(outcome.facts)
    state.live.update(outcome.set_vars)
    state.included.update(outcome.included_vars)


def change_inventory(control: AddHost | GroupBy, host: str, inventory: Any) -> Any:
    """The inventory with what add_host or group_by asks for."""
    if isinstance(control, AddHost):
        return with_host(inventory, control.name, control.groups, control.vars)
    return with_group(inventory, host, control.key, control.parents)


def prediction_of(job: Job, outcome: Outcome | None, status: Status) -> str | None:
    """What a dry run foretells for a step: same, change or unknown."""
    if not job.flags.check:
        return None
    if outcome is not None and outcome.unknown is not None:
        return "unknown" if outcome.values.get("changed") is not False else "same"
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
    hidden = job.flags.no_log
    outcome = step.outcome if step is not None else None
    one = step if step is not None else (job.steps[-1] if job.steps else None)
    start = min((s.start for s in job.steps if s.start), default=0.0) if step is None else step.start
    end = one.end if one is not None else 0.0
    values = {} if hidden else {k: plain(v) for k, v in result.items() if k not in _EVENT_KEYS and k != "results"}
    if status is Status.SKIPPED and outcome is None:
        outcome = next((s.outcome for s in job.steps if s.outcome is not None and s.outcome.unknown), None)
    rc = result.get("rc")
    diff: tuple[Diff, ...] = outcome.diff if outcome is not None and job.flags.diff and not hidden else ()
    return TaskResult(
        play,
        job.name,
        job.task.id,
        job.host,
        job.task.module,
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
        prediction=prediction_of(job, outcome, status),
        delegate=one.delegate if one is not None else None,
        censored=hidden,
        show_diff=job.flags.diff and not hidden,
        handler=job.node.kind is Kind.HANDLER,
    )


def _shown(step: Step) -> Any:
    return step.item if step.label is None else step.label


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None or isinstance(value, Unknown) else str(plain(value))


def count(state: HostState, job: Job, status: Status, *, ignored: bool, rescued: bool) -> None:
    """Count a job in the recap as Ansible does: an ignored failure is also ok, a rescued one is not failed."""
    counts = state.counts
    if any(prediction_of(job, step.outcome, step.status) == "unknown" for step in job.steps):
        counts["unknown"] += 1
        return
    if status is Status.SKIPPED:
        counts["skipped"] += 1
    elif status in (Status.UNREACHABLE, Status.INDETERMINATE):
        counts["unreachable"] += 1
        counts["ignored"] += ignored
    elif status is Status.FAILED and not ignored:
        counts["rescued" if rescued else "failed"] += 1
    else:
        counts["ok"] += 1
        counts["ignored"] += ignored
        counts["changed"] += any(step.result is not None and step.result.get("changed") is True for step in job.steps)


def whole_result(job: Job) -> dict[str, Any]:
    """The result of the job for its final event."""
    value = registered(job)
    if isinstance(value, dict):
        return value
    if job.looped:
        return loop_result([step.result or {} for step in job.steps])
    return (job.steps[-1].result or {}) if job.steps else {}


class Notifier:
    """Finds the handlers that a changed task names."""

    def __init__(self, world: World, play: str) -> None:
        self._world = world
        self._play = play
        self._by_name: dict[str, str] = {}
        self._listeners: dict[str, list[str]] = {}
        self._names: dict[str, str] = {}

    def add(self, task_id: str, names: frozenset[str], listen: tuple[str, ...], name: str) -> None:
        """A handler; of several with one name the last one counts, as in Ansible."""
        self._names[task_id] = name
        for known in names - set(listen):
            self._by_name[known] = task_id
        for topic in listen:
            members = self._listeners.setdefault(topic, [])
            if task_id not in members:
                members.append(task_id)

    def notify(self, job: Job, flow: Flow, *, certain: bool) -> str | None:
        """Mark the handlers a job's task names. Returns a message if a name is nobody's."""
        for raw in job.task.notify:
            try:
                rendered = self._world.templar.render(raw, job.scope)
            except StepError as error:
                return f"notify: {explain(error)}"
            for name in rendered if isinstance(rendered, list) else [rendered]:
                found = [*self._listeners.get(str(name), ()), *filter(None, [self._by_name.get(str(name))])]
                if not found:
                    return (
                        f"The requested handler '{name}' was not found in either the main handlers list nor in the "
                        "listening handlers list"
                    )
                for task_id in found:
                    if not flow.notified.get(task_id):
                        flow.notified[task_id] = certain
                    self._world.emit(HandlerNotified(job.host, self._names[task_id], task_id, job.task.id))
        return None
