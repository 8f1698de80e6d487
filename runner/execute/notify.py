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
from runner.model.plan import Kind, TaskNode
from runner.model.playbook import Task
from runner.model.values import Template, Unknown, UnknownReached
from runner.plan.data import handler_names

_NOBODY: Final = (
    "The requested handler '{}' was not found in either the main handlers list nor in the listening handlers list"
)


class Notifier:
    """The handlers of one play. `scope_of` gives what a handler sees on a host: its name may be a template.

    Each use of a role brings a list of handlers, and so does the play. Of several with one name the one from the last
    list counts, and there the first: Ansible searches the lists backwards, each from its beginning.
    """

    def __init__(self, world: World, scope_of: Callable[[str, Task], StepScope]) -> None:
        self._world = world
        self._scope_of = scope_of
        self._lists: dict[tuple[str, ...], int] = {}
        self._rank: dict[str, tuple[int, int]] = {}
        self._by_name: dict[str, Task] = {}
        self._listeners: dict[str, list[Task]] = {}
        self._templated: list[tuple[str, Task]] = []

    def add(self, node: TaskNode) -> None:
        """A handler, of those that are known already too (each flush has its own node of it)."""
        task = node.task
        if task.id in self._rank:
            return
        uses = task.role.uses if task.role else ()
        rank = self._rank[task.id] = (-self._lists.setdefault(uses, len(self._lists)), len(self._rank))
        for name in handler_names(node) - set(task.listen) if task.named else ():
            if isinstance(task.name, Template):
                self._templated.append((name, task))
            elif name not in self._by_name or rank < self._rank[self._by_name[name].id]:
                self._by_name[name] = task
        for topic in task.listen:
            self._listeners.setdefault(topic, []).append(task)

    def notify(self, job: Job, flow: Flow, *, certain: bool) -> str | None:
        """Mark the handlers a job's task names. Returns a message if a name is nobody's. What a task of the play
        names is looked up again by `resolve`."""
        saved = None if job.node.kind is Kind.HANDLER else flow.saved
        for raw in job.task.notify:
            try:
                for name in self._names(raw, job, certain=certain):
                    found = self._find(job.host, str(name))
                    if not found:
                        return _NOBODY.format(name)
                    marked = [self._mark(job, flow, handler, certain=certain) for handler in found]
                    if saved is not None:
                        saved.append((str(name), certain, tuple(filter(None, marked)), len(self._rank)))
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

    def resolve(self, host: str, flow: Flow) -> None:
        """At a flush, what was notified means the handlers there are by then: roles included since the notification
        may have brought others of the same name."""
        saved, flow.saved = flow.saved, []
        if all(known == len(self._rank) for _, _, _, known in saved):
            return
        for _, _, marked, _ in saved:
            for handler_id in marked:
                flow.notified.pop(handler_id, None)
        for name, certain, _, _ in saved:
            for handler in self._find(host, name):
                flow.notified[handler.id] = flow.notified.get(handler.id, False) or certain

    def _mark(self, job: Job, flow: Flow, handler: Task, *, certain: bool) -> str | None:
        """Returns the handler's id if it was not marked before."""
        fresh = handler.id not in flow.notified
        if not flow.notified.get(handler.id):
            flow.notified[handler.id] = certain
        self._world.emit(HandlerNotified(job.host, str(handler.name), handler.id, job.task.id))
        return handler.id if fresh else None

    def _find(self, host: str, name: str) -> list[Task]:
        found = self._listening(host, name)
        by_name = self._by_name.get(name)
        for raw, task in sorted(self._templated, key=lambda pair: self._rank[pair[1].id]):
            if by_name is not None and self._rank[by_name.id] < self._rank[task.id]:
                break
            if self._named(host, raw, task) == name:
                return [*found, task]
        return [*found, by_name] if by_name is not None else found

    def _listening(self, host: str, topic: str) -> list[Task]:
        """Those that listen to a topic; of several with one name, the one that counts."""
        found: dict[str, Task] = {}
        for task in sorted(self._listeners.get(topic, ()), key=lambda task: self._rank[task.id]):
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
