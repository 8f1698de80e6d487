"""From a step to its call and to what its module makes of it: a fragment to send, or an outcome at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, Final, cast

from runner import registry
from runner.arguments import Spec
from runner.errors import StepError
from runner.execute import background
from runner.execute.desk import StepDesk
from runner.execute.foresight import foresee, foresee_here
from runner.execute.job import Job, Step
from runner.execute.places import Place, Places
from runner.execute.rendered import arguments
from runner.execute.settings import Settings
from runner.execute.shared import SharedTasks
from runner.execute.signals import NotAhead
from runner.execute.state import HostState
from runner.execute.variables import Variables
from runner.execute.verdicts import number
from runner.execute.world import World, unknown_outcome
from runner.model.call import Call, Ends, Fragment, Outcome, Target
from runner.model.playbook import Task
from runner.model.ports import Module
from runner.model.quick import replace
from runner.model.values import Template, find_unknown
from runner.plan.effects import spec_of
from runner.sh import account_names

# Local actions whose outcome changes nothing that a later step could see: they may be prepared ahead of time.
HARMLESS: Final = frozenset({"debug", "assert", "fail"})
_TAKES_UNKNOWN: Final = frozenset({"set_fact"})
NO_PATHS: Final[frozenset[str]] = frozenset()
_ALWAYS_DIFFERS: Final = "pb_differs"


class StepCompiler:
    """Compiles the steps of one batch."""

    def __init__(self, world: World, variables: Variables) -> None:
        self._world = world
        self._variables = variables
        self._places = Places(world, variables.state)
        self._shared = SharedTasks()
        self._playbook_dir = str(PurePath(variables.play.path).parent)

    def compile(self, job: Job, step: Step, *, ahead: bool) -> None:
        """Fill in the step's call, module, place and fragment, or its outcome. Raises StepError, UnknownReached, and
        NotAhead when it is too early for it."""
        task = job.task
        spec = spec_of(task)
        if spec is None:
            step.module = self._brought(task)
            spec = cast(Spec, step.module.SPEC)
        if ahead and spec.local and task.module not in HARMLESS:
            raise NotAhead
        background.check_allowed(job, task.action)
        if isinstance(task.retries, Template):
            number(self._world, task.retries, step.scope, "retries", 0)
        alike = None
        if step.module is None:
            args, given, alike = self._shared.of(
                task, spec, lambda known: arguments(self._world, task, spec, step.scope, known)
            )
        else:
            args, given = arguments(self._world, task, spec, step.scope)
        step.alike = alike
        doubt = None if alike else find_unknown(args)
        if doubt is not None and task.module not in _TAKES_UNKNOWN:
            step.outcome = unknown_outcome(f"may change: {doubt.reason}")
            return
        if not spec.local:
            self._place(job, step)
        ends = self._between(job, step) if spec.between else None
        call = step.call = self._call(job, step, args, given, ends)
        module = step.module = step.module or cast(Module, registry.load("modules", task.module))
        if alike is not None:
            made = alike.compiled(module, call, lambda: self.desk(job, step))
        else:
            made = module.fragment(call, self.desk(job, step))
        self.accept(job, step, made)

    def _call(self, job: Job, step: Step, args: Mapping[str, Any], given: frozenset[str], ends: Ends | None) -> Call:
        own = self._variables.state.of(step.delegate or job.host)
        flags = job.flags_at(step)
        return Call(
            job.task.module,
            job.host,
            args,
            given,
            flags.check,
            flags.diff,
            step.environment,
            step.place.become if step.place else None,
            frozenset(own.will_exist) if own.will_exist else NO_PATHS,
            frozenset(own.will_vanish) if own.will_vanish else NO_PATHS,
            flags.no_log,
            flags.timeout_s,
            ends,
            step.place.target.transport if step.place else "",
        )

    def _brought(self, task: Task) -> Module:
        """The module that the project brings along under a name that none of ours has."""
        found = self._world.extensions.module(task) if self._world.extensions else None
        if found is None:
            raise StepError(task.args_problem or f"there is no module named {task.action!r}")
        return found

    def end_at_once(self, job: Job, step: Step, made: Outcome) -> Outcome:
        """A step that was to go on by itself was carried out at once: from now on `async_status` knows its job."""
        name, started, outcome = background.ended_at_once(self._world, job, step, self.desk(job, step), made)
        self._variables.state.jobs[name] = started
        return outcome

    def host_of(self, job: Job, step: Step) -> HostState:
        """The state of the host that a step runs on."""
        return self._variables.state.of(step.delegate or job.host)

    def desk(self, job: Job, step: Step) -> StepDesk:
        """The desk of a step."""
        return StepDesk(self._world, step.scope, job.task, self._playbook_dir, self._variables.state, step.there)

    def accept(self, job: Job, step: Step, made: Fragment | Outcome) -> None:
        """Take what a module compiled: a fragment to send, or an outcome."""
        if isinstance(made, Outcome):
            step.outcome = made
            return
        flags = job.flags_at(step)
        if flags.async_s and step.background is None and step.fragment is None:
            if flags.check and not flags.poll_s:
                step.outcome = background.foreseen()
                return
            made = self._in_background(job, step, made)
        if flags.check:
            foresee_here(self._variables.state.here, step, made, job.name)
        if flags.check and not made.predictable and made.probe.strip() == _ALWAYS_DIFFERS:
            step.outcome = unknown_outcome("may run: what it does is not known before the run")
            if spec_of(job.task) is None:
                self._variables.state.of(step.delegate or job.host).untold = job.task.action
            return
        if flags.check:
            own = self._variables.state.of(step.delegate or job.host)
            made = replace(made, probe=account_names.expected(made.probe, own.will_exist))
            step.foreseen = foresee(own, made)
            # Whether the steps behind one that may fail can believe in it, its answer will say.
            made = replace(made, last=made.last and not (flags.ignore_errors and step.foreseen.exist))
        step.fragment = made

    def _in_background(self, job: Job, step: Step, made: Fragment) -> Fragment:
        """What is sent for a fragment that is to go on by itself, if it can and this is no dry run."""
        if job.flags_at(step).check:
            return made
        begun = background.begin(self._world, job, step, made, self.desk(job, step))
        if step.background is not None:
            self._variables.state.jobs[step.background.name] = step.background.started
        return begun

    def _between(self, job: Job, step: Step) -> Ends:
        """The ends of a step that runs between the controller (or a delegate) and its host; it has a shell of its own
        for each host, so that hosts need not wait for one another."""
        job.ends_chain = True
        if step.delegate == job.host:
            return Ends(None, None, on_controller=False)
        host = self._places.of(job.host, job.task, step.scope)
        if step.delegate is None:
            step.place = Place(Target(job.host, "local"), None)
        on_controller = step.place is not None and step.place.target.transport == "local"
        return Ends(host.target if host.target.transport != "local" else None, host.become, on_controller)

    def _place(self, job: Job, step: Step) -> None:
        """Where the step runs and as whom. A delegated step uses the delegate's own connection variables."""
        task = job.task
        if task.directives.environment:
            step.environment = Settings(self._world, step.scope, task.directives).environment()
        if step.delegate is not None:
            job.ends_chain = True
            scope = self._variables.scope(
                step.delegate,
                task,
                pending=step.scope.pending,
                gather=False,
                local=step.scope.local,
                keywords=False,
            )
            step.there = scope
            step.place = self._places.of_delegate(step.delegate, task, scope, step.scope)
        else:
            step.place = self._places.of(job.host, task, step.scope)
        if job.place is not None and job.place != step.place:
            job.ends_chain = True
