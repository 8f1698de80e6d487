"""Tasks that ended before the run was broken off: their jobs as they were, made from the log and settled again.

Nothing of them is rendered, looked up or done anew, but for what belongs to this process alone: what an include
brings is loaded, and a changed inventory is changed again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from runner import registry
from runner.errors import StepError
from runner.execute.background import Started
from runner.execute.batch import Batch
from runner.execute.controls import act
from runner.execute.desk import StepDesk
from runner.execute.job import Flags, Job, Step
from runner.execute.replay import outcome_of
from runner.execute.scope import NOTHING
from runner.execute.settle import BAD, apply_outcome
from runner.execute.state import RunState
from runner.execute.variables import Variables
from runner.execute.world import World
from runner.model.past import StepEnd, TaskEnd
from runner.model.plan import TaskNode
from runner.model.ports import Module


class Recaller:
    """Recalls the jobs of one batch."""

    def __init__(self, world: World, state: RunState, batch: Batch, variables: Variables) -> None:
        self._world = world
        self._state = state
        self._batch = batch
        self._variables = variables

    def job(self, node: TaskNode, host: str, number: int, end: TaskEnd) -> Job:
        """The job as it was when it ended; its steps have had their effect again."""
        given: Mapping[str, Any] = dict.fromkeys(end.flags, True)
        job = Job(node, host, number, end.name, replace(Flags(no_log=end.hidden), **given), NOTHING, looped=end.looped)
        job.loop = node.task.loop
        if job.loop is not None and end.loop:
            names = ("loop_var", "index_var", "extended", "extended_allitems")
            job.loop = replace(job.loop, **dict(zip(names, end.loop, strict=True)))
        job.items = list(end.items) if end.items is not None else [step.item for step in end.steps]
        job.skip_rest()
        job.named = None if end.notify is None else list(end.notify)
        for index, ended in enumerate(end.steps):
            step = Step(NOTHING, item=ended.item, index=index, outcome=outcome_of(ended), recalled=ended)
            job.steps.append(step)
            self.settle_step(job, step, number)
        return job

    def settle_step(self, job: Job, step: Step, number: int) -> None:
        """The step has the effect that it had."""
        end = step.recalled
        assert end is not None and step.outcome is not None
        step.status, step.result, step.delegate = end.status, dict(end.result), end.delegate
        if end.status not in BAD:
            to_delegate = end.delegate is not None and job.flags.delegate_facts
            apply_outcome(self._state.of((end.delegate or "") if to_delegate else job.host), step.outcome)
        if end.started:
            self._know_job(job, end)
        try:
            act(self._world, self._state, self._batch, number, job.task, step.outcome)
        except StepError:
            # It failed then as well, and that is what the log says.
            return

    def know_facts(self, host: str) -> None:
        """Facts that could not be gathered are known to be none, so that nobody tries again."""
        if self._state.of(host).facts is None:
            self._state.of(host).learn({})

    def _know_job(self, job: Job, end: StepEnd) -> None:
        """What goes on by itself can still be asked about."""
        name, call, fragment = end.started
        module = cast(Module, registry.load("modules", call.module))
        scope = self._variables.scope(job.host, job.task, gather=False)
        desk = StepDesk(self._world, scope, job.task, "", self._state)
        self._state.jobs[name] = Started(module, call, fragment, desk)
