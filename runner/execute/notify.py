"""Notifications: which handlers a changed task names, and which hosts they are to run on."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, Final

from runner.errors import StepError
from runner.execute.exactly import templated
from runner.execute.flow import Flow
from runner.execute.job import Job
from runner.execute.scope import StepScope
from runner.execute.settle import may_change
from runner.execute.signals import NeedsFacts
from runner.execute.standing import Standing, Use
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
    list counts, and there the first: Ansible searches the lists backwards, each from its beginning. Lists stand in the
    order of the plan, whichever include was done first, and those of an include are known behind it only.
    """

    def __init__(self, world: World, standing: Standing, scope_of: Callable[[str, Task], StepScope]) -> None:
        self._world = world
        self._standing = standing
        self._scope_of = scope_of
        self._lists: dict[tuple[str, ...], tuple[Use | None, int]] = {}
        self._origin: dict[str, tuple[Use | None, int, int]] = {}
        self._by_name: dict[str, list[Task]] = {}
        self._listeners: dict[str, list[Task]] = {}
        self._templated: dict[str, tuple[Task, frozenset[str]]] = {}
        self._changing = False

    def add(self, node: TaskNode, use: Use | None = None) -> None:
        """A handler, of those that are known already too (each flush has its own node of it); `use`: an include
        brought it."""
        task = node.task
        if task.id in self._origin:
            return
        self._changing = self._changing or use is not None
        uses = task.role.uses if task.role else ()
        self._origin[task.id] = (*self._lists.setdefault(uses, (use, len(self._lists))), len(self._origin))
        names = handler_names(node) - set(task.listen) if task.named else frozenset[str]()
        if isinstance(task.name, Template):
            self._templated[task.id] = (task, names)
        else:
            for name in names:
                self._by_name.setdefault(name, []).append(task)
        for topic in task.listen:
            self._listeners.setdefault(topic, []).append(task)

    def knows(self, node: TaskNode) -> bool:
        """Whether all that a node notifies is known where it stands, as far as that can be said before it runs."""
        return all(
            not isinstance(name, Template)
            and self._behind([*self._by_name.get(name, ()), *self._listeners.get(name, ())], node.id)
            for name in node.task.notify
        )

    def _behind(self, tasks: Iterable[Task], node: str) -> list[Task]:
        """Those of the handlers that are known where a node stands, the one that counts first."""
        if not self._changing:
            return sorted(tasks, key=self._precedence)
        known = [task for task in tasks if self._standing.is_before(self._origin[task.id][0], node)]
        return sorted(known, key=self._precedence)

    def _precedence(self, task: Task) -> tuple[tuple[float, ...], int, int]:
        use, of_list, number = self._origin[task.id]
        place = self._standing.of_use(use) if use is not None else (-1,)
        # Lists from the last to the first; one that begins like another and is longer is the later one.
        return (*(-part for part in place), math.inf), -of_list, number

    def notify(self, job: Job, flow: Flow, *, certain: bool) -> str | None:
        """Mark the handlers a job's task names. Returns a message if a name is nobody's. What a task of the play
        names is looked up again by `resolve`."""
        if job.named is not None:
            return self._notify(job.named, job, flow, certain=certain)
        if templated(job):
            job.named = []
        for raw in job.task.notify:
            try:
                names = self._names(raw, job, certain=certain)
            except StepError as error:
                return f"notify: {explain(error)}"
            except NeedsFacts:
                return "notify: reads facts that nobody has gathered"
            if job.named is not None:
                job.named += names
            problem = self._notify(names, job, flow, certain=certain)
            if problem is not None:
                return problem
        return None

    def _notify(self, names: Iterable[Any], job: Job, flow: Flow, *, certain: bool) -> str | None:
        saved = None if job.node.kind is Kind.HANDLER else flow.saved
        for name in names:
            found = self._find(job.host, str(name), job.node.id)
            if not found:
                return _NOBODY.format(name)
            marked = [self._mark(job, flow, handler, certain=certain) for handler in found]
            if saved is not None:
                saved.append((str(name), certain, tuple(filter(None, marked))))
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

    def resolve(self, host: str, flow: Flow, flush: TaskNode) -> None:
        """At a flush, what was notified means the handlers there are by then: roles included since the notification
        may have brought others of the same name."""
        saved, flow.saved = flow.saved, []
        if not self._changing:
            return
        for _, _, marked in saved:
            for handler_id in marked:
                flow.notified.pop(handler_id, None)
        for name, certain, _ in saved:
            for handler in self._find(host, name, flush.id):
                flow.notified[handler.id] = flow.notified.get(handler.id, False) or certain

    def _mark(self, job: Job, flow: Flow, handler: Task, *, certain: bool) -> str | None:
        """Returns the handler's id if it was not marked before."""
        fresh = handler.id not in flow.notified
        if not flow.notified.get(handler.id):
            flow.notified[handler.id] = certain
        self._world.emit(HandlerNotified(job.host, str(handler.name), handler.id, job.task.id))
        return handler.id if fresh else None

    def _find(self, host: str, name: str, node: str) -> list[Task]:
        """The handlers a name means on a host where a node stands."""
        found = self._listening(host, name, node)
        plain = self._behind(self._by_name.get(name, ()), node)[:1]
        for task in self._behind([task for task, _ in self._templated.values()], node):
            if plain and self._precedence(plain[0]) < self._precedence(task):
                break
            if any(self._named(host, raw, task) == name for raw in self._templated[task.id][1]):
                return [*found, task]
        return [*found, *plain]

    def _listening(self, host: str, topic: str, node: str) -> list[Task]:
        """Those that listen to a topic; of several with one name, the one that counts."""
        found: dict[str, Task] = {}
        for task in self._behind(self._listeners.get(topic, ()), node):
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
