"""`async`: a step that goes on by itself on its host, and is looked after from here, or left to `async_status`.

Source: https://docs.ansible.com/ansible/latest/playbook_guide/playbooks_async.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from runner.errors import StepError
from runner.execute.job import Job, Step
from runner.execute.world import World
from runner.model.call import Call, Fragment, Outcome, Reply, Status, failed
from runner.model.event import Kept
from runner.model.past import NOTHING_OPEN
from runner.model.ports import Desk, Module
from runner.model.quick import dataclass
from runner.model.values import Unknown
from runner.sh import jobs
from runner.sh.verdict import failure, text

DEFAULT_POLL_S: Final = 15.0
FIRST_LOOK_S: Final = 0.5
# Beyond its limit a job may take so long until its host has ended it.
PATIENCE_S: Final = 30.0
# Actions that Ansible does itself, at least in part: they cannot be left to the host.
_ATTENDED: Final = frozenset(
    """
    add_host assemble assert async_status copy debug fail fetch gather_facts group_by include_vars pause raw reboot
    script set_fact set_stats template unarchive validate_argument_spec wait_for_connection
    """.split()
)


@dataclass(frozen=True, slots=True)
class Later:
    """The step goes on after `delay_s`, with another fragment."""

    delay_s: float
    fragment: Fragment


@dataclass(frozen=True, slots=True)
class Started:
    """A job that this run has begun: what its module needs to read its answer, or what it came to (`made`)."""

    module: Module
    call: Call
    fragment: Fragment
    desk: Desk
    made: Outcome | None = None

    @property
    def ended(self) -> bool:
        """Whether it ended before its task did, so that its host knows nothing of it."""
        return self.made is not None

    def outcome(self, reply: Reply | None) -> Outcome:
        """What the job came to."""
        if self.made is not None or reply is None:
            return self.made or failed("the job has no answer")
        made = self.module.outcome(self.call, self.fragment, reply, self.desk)
        return made if isinstance(made, Outcome) else failed("the job would have to go on")


@dataclass(slots=True)
class Background:
    """A step's job: where it is, how long it may take, when it began (epoch seconds), and when to look next.

    `launch` begins it, where it may have begun before the run was broken off; `begun`: it has, as far as the log goes
    (it was looked for)."""

    name: str
    folder: str
    started: Started
    limit_s: int
    poll_s: float
    began: float = 0.0
    path: str = ""
    pause_s: float = FIRST_LOOK_S
    made: Outcome | None = None
    launch: Fragment | None = None
    begun: bool = False


def check_allowed(job: Job, action: str) -> None:
    """Raises StepError for an action that cannot be left to its host, as in Ansible."""
    if job.flags.async_s and job.task.module in _ATTENDED:
        raise StepError(f"This action ({action}) does not support async.")


def foreseen() -> Outcome:
    """What a dry run can say of a task that only begins a job: it is changed, whatever the job comes to."""
    values = {"started": True, "finished": False, "results_file": Unknown(), "ansible_job_id": Unknown()}
    return Outcome(Status.CHANGED, values)


def begin(world: World, job: Job, step: Step, made: Fragment, desk: Desk) -> Fragment:
    """What is sent for a fragment that is to go on by itself.

    A fragment that has to be answered from here (`last` is False) is carried out at once instead: its job has ended
    when its task has.
    """
    flags = job.flags_at(step)
    if not made.last or made.download is not None:
        return made
    known = world.replay.open(job, step) if world.replay else NOTHING_OPEN
    if known.job:
        found = _find_again(world, job, step, made, desk, *known.job)
        assert step.background is not None
        step.background.begun = len(known.sends) > 1 and known.unsafe
        return found
    assert step.module is not None and step.call is not None
    folder = str(desk.setting("ansible_async_dir") or jobs.HOME)
    started = Started(step.module, step.call, made, desk)
    name = f"j{world.nonce()}"
    step.background = Background(name, folder, started, flags.async_s, flags.poll_s)
    world.emit(Kept("job", job.task.id, job.host, step.index, exact={"job": (name, folder)}))
    return jobs.launch(made, folder, name, flags.async_s)


def _find_again(world: World, job: Job, step: Step, made: Fragment, desk: Desk, name: str, folder: str) -> Fragment:
    """What is sent for a step that was about to go on by itself when the run was broken off: a look for its job."""
    assert step.module is not None and step.call is not None
    flags, started = job.flags_at(step), Started(step.module, step.call, made, desk)
    launch = jobs.launch(made, folder, name, flags.async_s)
    step.background = Background(
        name, folder, started, flags.async_s, flags.poll_s, world.now, f"{folder}/{name}", launch=launch
    )
    return jobs.look(folder, name)


def hear(world: World, job: Job, step: Step, reply: Reply) -> Outcome | Fragment | Later:
    """What comes next: the job has begun, is not over, is over, or has been removed."""
    background = step.background
    assert background is not None
    if background.made is not None:
        return background.made
    if not background.path:
        return _begun(world, background, reply)
    state = jobs.read(reply)
    broken = failure(reply)
    launch, background.launch = background.launch, None
    if launch is not None and broken is None:
        background.path = "" if state.missing else state.path
        if state.missing:
            return _begin_again(world, job, step, launch, begun=background.begun)
        if not background.poll_s:
            return _of_job(background, Outcome(Status.CHANGED), finished=False)
    if broken is None and not state.over:
        return look_again(world, step) or _too_late(background)
    made = broken or _came_to(background, state)
    background.made = _of_job(background, made, finished=True)
    if broken is not None or state.missing:
        return background.made
    return jobs.remove(background.folder, background.name)


def _begin_again(world: World, job: Job, step: Step, launch: Fragment, *, begun: bool) -> Outcome | Fragment:
    """There is no such job. One that had begun was over, and was removed before its end was in the log."""
    assert world.replay is not None
    if world.replay.decide(job, step, unsafe=begun):
        return launch
    assert step.outcome is not None
    step.fragment = launch  # it was looked for: the step has left
    return step.outcome


def _begun(world: World, background: Background, reply: Reply) -> Outcome | Later:
    broken = failure(reply)
    if broken is not None:
        return broken
    background.path = text(reply.values.get("path", b""))
    if not background.path:
        return failed("the host did not say where the job is")
    background.began = world.now
    if background.poll_s:
        return _look(background)
    return _of_job(background, Outcome(Status.CHANGED), finished=False)


def _look(background: Background) -> Later:
    """The next look: soon at first, since most jobs are short, then as seldom as `poll` says."""
    pause = min(background.pause_s, background.poll_s)
    background.pause_s *= 2
    return Later(pause, jobs.look(background.folder, background.name))


def look_again(world: World, step: Step) -> Later | None:
    """The next look at a job that is not over, also when its host could not be reached; None when it is too late."""
    background = step.background
    if background is None or not background.path or background.made is not None or not background.poll_s:
        return None
    if world.now > background.began + background.limit_s + background.poll_s + PATIENCE_S:
        return None
    return _look(background)


def _too_late(background: Background) -> Outcome:
    msg = f"async task did not complete within the requested time - {background.limit_s}s"
    return failed(msg, **_where(background, finished=False))


def _came_to(background: Background, state: jobs.State) -> Outcome:
    if state.reply is not None:
        return background.started.outcome(state.reply)
    if state.late:
        return failed("Timeout exceeded")
    return failed("could not find job" if state.missing else "the job ended without a result")


def _of_job(background: Background, made: Outcome, *, finished: bool) -> Outcome:
    streams = {"stdout": "", "stderr": ""} if finished else {}
    return replace(made, values={**streams, **_where(background, finished=finished), **made.values})


def _where(background: Background, *, finished: bool) -> dict[str, Any]:
    name, path = background.name, background.path
    return {"ansible_job_id": name, "results_file": path, "started": True, "finished": finished}


def ended_at_once(world: World, job: Job, step: Step, desk: Desk, made: Outcome) -> tuple[str, Started, Outcome]:
    """A job whose step was carried out at once: its name, what `async_status` is told of it, and what its task is."""
    assert step.module is not None and step.call is not None and step.fragment is not None
    name, flags = f"j{world.nonce()}", job.flags_at(step)
    folder = str(desk.setting("ansible_async_dir") or jobs.HOME)
    started = Started(step.module, step.call, step.fragment, desk, made)
    background = Background(name, folder, started, flags.async_s, flags.poll_s, path=f"{folder}/{name}")
    if flags.poll_s:
        return name, started, _of_job(background, made, finished=True)
    return name, started, _of_job(background, Outcome(Status.CHANGED), finished=False)
