"""Notifications: which handlers a changed task names, and which hosts they are to run on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from runner.errors import StepError
from runner.execute.flow import Flow
from runner.execute.job import Job
from runner.execute.scope import StepScope
from runner.execute.settle import may_change
from runner.execute.signals import NeedsFacts
from runner.execute.verdicts import explain
from runner.execute.world import World
from runner.model.event import HandlerNotified
from runner.model.plan import TaskNode
from runner.model.playbook import Task
from runner.model.values import Template, Unknown, UnknownReached
from runner.plan.data import handler_names

_NOBODY: Final = (
    "The requested handler '{}' was not found in either the main handlers list nor in the listening handlers list"
)


class Notifier:
    """The handlers of one play. `scope_of` gives what a handler sees on a host: its name may be a template."""

    def __init__(self, world: World, scope_of: Callable[[str, Task], StepScope]) -> None:
        self._world = world
        self._scope_of = scope_of
        self._by_name: dict[str, Task] = {}
        self._listeners: dict[str, list[Task]] = {}
        self._templated: list[tuple[str, Task]] = []

    def add(self, node: TaskNode) -> None:
        """A handler; of several with one name the one from the last list counts, and there the first (Ansible searches
        the lists backwards, each from its beginning)."""
        task = node.task
        for name in handler_names(node) - set(task.listen) if task.named else ():
            if isinstance(task.name, Template):
                if not any(known == name and other.span.path == task.span.path for known, other in self._templated):
                    self._templated.append((name, task))
            else:
                known = self._by_name.get(name)
                if known is None or known.span.path != task.span.path:
                    self._by_name[name] = task
        for topic in task.listen:
            members = self._listeners.setdefault(topic, [])
            if all(member.id != task.id for member in members):
                members.append(task)

    def notify(self, job: Job, flow: Flow, *, certain: bool) -> str | None:
        """Mark the handlers a job's task names. Returns a message if a name is nobody's."""
        for raw in job.task.notify:
            try:
                for name in self._names(raw, job, certain=certain):
                    found = self._find(job.host, str(name))
                    if not found:
                        return _NOBODY.format(name)
                    for handler in found:
                        self._mark(job, flow, handler, certain=certain)
            except StepError as error:
                return f"notify: {explain(error)}"
            except NeedsFacts:
                return "notify: reads facts that nobody has gathered"
        return None

    def _names(self, raw: Any, job: Job, *, certain: bool) -> list[Any]:
        """What one entry of `notify` names; in a loop, for each item that has changed (or may have)."""
        scopes = [job.scope]
        if job.looped:
            scopes = [
                step.scope
                for step in job.steps
                if (step.result is not None and step.result.get("changed") is True if certain else may_change(step))
            ]
        found: list[Any] = []
        for scope in scopes:
            made = self._world.templar.render(raw, scope)
            found += made if isinstance(made, list) else [made]
        return [name for name in found if not isinstance(name, Unknown)]

    def _mark(self, job: Job, flow: Flow, handler: Task, *, certain: bool) -> None:
        if not flow.notified.get(handler.id):
            flow.notified[handler.id] = certain
        self._world.emit(HandlerNotified(job.host, str(handler.name), handler.id, job.task.id))

    def _find(self, host: str, name: str) -> list[Task]:
        found = self._listening(host, name)
        by_name = self._by_name.get(name)
        if by_name is None:
            matching = (task for raw, task in reversed(self._templated) if self._named(host, raw, task) == name)
            by_name = next(matching, None)
        return [*found, by_name] if by_name is not None else found

    def _listening(self, host: str, topic: str) -> list[Task]:
        """Those that listen to a topic; of several with one name, the last."""
        found: dict[str, Task] = {}
        for task in reversed(self._listeners.get(topic, ())):
            name = self._named(host, task.name, task) if isinstance(task.name, Template) else task.name
            found.setdefault(str(name) if task.named and name is not None else task.id, task)
        return list(found.values())

    def _named(self, host: str, raw: str, task: Task) -> Any:
        """A handler's name rendered with its own variables; None if it cannot be."""
        text = raw if isinstance(raw, Template) else Template(raw, task.span)
        try:
            return self._world.templar.render(text, self._scope_of(host, task))
        except (StepError, UnknownReached, NeedsFacts):
            return None
