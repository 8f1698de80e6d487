"""What a dry run foresees: which files there would be and would not be on a host, or here, after the steps so far."""

from __future__ import annotations

from pathlib import PurePosixPath

from runner.execute.job import NOTHING_FORESEEN, Foresight, Step
from runner.execute.state import Foreseen, HostState
from runner.execute.world import unknown_outcome
from runner.model.call import Effect, Fragment, Outcome, Status
from runner.model.playbook import Task
from runner.model.values import Unknown
from runner.plan.effects import spec_of


def foresee(own: HostState, made: Fragment) -> Foresight:
    """Note what the fragment would make and remove on its host; gives what was not known before."""
    if made.effect is Effect.READ:
        return NOTHING_FORESEEN
    # What will exist has folders around it that will exist as well.
    there = {path for made_path in made.makes for path in (made_path, *_around(made_path))}
    new = Foresight(frozenset(there - own.will_exist), frozenset(made.removes) - own.will_vanish)
    own.will_exist.update(there)
    own.will_vanish.difference_update(there)
    own.will_vanish.update(made.removes)
    own.will_exist.difference_update(made.removes)
    return new


def disbelieve(own: HostState, told: Foresight) -> None:
    """What a step would have made and removed it does not, because it has failed."""
    own.will_exist.difference_update(told.exist)
    own.will_vanish.difference_update(told.vanish)


def foresee_here(here: Foreseen, step: Step, made: Fragment, task: str) -> None:
    """Note what a step that runs here, or brings a file here, would make; what it runs may make any file."""
    if made.download is not None:
        here.paths.add(made.download.dest)
    if step.place is None or step.place.target.transport != "local":
        return
    if made.effect is Effect.UNSAFE:
        here.unsure = here.unsure or task
    elif made.effect is not Effect.READ:
        here.paths.update(made.makes)


def doubt_of(here: Foreseen, name: str) -> Unknown | None:
    """What to say of a file that is not here, if an earlier step of the dry run would or may have made it."""
    if any(name == path or path.endswith(f"/{name}") or name.startswith(f"{path}/") for path in here.paths):
        return Unknown(f"{name} is not here before an earlier task makes it")
    return Unknown(f"{name} is not here, but {here.unsure!r} may make it") if here.unsure else None


def doubt(own: HostState, task: Task, name: str) -> None:
    """The step may make anything on its host: what a later one of this dry run does not find may be there then."""
    spec = spec_of(task)
    if (spec is None or not spec.local) and not any(one.value is False for one in task.changed_when or ()):
        own.in_doubt = own.in_doubt or name


def with_doubt(own: HostState, task: Task, name: str, made: Outcome) -> Outcome:
    """What a dry run can say of an outcome: a failure is none for certain where an earlier step may mend it."""
    if made.status is Status.FAILED and own.in_doubt:
        return unknown_outcome(f"may fail: {made.msg} (but {own.in_doubt!r} has not run)")
    spec = spec_of(task)
    if made.status is Status.CHANGED and spec is not None and spec.brings:
        doubt(own, task, name)
    return made


def _around(path: str) -> list[str]:
    """The folders above a path, as text."""
    return [str(folder) for folder in PurePosixPath(path).parents if str(folder) not in (".", "/", "~")]
