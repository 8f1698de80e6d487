"""What travels together: the jobs of one host that were fused, and the lines of the trip under way."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import field, replace
from hashlib import sha256
from typing import Final

from runner.execute.job import Flags, Job, Step
from runner.execute.places import Place
from runner.execute.results import plain
from runner.execute.shared import written
from runner.model.call import Effect, Fragment, Line, Lines, Target, Trip
from runner.model.event import TaskIntent, TaskOutput
from runner.model.plan import Kind
from runner.model.playbook import STREAMED
from runner.model.quick import dataclass

MAX_LINES: Final = 200
MAX_BYTES: Final = 512 * 1024


@dataclass(slots=True)
class Chain:
    """Jobs of one host in order, settled from the left. `queue` holds lines that have not been sent yet.

    `waiting` counts timers (a retry, a pause in a loop); `stopped`: a failure ended it, nothing more is sent. `weight`
    is the bytes of text and of uploads that were put into it.
    """

    host: int
    jobs: deque[Job] = field(default_factory=deque)
    queue: deque[tuple[Job, Step]] = field(default_factory=deque)
    sent: dict[int, tuple[Job, Step]] = field(default_factory=dict)
    trip: int | None = None
    waiting: int = 0
    stopped: bool = False
    lines_sent: int = 0
    weight: int = 0

    def add(self, job: Job) -> None:
        """Put a job behind the others."""
        self.jobs.append(job)
        lines = job.lines
        if lines:
            self.queue.extend((job, step) for step in lines)
            self.weight += sum(_weight(step) for step in lines)

    def put_first(self, job: Job) -> None:
        """Put a job in front: the others go on when it is done."""
        self.jobs.appendleft(job)
        self.queue.extendleft((job, step) for step in reversed(job.lines))

    @property
    def first(self) -> Job:
        """The job that decides where the chain goes: the first with lines."""
        return next((job for job in self.jobs if job.place is not None), self.jobs[0])

    def goes_with(self, job: Job) -> bool:
        """Whether the job runs in the same shell as the chain."""
        place, first = job.place, self.first.place
        return place is None or first is None or first == place

    def batch(self) -> Iterator[tuple[Job, Step]]:
        """Take the lines of the next trip from the queue: those of one shell, within bounds."""
        size = taken = 0
        shell = self.queue[0][1].place if self.queue else None
        while self.queue and taken < MAX_LINES and (taken == 0 or size < MAX_BYTES):
            job, step = self.queue[0]
            if step.place != shell:
                return
            self.queue.popleft()
            size += _weight(step)
            taken += 1
            yield job, step


def _weight(step: Step) -> int:
    made = step.fragment
    if made is None:
        return 0
    return len(made.probe) + len(made.apply) + sum(upload.size for upload in made.uploads)


def make_trip(
    chain: Chain, trip_id: int, play: str, mask: Callable[[str], str], run: str = ""
) -> tuple[Trip, list[TaskIntent]]:
    """The next trip of a chain of the run, and the intents that must be on disk before it leaves."""
    lines: list[Line] = []
    intents: list[TaskIntent] = []
    groups: dict[int, int] = {}
    for index, (job, step) in enumerate(chain.batch()):
        assert step.fragment is not None
        group = groups.setdefault(id(job), len(groups))
        flags = job.flags_at(step)
        tolerant = flags.ignore_errors or _never_fails(job)
        earlier = step.earlier[step.sendings] if step.sendings < len(step.earlier) else ()
        step.sendings += 1
        lines.append(
            Line(
                index,
                group,
                step.fragment,
                flags.check,
                tolerant,
                step.environment,
                flags.timeout_s,
                earlier,
                _streams(job, flags),
            )
        )
        chain.sent[index] = (job, step)
        intents.append(_intent(job, step, trip_id, play, mask))
    place = chain.sent[0][1].place
    assert place is not None
    chain.trip = trip_id
    return Trip(trip_id, _target(place, lines[0].fragment), place.become, tuple(lines), run), intents


def _streams(job: Job, flags: Flags) -> bool:
    """Whether its lines are shown while it runs. What `async` leaves to its host prints nothing here."""
    hidden = flags.no_log or flags.check or flags.async_s
    return flags.stream and not hidden and job.task.module in STREAMED


def _target(place: Place, first: Fragment) -> Target:
    """Where the trip goes. A step that waits for its host has its own patience, and travels alone."""
    if not first.connect_timeout_s:
        return place.target
    limit_s = float(first.connect_timeout_s)
    return replace(place.target, connect_timeout_s=limit_s, shell_timeout_s=limit_s)


def _never_fails(job: Job) -> bool:
    """Whether `failed_when` says so."""
    conditions = job.task.failed_when
    return conditions is not None and any(condition.value is False for condition in conditions)


def _intent(job: Job, step: Step, trip_id: int, play: str, mask: Callable[[str], str]) -> TaskIntent:
    assert step.fragment is not None and step.call is not None
    flags = job.flags_at(step)
    hidden = flags.no_log
    # Secrets are masked before hashing: a weak one could be guessed from its hash.
    args = "" if hidden else mask(step.alike.written() if step.alike else written(plain(dict(step.call.args))))
    return TaskIntent(
        play,
        job.name,
        job.task.id,
        job.host,
        None if hidden or not job.looped else plain(step.item),
        step.attempt,
        job.task.module,
        str(Effect.READ if flags.check else step.fragment.effect),
        "" if hidden else sha256(args.encode("utf-8", "surrogateescape")).hexdigest(),
        step.delegate,
        step.place.become.user if step.place and step.place.become else None,
        trip_id,
        step.index,
    )


def printed(job: Job, step: Step, play: str, lines: Lines) -> TaskOutput:
    """The event of lines that a step has printed. What is hidden is never streamed."""
    return TaskOutput(
        play,
        job.name,
        job.task.id,
        job.host,
        plain(step.item) if job.looped else None,
        lines.stream,
        lines.lines,
        lines.left_out,
        job.node.kind is Kind.HANDLER,
        job.task.role.name if job.task.role else "",
    )
