"""From a task on a host to steps with rendered calls and compiled fragments, or to outcomes at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, Final

from runner import registry
from runner.errors import InputErrors, StepError, TemplateError
from runner.execute.compile import HARMLESS, StepCompiler
from runner.execute.expand import expand, loop_variables, opened
from runner.execute.flags import cautious_flags, flags_of, may_read_item
from runner.execute.job import Flags, Job, Step
from runner.execute.scope import NOTHING, StepScope
from runner.execute.settings import Settings
from runner.execute.shared import PerTask
from runner.execute.signals import NotAhead
from runner.execute.variables import Variables
from runner.execute.verdicts import explain, number, refused, unsettled
from runner.execute.world import World, unknown_outcome
from runner.model.call import Outcome, Status, failed
from runner.model.plan import TaskNode
from runner.model.playbook import Task
from runner.model.values import OMIT, Template, Unknown, UnknownReached
from runner.plan.effects import STRUCTURAL, spec_of

_SETS: Final = frozenset({"set_fact", "include_vars"})
_GATHERERS: Final = frozenset({"setup", "gather_facts"})


class Preparer:
    """Prepares the jobs of one batch."""

    def __init__(self, world: World, variables: Variables) -> None:
        self._world = world
        self._variables = variables
        self._flags: PerTask[Flags] = PerTask()
        self.compiler = StepCompiler(world, variables)

    def job(
        self, node: TaskNode, host: str, number: int, pending: Collection[str], *, ahead: bool, alone: bool = False
    ) -> Job:
        """The job of `node` on `host`. `alone`: it must not look at other hosts. Raises StillOnItsWay, NeedsFacts,
        NeedsOthers or NotAhead when it is too early for it."""
        task = node.task
        gather = task.module not in _GATHERERS
        job = Job(node, host, number, str(task.name), Flags(), NOTHING)
        try:
            scope = job.scope = self._variables.scope(host, task, pending=pending, gather=gather, alone=alone)
            if isinstance(task.action, Template):
                job.node = node = replace(node, task=self._chosen(task, scope))
                task = node.task
            job.name = self._name(task, scope)
            self._read_flags(job)
            if task.loop is not None:
                self._open_loop(job)
            else:
                job.items = [None]
            polled = job.flags.async_s > 0 and job.flags.poll_s > 0
            job.sequential = job.sequential or bool(task.until) or task.retries is not None or polled
            job.ends_chain = job.sequential or self._may_fail_late(task)
            self.advance(job, ahead=ahead)
        except (StepError, InputErrors) as error:
            self._give_up(job, failed(explain(error)))
        except UnknownReached as reached:
            if ahead and task.module in _SETS:
                raise NotAhead from None
            doubt = unknown_outcome(f"may run: {reached.unknown.reason}")
            names = set(task.args) - {"cacheable"} if task.module == "set_fact" else set()
            self._give_up(job, unsettled(doubt, Outcome(doubt.status, set_vars=dict.fromkeys(names))))
        return job

    def _chosen(self, task: Task, scope: StepScope) -> Task:
        """The task with the module that the template of its action names. Raises StepError and UnknownReached."""
        name = self._world.templar.render(task.action, scope)
        if isinstance(name, Unknown):
            raise UnknownReached(name)
        module = registry.own("modules", str(name))
        if module in STRUCTURAL or module.startswith("import_"):
            raise StepError(f"a template cannot choose {name}: what it brings is planned before the run")
        return replace(task, action=str(name), module=module)

    def _read_flags(self, job: Job) -> None:
        """The flags of the whole job; where only an item can say what a keyword is, the cautious ones stand."""
        task = job.task
        known = self._flags.get(task)
        if known is not None:
            job.flags = known
            return
        settings = Settings(self._world, job.scope, task.directives)
        job.flags = cautious_flags(self._world, settings, task.directives)
        job.flags_by_item = task.loop is not None and may_read_item(task)
        try:
            job.flags = flags_of(self._world, settings, task)
        except (StepError, UnknownReached):
            if not job.flags_by_item:
                raise
            return
        if settings.constant:
            # No template had a part in them: they are the same on every host.
            self._flags.put(task, job.flags)

    def throttle(self, node: TaskNode, host: str) -> int:
        """How many hosts may be at the task at once; 0 for any number. A number that is none is the task's mistake."""
        raw = node.task.directives.throttle
        if raw is None:
            return 0
        scope = self._variables.scope(host, node.task)
        try:
            return int(number(self._world, raw, scope, "throttle", 0))
        except (StepError, UnknownReached):
            return 0

    def empty_job(self, node: TaskNode, host: str, number: int) -> Job:
        """A job with its flags and nothing to do yet. Raises NeedsFacts and the like."""
        job = Job(node, host, number, str(node.task.name), Flags(), NOTHING)
        try:
            job.scope = self._variables.scope(host, node.task)
            job.name = self._name(node.task, job.scope)
            settings = Settings(self._world, job.scope, node.task.directives)
            job.flags = cautious_flags(self._world, settings, node.task.directives)
            job.flags = flags_of(self._world, settings, node.task)
        except (StepError, InputErrors) as error:
            self._give_up(job, failed(explain(error)))
        except UnknownReached as reached:
            self._give_up(job, unknown_outcome(f"may run: {reached.unknown.reason}"))
        return job

    def _give_up(self, job: Job, outcome: Outcome) -> None:
        job.skip_rest()
        job.looped = False
        job.steps = [Step(job.scope, outcome=outcome)]

    def _name(self, task: Task, scope: StepScope) -> str:
        if type(task.name) is str:
            return task.name
        try:
            made = self._world.templar.render(task.name, scope)
        except Exception:
            return str(task.name)
        return str(task.name) if isinstance(made, Unknown) else str(made)

    @staticmethod
    def _may_fail_late(task: Task) -> bool:
        """Whether the controller, not the host, decides if the step failed."""
        conditions = task.failed_when
        return conditions is not None and not all(condition.value is False for condition in conditions)

    def _open_loop(self, job: Job) -> None:
        assert job.task.loop is not None
        job.looped = True
        try:
            loop = job.loop = opened(self._world, job.task.loop, job.scope)
            items = expand(self._world, loop, job.scope, job.task, self._variables.play)
        except StepError as error:
            # Items that are not there do not matter to a task that is not to run, as in Ansible.
            refusal = refused(self._world, job.task, job.scope) if isinstance(error, TemplateError) else None
            if refusal is None or refusal.status is not Status.SKIPPED:
                raise
            self._give_up(job, refusal)
            return
        if isinstance(items, Unknown):
            raise UnknownReached(items)
        job.items = items
        job.sequential = bool(loop.pause_s) or bool(loop.break_when)

    def advance(self, job: Job, *, ahead: bool = False) -> None:
        """Prepare the steps that may be prepared now: all, or the next one of a sequential job."""
        while job.waiting and not (job.sequential and job.steps and not job.steps[-1].done):
            item = job.items[job.next]
            local = self._local(job, job.next, item)
            step = Step(job.scope.with_local(local) if local else job.scope, item=item, index=job.next)
            replay = self._world.replay
            if replay is None or not replay.recalls(job, step):
                self._prepare_step(job, step, ahead=ahead)
            if replay is not None:
                replay.reopen(job, step)
            job.next += 1
            job.steps.append(step)
            if step.fragment is not None and not step.fragment.last:
                job.sequential = job.ends_chain = True
            if step.outcome is not None and (job.sequential or self._acts_now(job.task)):
                return

    @staticmethod
    def _acts_now(task: Task) -> bool:
        """Whether an item's outcome must take effect before the next item is prepared (`set_fact` in a loop)."""
        spec = spec_of(task)
        return spec is not None and spec.local and task.module not in HARMLESS

    def _local(self, job: Job, index: int, item: Any) -> Mapping[str, Any]:
        loop = job.loop
        if loop is None or not job.looped:
            return {}
        return loop_variables(loop, index, item, job.items)

    def _prepare_step(self, job: Job, step: Step, *, ahead: bool) -> None:
        task = job.task
        try:
            if job.flags_by_item:
                settings = Settings(self._world, step.scope, task.directives)
                step.flags = cautious_flags(self._world, settings, task.directives)
                step.flags = flags_of(self._world, settings, task)
            self._delegate(job, step)
            refusal = refused(self._world, task, step.scope)
            if refusal is not None and not (refusal.unknown and task.module in _SETS):
                step.outcome = refusal
                return
            self.compiler.compile(job, step, ahead=ahead)
            if refusal is not None:
                step.outcome = unsettled(refusal, step.outcome)
        except (StepError, InputErrors) as error:
            step.outcome = self._untold(job, error) or failed(explain(error))
        except UnknownReached as reached:
            step.outcome = unknown_outcome(f"may run: {reached.unknown.reason}")

    def _untold(self, job: Job, error: Exception) -> Outcome | None:
        """What is undefined may be a fact of a module that a dry run left out: then nobody knows."""
        module = self._variables.state.of(job.host).untold
        if not module or not isinstance(error, TemplateError) or error.kind != "undefined":
            return None
        return unknown_outcome(f"may run: {explain(error)}, but {module} may tell it as a fact")

    def _delegate(self, job: Job, step: Step) -> None:
        """To whom the step is left, if to anyone. Raises StepError for an empty name."""
        if not job.task.delegate_to:
            return
        delegate = self._world.templar.render(job.task.delegate_to, step.scope)
        if delegate is None or delegate is OMIT:
            return
        step.delegate = str(delegate)
        if not step.delegate:
            raise StepError("Empty hostname produced from delegate_to: the template gives no name")
        theirs = Template(f"{{{{ hostvars[{step.delegate!r}] }}}}", job.task.span)
        step.scope = step.scope.with_local({**step.scope.local, "ansible_delegated_vars": {step.delegate: theirs}})

    def again(self, job: Job, step: Step) -> None:
        """Make the step ready for another attempt with the same call."""
        step.attempt += 1
        step.result = step.outcome = step.background = step.fragment = None
        step.earlier, step.sendings = (), 0
        step.start = 0.0
        if step.module is None or step.call is None:
            self._prepare_step(job, step, ahead=False)
            return
        try:
            self.compiler.accept(job, step, step.module.fragment(step.call, self.compiler.desk(job, step)))
        except (StepError, InputErrors) as error:
            step.outcome = failed(explain(error))
        except UnknownReached as reached:
            step.outcome = unknown_outcome(f"may run: {reached.unknown.reason}")

    def play_scope(self, host: str) -> StepScope:
        """What the play's own keywords may read on a host."""
        return self._variables.scope(host, gather=False)

    def arrive(self, job: Job) -> None:
        """What was on its way when the job was prepared has come: from now on the job sees it."""
        gathered = self._variables.state.of(job.host).facts is not None
        if not job.scope.pending and job.scope.gathered == gathered:
            return
        try:
            job.scope = self._variables.scope(job.host, job.task, gather=job.task.module not in _GATHERERS)
        except (StepError, InputErrors):
            # Variables that cannot be had (a file that is not there) fail the next task, not one that has run.
            return
        for step in job.steps:
            step.scope = job.scope.with_local(step.scope.local)
