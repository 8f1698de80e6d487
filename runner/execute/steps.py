"""What happens to the jobs of a chain: replies are heard, steps judged, jobs settled, lost ones accounted for."""

from __future__ import annotations

from collections.abc import Callable

from runner.errors import StepError
from runner.execute.background import Later, look_again
from runner.execute.batch import Batch
from runner.execute.chain import Chain
from runner.execute.controls import act, pause_for, paused
from runner.execute.ending import Ending
from runner.execute.exactly import kept_item
from runner.execute.flow import Flow
from runner.execute.job import Job, Step
from runner.execute.judge import Judge
from runner.execute.losses import account_for, withdrawn
from runner.execute.prepare import Preparer
from runner.execute.recall import Recaller
from runner.execute.schedule import Scheduler
from runner.execute.settle import BAD, apply_outcome, result_event
from runner.execute.signals import NeedsFacts
from runner.execute.state import RunState
from runner.execute.verdicts import explain
from runner.execute.world import World, unknown_outcome
from runner.model.call import Effect, Fragment, Pause, Reply, Status, TripEnd
from runner.model.event import Kept, Notice
from runner.model.fate import Fate
from runner.model.playbook import Play


class Steps:
    """The steps of one batch. `resume` goes on with a chain after a timer;
    `facts_job` gathers a host's facts when a step that is under way turns out to read them."""

    def __init__(
        self,
        world: World,
        state: RunState,
        play: Play,
        batch: Batch,
        scheduler: Scheduler,
        preparer: Preparer,
        judge: Judge,
        ending: Ending,
        resume: Callable[[Chain], None],
        facts_job: Callable[[int], Job],
        recaller: Recaller,
    ) -> None:
        self._world = world
        self._recaller = recaller
        self._state = state
        self._play = play
        self._batch = batch
        self._scheduler = scheduler
        self._preparer = preparer
        self._judge = judge
        self._ending = ending
        self._resume = resume
        self._facts_job = facts_job

    def hear(self, chain: Chain, reply: Reply) -> None:
        """Take one reply in, and go on as far as it lets the chain."""
        job, step = chain.sent.pop(reply.index)
        if chain.jobs and chain.jobs[0] is job:
            self._preparer.arrive(job)
        if reply.fate is Fate.LOST:
            self._nobody_knows(chain, job, step, reply.index)
            return
        more = self._judge.hear(job, step, reply)
        if isinstance(more, Later):
            self._look_later(chain, job, step, more)
        elif more is not None:
            self._preparer.compiler.accept(job, step, more)
            if step.outcome is None:
                self._send_on(chain, job, step, more)
                return
        self.advance(chain)

    def _nobody_knows(self, chain: Chain, job: Job, step: Step, index: int) -> None:
        """The host has no answer of a step that it began before the run was broken off."""
        assert self._world.replay is not None and step.fragment is not None
        if self._world.replay.decide(job, step, unsafe=step.fragment.effect is Effect.UNSAFE):
            # It goes once more with what was to come after it, when the trip is over.
            step.earlier, step.sendings = (), 1
            chain.sent = {index: (job, step), **chain.sent}
            return
        self.advance(chain)

    def _send_on(self, chain: Chain, job: Job, step: Step, more: Fragment) -> None:
        """The step's next fragment: at once, or when its time has come; perhaps over a new connection."""
        if not (more.after_s or more.anew):
            chain.queue.appendleft((job, step))
            return
        self._look_later(chain, job, step, Later(more.after_s, more), anew=more.anew)

    def advance(self, chain: Chain) -> None:
        """Judge what has an outcome, prepare what comes next, settle jobs from the left."""
        try:
            self._advance(chain)
        except NeedsFacts:
            chain.put_first(self._facts_job(chain.host))

    def _advance(self, chain: Chain) -> None:
        while chain.jobs:
            job = chain.jobs[0]
            self._preparer.arrive(job)
            if chain.stopped and not _under_way(chain, job):
                chain.jobs.popleft()
                self._drop(chain, job)
                continue
            self._judge_ready(chain, job)
            if job.waiting and all(step.done for step in job.steps) and not self._prepare_next(chain, job):
                return
            if job.waiting or not job.done:
                # A later item may have failed here while earlier ones are still on their host: those come first.
                open_step = next((step for step in job.steps if not step.done), None)
                if open_step is not None and open_step.outcome is not None and not chain.waiting:
                    continue
                if job.waiting and job.steps and open_step is None:
                    continue
                return
            chain.jobs.popleft()
            if not self._ending.settle(job):
                chain.stopped = True

    def _prepare_next(self, chain: Chain, job: Job) -> bool:
        """Prepare a job's next steps; returns False when a pause between items comes first."""
        if job.pausing:
            return False
        pause = 0.0 if job.rested or job.flags.check or not job.steps else self._pause_of(job)
        if pause > 0:
            job.pausing = True
            chain.waiting += 1
            self._world.wake(self._world.now + pause, lambda: self._rested(chain, job))
            return False
        job.rested = False
        known = len(job.steps)
        self._preparer.advance(job)
        chain.queue.extend((job, step) for step in job.steps[known:] if step.fragment is not None)
        return True

    @staticmethod
    def _pause_of(job: Job) -> float:
        """The seconds between two items."""
        return float(job.loop.pause_s or 0) if job.loop is not None else 0.0

    def _rested(self, chain: Chain, job: Job) -> None:
        job.pausing, job.rested = False, True
        self._after_pause(chain)

    def _after_pause(self, chain: Chain) -> None:
        chain.waiting -= 1
        self.advance(chain)
        self._resume(chain)

    def _judge_ready(self, chain: Chain, job: Job) -> None:
        """Judge steps in order, up to the first that has not answered."""
        for step in job.steps:
            if step.done:
                continue
            if step.outcome is None or not self._judge_one(chain, job, step):
                return

    def _judge_one(self, chain: Chain, job: Job, step: Step) -> bool:
        """Judge one step; returns False when it has to wait (a pause, another attempt)."""
        assert step.outcome is not None
        if step.recalled is not None:
            self._recaller.settle_step(job, step, chain.host)
            return True
        if isinstance(step.outcome.control, Pause):
            return self._pause(chain, job, step, step.outcome.control)
        again = self._judge.judge(job, step)
        if again is not None:
            self._tell_retry(job, step)
            step.outcome = None
            chain.waiting += 1
            self._world.wake(self._world.now + again.delay_s, lambda: self._retry(chain, job, step))
            return False
        self._took_effect(chain, job, step)
        if step.outcome.warnings and not job.flags_at(step).no_log:
            self._world.warn(step.outcome.warnings)
        if job.looped:
            self._world.emit(kept_item(job, step))
            self._world.emit(result_event(job, self._play.name, step.result or {}, step.status, step, final=False))
        if self._judge.breaks(job, step):
            job.skip_rest()
        return True

    def _took_effect(self, chain: Chain, job: Job, step: Step) -> None:
        assert step.outcome is not None and step.result is not None
        own = self._state.of(job.host)
        if step.status not in BAD:
            to_delegate = step.delegate is not None and job.flags_at(step).delegate_facts
            apply_outcome(self._state.of(step.delegate or "") if to_delegate else own, step.outcome)
        if job.implicit and own.facts is None:
            own.learn({})
        try:
            changed = act(self._world, self._state, self._batch, chain.host, job.task, step.outcome)
            if changed and step.status is Status.OK and job.task.changed_when is None:
                step.status = Status.CHANGED
                step.result["changed"] = True
        except StepError as error:
            step.status = Status.FAILED
            step.result.update(failed=True, msg=explain(error))

    def _pause(self, chain: Chain, job: Job, step: Step, pause: Pause) -> bool:
        assert step.outcome is not None
        step.start = self._world.now
        seconds, step.outcome = pause_for(self._world, pause, step.outcome, check=job.flags_at(step).check)
        if seconds <= 0:
            step.outcome = paused(self._world, step.start, step.outcome)
            return self._judge_one(chain, job, step)
        chain.waiting += 1
        job.ends_chain = True  # nothing behind a pause is sent before it is over
        held, step.outcome = step.outcome, None

        def over() -> None:
            step.outcome = paused(self._world, step.start, held)
            self._after_pause(chain)

        self._world.wake(self._world.now + seconds, over)
        return False

    def _tell_retry(self, job: Job, step: Step) -> None:
        over = {"attempts": step.attempt}
        self._world.emit(Kept("attempt", job.task.id, job.host, step.index, exact=over))
        text = f"FAILED - RETRYING: [{job.host}]: {job.name} (attempt {step.attempt})"
        self._world.emit(Notice("notice", text, job.host))

    def _retry(self, chain: Chain, job: Job, step: Step) -> None:
        chain.waiting -= 1
        self._preparer.again(job, step)
        if step.outcome is None:
            chain.queue.append((job, step))
        else:
            self.advance(chain)
        self._resume(chain)

    def _look_later(self, chain: Chain, job: Job, step: Step, later: Later, *, anew: bool = False) -> None:
        """The step goes on by itself on its host: look after it when it is time, and wait in no thread until then."""
        chain.waiting += 1
        step.fragment = later.fragment

        def look() -> None:
            chain.waiting -= 1
            if anew:
                self._world.outbox.resets.append(step.delegate or job.host)
            chain.queue.appendleft((job, step))
            self._resume(chain)

        self._world.wake(self._world.now + later.delay_s, look)

    def _survivors(self, chain: Chain, left: list[tuple[Job, Step]], end: TripEnd) -> list[tuple[Job, Step]]:
        """Steps that go on without a connection are looked after again later; the others are returned."""
        lost: list[tuple[Job, Step]] = []
        reason = end.lost or ""
        for job, step in left:
            if step.fragment is not None and step.fragment.survives and not end.refused:
                self._heard_nothing(chain, job, step, end)
                continue
            later = look_again(self._world, step)
            if later is None:
                lost.append((job, step))
                continue
            self._world.emit(Notice("warning", f"{reason}; the job goes on, and is looked after again", job.host))
            self._look_later(chain, job, step, later)
        return lost

    def _heard_nothing(self, chain: Chain, job: Job, step: Step, end: TripEnd) -> None:
        """Ask the step's module what comes next, when the host has gone in the midst of it as was to be expected."""
        now = self._world.now
        more = self._judge.hear(job, step, Reply(end.trip, 0, rc=255, start=now, end=now, lost=end.lost))
        if isinstance(more, Fragment):
            self._preparer.compiler.accept(job, step, more)
            if step.outcome is None:
                self._send_on(chain, job, step, more)

    def begin_handler(self, job: Job, flow: Flow) -> None:
        """A handler runs: its notification is spent. A merely suspected one may run, in a dry run."""
        certain = flow.notified.pop(job.task.id, True)
        if not certain:
            job.skip_rest()
            job.looped = False
            reason = "may run: a step that notifies it may change something"
            job.steps = [Step(job.scope, outcome=unknown_outcome(reason))]

    def trip_over(self, chain: Chain, end: TripEnd) -> None:
        """Account for the steps of a trip that have not answered."""
        chain.trip = None
        left = list(chain.sent.values())
        chain.sent = {}
        if end.lost is not None and left:
            left = self._survivors(chain, left, end)
        if end.lost is not None and left:
            chain.queue.clear()
            account_for(self._world, left, end)
            # What had not begun is begun anew if the host goes on at all (`ignore_unreachable`, another user).
            for job in [job for job in chain.jobs if not _under_way(chain, job)]:
                chain.jobs.remove(job)
                self._drop(chain, job)
            self.advance(chain)
            return
        for job, step in left:
            step.sendings -= 1
            self._world.emit(withdrawn(job, step, end.trip))
        if not chain.stopped:
            chain.queue.extendleft(reversed(left))
        self.advance(chain)

    def drop_rest(self, chain: Chain) -> None:
        """Give the jobs back that the chain did not get to."""
        while chain.jobs:
            self._drop(chain, chain.jobs.popleft())

    def _drop(self, chain: Chain, job: Job) -> None:
        if not job.implicit:
            self._scheduler.put_back(job.node.id, chain.host)
        self._batch.wake([chain.host])


def _under_way(chain: Chain, job: Job) -> bool:
    """Whether some step of the job was sent and has answered or may still answer."""
    if any(other is job for other, _ in chain.sent.values()):
        return True
    return any(step.done or (step.outcome is not None and step.fragment is not None) for step in job.steps)
