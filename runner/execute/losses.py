"""What is said of steps whose trip was lost: never sent, refused, or sent and not heard of again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from runner.execute.job import Job, Step
from runner.execute.results import plain
from runner.execute.world import World
from runner.model.call import Outcome, Status, TripEnd
from runner.model.event import HostLost, IntentWithdrawn

MAY_HAVE_RUN: Final = "this step was under way: it may or may not have run"


def account_for(world: World, left: Sequence[tuple[Job, Step]], end: TripEnd) -> None:
    """Give every step of a lost trip that has not answered its outcome.

    Not sent: the first is unreachable (or failed, if the host refused the user), the others were never begun. Sent:
    each of them may have run, since a shell goes on reading what has reached it after the connection is gone.
    """
    reason = end.lost or "connection lost"
    if not left:
        return
    host = left[0][1].delegate or left[0][0].host
    if not end.refused:
        world.emit(HostLost(host, "run" if end.sent else "connect", reason))
    for number, (job, step) in enumerate(left):
        if end.sent:
            step.outcome = Outcome(Status.INDETERMINATE, msg=f"{reason}; {MAY_HAVE_RUN}")
        elif number == 0:
            step.outcome = Outcome(Status.FAILED if end.refused else Status.UNREACHABLE, msg=reason)
        else:
            world.emit(withdrawn(job, step, end.trip))
    for job in {id(job): job for job, _ in left if end.sent or job is left[0][0]}.values():
        job.skip_rest()
        job.steps = [step for step in job.steps if step.outcome is not None]


def withdrawn(job: Job, step: Step, trip: int) -> IntentWithdrawn:
    """The event of a step that was to be sent, and does not run."""
    item = plain(step.item) if job.looped and not job.flags_at(step).no_log else None
    return IntentWithdrawn(job.task.id, job.host, item, trip, step.index)
