"""How a task ends on its host: registered, counted, logged; handlers notified; what a failure means for the others."""

from __future__ import annotations

from collections.abc import Callable

from runner.errors import StepError
from runner.execute.batch import Batch
from runner.execute.exactly import kept_task
from runner.execute.flow import Flow
from runner.execute.hushed import hushed_texts
from runner.execute.job import Job
from runner.execute.notify import Notifier
from runner.execute.once import Once
from runner.execute.prepare import Preparer
from runner.execute.results import registered, status_of, unknown_of
from runner.execute.settle import BAD, LOST, count, is_ignored, may_change, result_event, whole_result
from runner.execute.state import RunState
from runner.execute.verdicts import explain, number
from runner.execute.world import World
from runner.model.call import Status
from runner.model.event import Notice
from runner.model.plan import Kind, TaskNode
from runner.model.playbook import Play


class Ending:
    """Ends the jobs of one batch. `finish` marks a node done on a host, `is_done` asks."""

    def __init__(
        self,
        world: World,
        state: RunState,
        play: Play,
        batch: Batch,
        preparer: Preparer,
        notifier: Notifier,
        once: Once,
        finish: Callable[[TaskNode, int], None],
        is_done: Callable[[str, int], bool],
    ) -> None:
        self._world = world
        self._state = state
        self._play = play
        self._batch = batch
        self._preparer = preparer
        self._notifier = notifier
        self._once = once
        self._finish = finish
        self._is_done = is_done

    def settle(self, job: Job) -> bool:
        """The task is through on its host. Returns whether the host goes on."""
        status = status_of(job)
        result = whole_result(job)
        flow = self._batch.flows[job.number]
        own = self._state.of(job.host)
        if job.hidden and not self._world.options.settings.no_log:
            for text in hushed_texts(job):
                self._world.secret(text)
        if job.task.register:
            own.live[job.task.register] = registered(job)
        problem = self._notify(job, flow, status)
        if problem is not None:
            status = Status.FAILED
            result.update(failed=True, msg=problem)
        ignored = is_ignored(job, status) or (job.implicit and job.host != self._batch.hosts[job.number])
        bad = status in BAD and not ignored
        rescued = self._fail(job, status, result) if bad else False
        acts_on_run = job.task.module == "meta" and status not in BAD and unknown_of(job) is None
        tells = not acts_on_run or status is Status.SKIPPED
        self._world.emit(kept_task(job, self._batch.hosts[job.number], alone=not tells))
        if not acts_on_run:
            count(own, job, status, ignored=ignored, rescued=rescued)
        if tells:
            step = None if job.looped or not job.steps else job.steps[-1]
            self._world.emit(
                result_event(job, self._play.name, result, status, step, final=True, ignored=ignored, rescued=rescued)
            )
        if status is not Status.SKIPPED:
            flow.ran_role(job.node)
            if job.node.kind is Kind.FLUSH:
                self._notifier.resolve(job.host, flow, job.node)
        elif job.node.kind is Kind.FLUSH and unknown_of(job) is None:
            flow.closed_flushes.add(job.node.flush)
        if not job.implicit:
            self._finish(job.node, job.number)
        if job.once:
            self._once.record(job, fine=not bad)
        return not bad

    def _notify(self, job: Job, flow: Flow, status: Status) -> str | None:
        """Notify handlers of a changed task; of one that may change, in a dry run, as a suspicion."""
        if not job.task.notify or status in BAD:
            return None
        changed = any(step.result is not None and step.result.get("changed") is True for step in job.steps)
        if not changed and not any(may_change(step) for step in job.steps):
            return None
        return self._notifier.notify(job, flow, certain=changed)

    def _fail(self, job: Job, status: Status, result: dict[str, object]) -> bool:
        """The host has failed: this task's blocks decide what it still does. Returns whether a rescue deals with it."""
        flow = self._batch.flows[job.number]
        own = self._state.of(job.host)
        rescued = False
        if status in LOST:
            flow.ended = own.unreachable = True
        else:
            rescued = flow.fail(job.node.path, self._batch.with_rescue)
            flow.handler_failed = flow.handler_failed or (job.node.kind is Kind.HANDLER and not rescued)
        if rescued:
            own.live["ansible_failed_task"] = {"name": job.name, "action": job.task.action}
            own.live["ansible_failed_result"] = dict(result)
        if job.flags.any_errors_fatal or self._too_many():
            self._batch.fail_all(job.node, lambda host: self._is_done(job.node.id, host))
        # Whoever waits for this host (a task that runs once, a turn) has to look again.
        self._batch.wake_all()
        return rescued

    def _too_many(self) -> bool:
        """Whether more hosts have failed than `max_fail_percentage` allows."""
        raw = self._play.max_fail_percentage
        if raw is None:
            return False
        lost = [number for number, flow in enumerate(self._batch.flows) if flow.beyond_rescue]
        try:
            scope = self._preparer.play_scope(self._batch.hosts[0])
            limit = number(self._world, raw, scope, "max_fail_percentage", 100.0)
        except StepError as error:
            self._world.emit(Notice("warning", f"play {self._play.name!r}: {explain(error)}; no failure is allowed"))
            limit = 0.0
        return len(lost) * 100 > limit * len(self._batch.flows)
