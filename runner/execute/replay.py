"""A run that goes on: what its log holds is taken over in the order of the log, before anything new begins."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from runner.errors import StepError
from runner.execute.job import Job, Step
from runner.execute.results import plain
from runner.model.call import Outcome, Status, failed
from runner.model.fate import ADOPTS, Claim
from runner.model.past import NOTHING_OPEN, Open, Past, Policy, StepEnd, TaskEnd

UNHEARD = "it was under way when the run was broken off, and may or may not have run"


class Replay:
    """The past of a run, as far as it has not been taken over. A host that comes to a task of the past `expect`s its
    end; `deliver` gives the first end that is expected. `active` until all that can be is taken over."""

    def __init__(self, past: Past) -> None:
        self.past = past
        self.active = True
        self._left = bytearray(b"\1" * len(past.tasks))
        self._first = 0
        self._count = Counter((end.task_id, end.host) for end in past.tasks if not end.asker)
        self._expected: dict[tuple[str, str], Callable[[TaskEnd], None]] = {}

    @property
    def left(self) -> list[TaskEnd]:
        """What nobody has come to."""
        return [end for end, is_left in zip(self.past.tasks, self._left, strict=True) if is_left]

    def has(self, task_id: str, host: str) -> bool:
        """Whether the end of this task on this host is in the log and not taken over yet."""
        return self._count[task_id, host] > 0

    def expect(self, task_id: str, host: str, arrive: Callable[[TaskEnd], None]) -> None:
        """The host has come to the task: `arrive` is called when it is its turn."""
        self._expected[task_id, host] = arrive

    def deliver(self, unasked: Callable[[TaskEnd], bool]) -> bool:
        """Let the first end arrive that is expected; facts that no task gathers are taken by `unasked`."""
        while self._first < len(self._left) and not self._left[self._first]:
            self._first += 1
        for number in range(self._first, len(self._left)):
            if self._left[number] and self._arrives(self.past.tasks[number], unasked):
                self._left[number] = 0
                return True
        return False

    def _arrives(self, end: TaskEnd, unasked: Callable[[TaskEnd], bool]) -> bool:
        if end.asker:
            return unasked(end)
        arrive = self._expected.pop((end.task_id, end.host), None)
        if arrive is not None:
            self._count[end.task_id, end.host] -= 1
            arrive(end)
        return arrive is not None

    def item(self, job: Job, step: Step) -> StepEnd | None:
        """How this item of a loop that was not done ended. Raises StepError if it was another item then."""
        end = self.past.items.get((job.task.id, job.host), {}).get(step.index)
        if end is not None and plain(end.item) != plain(step.item):
            raise StepError("the items of the loop are others than when the run was broken off: they were read anew")
        return end

    def recalls(self, job: Job, step: Step) -> bool:
        """Whether a step is over already: then it has its effect again when it is its turn."""
        try:
            end = self.item(job, step)
        except StepError as error:
            step.outcome = failed(str(error))
            return True
        if end is not None:
            step.recalled, step.outcome = end, outcome_of(end)
        return end is not None

    def open(self, job: Job, step: Step) -> Open:
        """What is known of a step that began and has no end in the log."""
        return self.past.open.get((job.task.id, job.host, step.index), NOTHING_OPEN)

    def reopen(self, job: Job, step: Step) -> None:
        """A step is prepared that may have begun before: it says so to its host, or ends here if that is all there is
        to do."""
        known = self.open(job, step)
        if known is NOTHING_OPEN or known.job or step.fragment is None:
            return
        step.attempt = max(step.attempt, known.attempts + 1)
        step.earlier = tuple(tuple(Claim(self.past.run, *send) for send in sends) for sends in known.sends)
        if (known.asked and not known.sends) or not ADOPTS:
            step.earlier = ()
            self.decide(job, step, unsafe=known.unsafe)

    def decide(self, job: Job, step: Step, *, unsafe: bool) -> bool:
        """Nobody knows whether the step has run. Returns whether it is to run (again): the command line says so, or
        else the task."""
        own = job.task.resume
        policy = self.past.policy or (Policy(own) if own else Policy.FAIL)
        if not unsafe or policy is Policy.RERUN:
            return True
        if policy is Policy.SKIP:
            by = "--indeterminate says" if self.past.policy else "its task says (resume: skip)"
            step.outcome = Outcome(Status.SKIPPED, {}, msg=f"{UNHEARD}; it is skipped as {by}")
        else:
            step.outcome = Outcome(Status.INDETERMINATE, msg=f"{UNHEARD} (see --indeterminate)")
        step.fragment = None
        return False


def outcome_of(end: StepEnd) -> Outcome:
    """What a step that has ended came to, as far as others depend on it."""
    return Outcome(
        end.status,
        {"changed": end.result["changed"]} if "changed" in end.result else {},
        unknown=end.unknown,
        facts=end.facts,
        own_facts=end.own_facts,
        set_vars=end.set_vars,
        included_vars=end.included_vars,
        control=end.control,
        cacheable=end.cacheable,
    )
