"""Judging a step: what came back becomes an outcome, and `changed_when`, `failed_when` and `until` have their say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from runner.arguments import ArgumentError
from runner.errors import InputErrors, StepError
from runner.execute import background
from runner.execute.background import Later
from runner.execute.foresight import disbelieve, doubt, with_doubt
from runner.execute.job import Job, Step
from runner.execute.observe import observed
from runner.execute.prepare import Preparer
from runner.execute.results import result_of
from runner.execute.scope import StepScope
from runner.execute.verdicts import explain, holds, number
from runner.execute.world import World, unknown_outcome
from runner.model.call import Fragment, Outcome, Reply, Status, failed
from runner.model.moment import stamp
from runner.model.quick import dataclass
from runner.model.values import Unknown, UnknownReached

_LOST = (Status.UNREACHABLE, Status.INDETERMINATE)
DEFAULT_RETRIES = 3
DEFAULT_DELAY_S = 5.0


@dataclass(frozen=True, slots=True)
class Again:
    """The step has to run once more after `delay_s`."""

    delay_s: float


class Judge:
    """Judges the steps of one batch."""

    def __init__(self, world: World, preparer: Preparer) -> None:
        self._world = world
        self._preparer = preparer

    def hear(self, job: Job, step: Step, reply: Reply) -> Fragment | Later | None:
        """Take a reply in. Returns a further fragment if one is asked for (perhaps later), else sets `step.outcome`."""
        assert step.module is not None and step.call is not None and step.fragment is not None
        if step.fragment.survives:
            # How long its host was away is the step's own time.
            reply = replace(reply, start=step.sent)
        step.start = step.start or reply.start
        step.end = reply.end
        if self._world.seal:
            step.observed = observed(self._world.seal, step, reply)
        if reply.timed_out:
            period = job.flags_at(step).timeout_s or 0
            msg = f"Task failed: Timed out after {period:g} second(s)."
            step.outcome = failed(msg, timedout={"period": int(period) if period == int(period) else period})
            return None
        if job.flags_at(step).check and reply.rc == 0 and reply.differs and not step.fragment.predictable:
            step.outcome = unknown_outcome("may run: what it does is not known before the run")
            return None
        try:
            made = self._made(job, step, reply)
        except (StepError, InputErrors) as error:
            made = failed(explain(error))
        except UnknownReached as reached:
            made = unknown_outcome(f"may change: {reached.unknown.reason}")
        if not isinstance(made, Outcome):
            return made
        if job.flags_at(step).check:
            own = self._preparer.compiler.host_of(job, step)
            if made.status is Status.FAILED:
                disbelieve(own, step.foreseen)
            made = with_doubt(own, job.task, job.name, made)
        step.outcome = self._with_times(made, reply)
        if job.flags_at(step).async_s and step.background is None and not job.flags_at(step).check:
            step.outcome = self._preparer.compiler.end_at_once(job, step, step.outcome)
        return None

    def _made(self, job: Job, step: Step, reply: Reply) -> Outcome | Fragment | Later:
        if step.background is not None:
            return background.hear(self._world, job, step, reply)
        assert step.module is not None and step.call is not None and step.fragment is not None
        return step.module.outcome(step.call, step.fragment, reply, self._preparer.compiler.desk(job, step))

    @staticmethod
    def _with_times(outcome: Outcome, reply: Reply) -> Outcome:
        """Commands report when they ran, as Ansible's do."""
        if "rc" not in outcome.values or "cmd" not in outcome.values or "start" in outcome.values:
            return outcome
        seconds = max(0.0, reply.end - reply.start)
        values = {
            **outcome.values,
            "start": stamp(reply.start),
            "end": stamp(reply.end),
            "delta": _delta(seconds),
        }
        return replace(outcome, values=values)

    def judge(self, job: Job, step: Step) -> Again | None:
        """Decide on the step's outcome. Returns `Again` if `until` wants another attempt, else sets its result."""
        assert step.outcome is not None
        outcome = step.outcome
        result = result_of(outcome)
        status = outcome.status
        if outcome.unknown is not None:
            step.outcome = self._still_known(job, outcome)
            doubt(self._preparer.compiler.host_of(job, step), job.task, job.name)
        elif status not in (*_LOST, Status.SKIPPED) and not _beyond_mending(step):
            try:
                again = self._conditions(job, step, result)
            except (StepError, UnknownReached) as error:
                result, again = {"changed": False, "failed": True, "msg": explain(error)}, None
            if again is not None:
                return again
            status = _status(result)
        step.status = status
        step.result = result
        self._label(job, step)
        return None

    def _label(self, job: Job, step: Step) -> None:
        """How the item is shown, by what its step came to. A label that cannot be made fails it."""
        loop = job.loop
        if loop is None or loop.label is None or not job.looped:
            return
        try:
            step.label = self._world.templar.render(loop.label, self._scope(job, step, step.result))
        except (StepError, UnknownReached) as error:
            assert step.result is not None
            step.status = Status.FAILED
            step.result.update(failed=True, msg=f"Failed to template loop_control.label: {explain(error)}")

    @staticmethod
    def _scope(job: Job, step: Step, result: dict[str, Any] | None) -> StepScope:
        """What conditions of a step that has run see: its result, and what it has set."""
        made = step.outcome.set_vars if step.outcome is not None else {}
        return step.scope.with_local({**made, job.task.register: result} if job.task.register else made)

    @staticmethod
    def _still_known(job: Job, outcome: Outcome) -> Outcome:
        """A step that may run and has `changed_when: false` cannot change anything."""
        conditions = job.task.changed_when
        if conditions is not None and any(condition.value is False for condition in conditions):
            return replace(outcome, values={**outcome.values, "changed": False})
        return outcome

    def _conditions(self, job: Job, step: Step, result: dict[str, Any]) -> Again | None:
        retries = self._retries(job, step)
        if retries:
            result["attempts"] = step.attempt
        if job.task.changed_when or job.task.failed_when:
            self._verdicts(job, result, self._scope(job, step, result))
        return self._until(job, step, result, retries) if retries else None

    def _verdicts(self, job: Job, result: dict[str, Any], scope: StepScope) -> None:
        """`changed_when` and `failed_when`. One that has no answer fails the step, and says why in a key of its own."""
        task, name = job.task, "changed_when_result"
        try:
            if task.changed_when:
                result["changed"] = holds(self._world, task.changed_when, scope)
            name = "failed_when_result"
            if task.failed_when:
                verdict = holds(self._world, task.failed_when, scope)
                result["failed_when_result"] = verdict
                if not isinstance(verdict, Unknown):
                    result["failed"] = verdict
        except StepError as error:
            result.update({"failed": True, "msg": explain(error), name: explain(error)})

    def _retries(self, job: Job, step: Step) -> float:
        """How often the step may be tried again; with none, `until` has no say, as in Ansible."""
        if not job.task.until and job.task.retries is None:
            return 0
        return number(self._world, job.task.retries, step.scope, "retries", DEFAULT_RETRIES)

    def _until(self, job: Job, step: Step, result: dict[str, Any], retries: float) -> Again | None:
        task = job.task
        scope = self._scope(job, step, result)
        met = holds(self._world, task.until, scope) if task.until else not result["failed"]
        if isinstance(met, Unknown) or met:
            return None
        if step.attempt <= retries:
            return Again(number(self._world, task.delay_s, step.scope, "delay", DEFAULT_DELAY_S))
        result["attempts"] = step.attempt - 1
        result["failed"] = True
        result.setdefault("msg", f"still not done after {retries:g} retries")
        return None

    def breaks(self, job: Job, step: Step) -> bool:
        """Whether `break_when` ends the loop after this step."""
        loop = job.loop
        if loop is None or not loop.break_when:
            return False
        try:
            return holds(self._world, loop.break_when, self._scope(job, step, step.result)) is True
        except (StepError, ArgumentError) as error:
            step.status = Status.FAILED
            assert step.result is not None
            step.result.update(failed=True, msg=explain(error) if isinstance(error, StepError) else str(error))
            return True


def _beyond_mending(step: Step) -> bool:
    """Whether the step failed before its module was asked (a template, an argument), or was ended when its time was
    over: no condition mends that, and it is not tried again."""
    outcome = step.outcome
    if outcome is None or outcome.status is not Status.FAILED:
        return False
    return step.call is None or "timedout" in outcome.values


def _status(result: dict[str, Any]) -> Status:
    if result["failed"]:
        return Status.FAILED
    return Status.CHANGED if result["changed"] is True else Status.OK


def _delta(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02d}:{rest:09.6f}"
