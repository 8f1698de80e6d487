"""`run_once` and its like: one host acts, the others wait for it and learn what it learned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any, Final

from runner.arguments import ArgumentError, to_bool
from runner.errors import StepError
from runner.execute.batch import Batch
from runner.execute.job import Job
from runner.execute.results import registered
from runner.execute.signals import NeedsFacts
from runner.execute.state import HostState, RunState
from runner.execute.variables import Variables
from runner.execute.world import World
from runner.model.call import Status
from runner.model.event import Notice
from runner.model.plan import TaskNode
from runner.model.quick import dataclass
from runner.model.values import Template, Unknown

_MODULES: Final = frozenset({"add_host", "pause"})
# What `linear` asks the first host about and then does for all of them, as Ansible does.
_META: Final = frozenset({"clear_facts", "clear_host_errors", "end_batch", "end_play", "refresh_inventory"})
# Their hosts do not wait for one another, so that none could act for the others.
_FREE: Final = frozenset({"free", "host_pinned"})
_BAD: Final = (Status.FAILED, Status.UNREACHABLE, Status.INDETERMINATE)


@dataclass(slots=True)
class Lesson:
    """What all hosts learn from the one that acted, and whether it was fine there."""

    fine: bool
    facts: dict[str, Any] = field(default_factory=dict)
    kept: dict[str, Any] = field(default_factory=dict)
    live: dict[str, Any] = field(default_factory=dict)
    included: dict[str, Any] = field(default_factory=dict)

    def teach(self, host: HostState) -> None:
        """Let a host know what it would have learned itself."""
        if self.facts:
            host.learn(self.facts)
        if self.kept:
            host.learn_own(self.kept)
        host.live.update(self.live)
        host.included.update(self.included)


class Once:
    """The tasks of one batch that run once, and what came of them."""

    def __init__(self, world: World, state: RunState, batch: Batch, variables: Variables, strategy: str) -> None:
        self._world = world
        self._state = state
        self._batch = batch
        self._variables = variables
        self._metas = _META if strategy == "linear" else frozenset()
        self._free = strategy in _FREE
        self._warned: set[str] = set()
        self._verdicts: dict[str, bool] = {}
        self.lessons: dict[str, Lesson] = {}

    def applies(self, node: TaskNode) -> bool:
        """Whether the task runs once. The host that would act decides, if it is written as a template.

        Raises what reading a variable raises (NeedsFacts, StillOnItsWay).
        """
        raw = node.task.directives.run_once
        if self._free and raw is not None:
            self._warn(node)
            return self._by_module(node)
        if not isinstance(raw, Template):
            return raw in (True, "true", "yes") or self._by_module(node)
        if node.id not in self._verdicts:
            self._verdicts[node.id] = self._by_module(node) or self._rendered(node)
        return self._verdicts[node.id]

    def _warn(self, node: TaskNode) -> None:
        if node.id not in self._warned:
            self._warned.add(node.id)
            text = f"{node.task.span}: 'run_once' has no effect with the strategies free and host_pinned, as in Ansible"
            self._world.emit(Notice("warning", text))

    def _by_module(self, node: TaskNode) -> bool:
        task = node.task
        if task.module == "meta":
            return not self._metas.isdisjoint(str(value) for value in task.args.values())
        return task.module in _MODULES

    def _rendered(self, node: TaskNode) -> bool:
        """A keyword that is no boolean fails the task itself; here it says nothing."""
        host = self._batch.hosts[self._first() or 0]
        try:
            value = self._world.templar.render(node.task.directives.run_once, self._variables.scope(host, node.task))
            return not isinstance(value, Unknown) and to_bool(value)
        except (StepError, ArgumentError):
            return False
        except NeedsFacts:
            raise NeedsFacts(host) from None

    def owns(self, node: TaskNode, number: int) -> bool:
        """Whether this host acts: the first of the batch that is still in, if nobody has yet."""
        return node.id not in self.lessons and number == self._first()

    def _first(self) -> int | None:
        return next((n for n, flow in enumerate(self._batch.flows) if not flow.ended and not flow.lost), None)

    def record(self, job: Job, *, fine: bool) -> None:
        """The task is through where it ran. The others go on."""
        if job.node.id in self.lessons:
            return
        lesson = self.lessons[job.node.id] = Lesson(fine)
        self._batch.wake_all()
        if not _is_shared(job):
            return
        if job.task.register:
            lesson.live[job.task.register] = registered(job)
        for outcome in [step.outcome for step in job.steps if step.outcome is not None and step.status not in _BAD]:
            made: Mapping[str, Any] = {} if job.flags.delegate_facts else outcome.facts
            lesson.facts.update(made)
            if not job.flags.delegate_facts:
                lesson.live.update(outcome.set_vars)
                lesson.kept.update(outcome.set_vars if outcome.cacheable else {})
                lesson.included.update(outcome.included_vars)

    def share(self, node: TaskNode, number: int, with_rescue: frozenset[str]) -> None:
        """A host takes over what the task came to on another: its values, or its failure."""
        lesson = self.lessons[node.id]
        lesson.teach(self._state.of(self._batch.hosts[number]))
        if not lesson.fine:
            self._batch.flows[number].fail(node.path, with_rescue)


def _is_shared(job: Job) -> bool:
    """Whether the others learn what the task came to: `pause` and its like act for all, but only one host knows."""
    raw = job.task.directives.run_once
    return raw not in (None, False, "false", "no")
