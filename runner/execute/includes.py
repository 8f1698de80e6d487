"""Dynamic includes: what `include_tasks` and `include_role` name is loaded, planned, and put behind the include."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from runner.errors import InputErrors, StepError, TemplateError
from runner.execute.batch import Batch
from runner.execute.expand import expand, loop_variables, opened, without_omitted
from runner.execute.job import Job, Step
from runner.execute.prepare import Preparer
from runner.execute.results import plain, result_of
from runner.execute.schedule import Scheduler
from runner.execute.scope import StepScope
from runner.execute.variables import Variables
from runner.execute.verdicts import explain, refused
from runner.execute.world import World, unknown_outcome
from runner.model.call import Outcome, Status, failed, ok
from runner.model.plan import Kind, PlayPlan, TaskNode
from runner.model.playbook import Node, Role, Task
from runner.model.quick import dataclass
from runner.model.values import Unknown, UnknownReached
from runner.plan.build import plan_splice
from runner.plan.order import flush_nodes, handler_nodes, is_flush, tasks_in

MAX_DEPTH: Final = 300  # a file that includes itself must not take all memory; loops by recursion stay far below


@dataclass(frozen=True, slots=True)
class Included:
    """One item of an include: its outcome, and its item if the include loops."""

    outcome: Outcome
    item: Any = None
    looped: bool = False


class Includer:
    """Loads and splices for one batch. The same include with the same file and parameters is spliced once; hosts
    that ask for it later join in."""

    def __init__(
        self,
        world: World,
        variables: Variables,
        preparer: Preparer,
        plan: PlayPlan,
        scheduler: Scheduler,
        batch: Batch,
        on_handlers: Callable[[list[TaskNode]], None],
    ) -> None:
        self._world = world
        self._variables = variables
        self._preparer = preparer
        self._plan = plan
        self._scheduler = scheduler
        self._batch = batch
        self._on_handlers = on_handlers
        self._known: dict[tuple[str, str, int], frozenset[str]] = {}
        self._public: dict[tuple[str, str, int], Role] = {}
        self._depth: dict[str, int] = {}
        self.members: dict[str, set[int]] = {}
        self._handlers: list[Node] = list(plan.play.handlers)
        self._flushes = 1 + max((node.flush for node in plan.nodes), default=0)
        self._lasts: dict[int, str] = {}

    def job(self, node: TaskNode, host: str, number: int) -> Job:
        """The include done for one host: a job that only has to be settled. Raises NeedsFacts and the like."""
        job = self._preparer.empty_job(node, host, number)
        if job.steps:
            return job
        found = self._include(node, number, job.scope)
        job.looped = any(one.looped for one in found)
        job.items = [one.item for one in found]
        job.next = len(found)
        for index, one in enumerate(found):
            step = Step(job.scope, item=one.item, index=index, outcome=one.outcome, status=one.outcome.status)
            step.result = result_of(one.outcome)
            job.steps.append(step)
        return job

    def _include(self, node: TaskNode, number: int, scope: StepScope) -> list[Included]:
        """Include for one host what the node names, for every item of its loop."""
        task = node.task
        seen: Counter[str] = Counter()
        try:
            if task.loop is None:
                return [Included(self._one(node, number, scope, {}, seen))]
            loop = opened(self._world, task.loop, scope)
            items = expand(self._world, loop, scope, task, self._variables.play)
            if isinstance(items, Unknown):
                return [Included(unknown_outcome(f"may include: {items.reason}"))]
            found: list[Included] = []
            for index, item in enumerate(items):
                local = loop_variables(loop, index, item, items)
                outcome = self._one(node, number, scope.with_local(local), local, seen)
                found.append(Included(outcome, item, looped=True))
            return found
        except (StepError, InputErrors) as error:
            refusal = refused(self._world, task, scope) if isinstance(error, TemplateError) else None
            if refusal is not None and refusal.status is Status.SKIPPED:
                return [Included(refusal)]
            return [Included(failed(explain(error)))]

    def _one(
        self, node: TaskNode, number: int, scope: StepScope, local: Mapping[str, Any], seen: Counter[str]
    ) -> Outcome:
        task = node.task
        try:
            refusal = refused(self._world, task, scope)
            if refusal is not None:
                return refusal
            args = without_omitted({k: self._world.templar.render(v, scope) for k, v in task.args.items()})
        except UnknownReached as reached:
            return unknown_outcome(f"may include: {reached.unknown.reason}")
        except (StepError, InputErrors) as error:
            return failed(explain(error))
        doubt = next((value for value in args.values() if isinstance(value, Unknown)), None)
        if doubt is not None:
            return unknown_outcome(f"may include: {doubt.reason}")
        try:
            self._bring(node, number, args, local, seen)
        except (StepError, InputErrors) as error:
            return failed(explain(error))
        return ok(
            include=str(args.get("file") or args.get("name") or args.get("role") or args.get("_raw_params") or "")
        )

    def _bring(
        self, node: TaskNode, number: int, args: dict[str, Any], local: Mapping[str, Any], seen: Counter[str]
    ) -> None:
        text = json.dumps([plain(args), plain(dict(local))], sort_keys=True, default=str)
        seen[text] += 1
        key = (node.id, text, seen[text])
        known = self._known.get(key)
        if known is not None:
            for each in known:
                self.members[each].add(number)
            self._publish(key, number)
            return
        if self._depth.get(node.id, 0) >= MAX_DEPTH:
            raise StepError(f"includes are nested {MAX_DEPTH} deep: does a file include itself without end?")
        task = replace(node.task, include_params={**node.task.include_params, **local})
        tasks, handlers, role = self._load(task, args)
        if role is not None:
            self._variables.included_roles.append(role.name)
        if role is not None and args.get("public") in (True, "true", "yes"):
            self._public[key] = role
        self._publish(key, number)
        self._known[key] = self._splice(node, self._nodes_of(tasks, node), number)
        if handlers:
            self._add_handlers(node, handlers)

    def _nodes_of(self, tasks: tuple[Node, ...], include: TaskNode) -> list[TaskNode]:
        """Nodes for the tasks that an include brought; a flush among them brings handlers along."""
        nodes: list[TaskNode] = []
        for task, inner in tasks_in(tasks):
            path = (*include.path, *inner)
            if not is_flush(task):
                nodes.append(TaskNode(task.id, 0, task, Kind.TASK, path, section=include.section))
                continue
            nodes += flush_nodes(self._handlers, task, path, self._flushes, include.section)
            self._lasts[self._flushes] = nodes[-1].id
            self._flushes += 1
        return nodes

    def _publish(self, key: tuple[str, str, int], number: int) -> None:
        if key in self._public:
            self._variables.publish(self._public[key], self._batch.hosts[number])

    def _load(self, task: Task, args: Mapping[str, Any]) -> tuple[tuple[Node, ...], tuple[Node, ...], Role | None]:
        play = self._variables.play
        if task.module == "include_role":
            role = self._world.loader.role(str(args.get("name") or args.get("role") or ""), task, play, args)
            return role.tasks, role.handlers, role.role
        path = str(args.get("file") or args.get("_raw_params") or args.get("free-form") or "")
        if not path:
            raise StepError("include_tasks names no file")
        return self._world.loader.tasks(path, task, task.role, play), (), None

    def _splice(self, anchor: TaskNode, nodes: list[TaskNode], number: int) -> frozenset[str]:
        planned, edges = plan_splice(self._plan, [anchor, *nodes], self._world.options, self._world.templar)
        fresh = [node for node in planned if node.id != anchor.id]
        for node in fresh:
            self.members[node.id] = {number}
            self._depth[node.id] = self._depth.get(anchor.id, 0) + 1
        self._batch.wake(self._scheduler.splice(anchor.id, fresh, edges, {number}))
        self._batch.with_rescue |= {s.block for one in fresh for s in one.path if s.section == "rescue"}
        return frozenset(node.id for node in fresh)

    def _last_of(self, flush: TaskNode) -> str:
        """The last handler that a flush had when it was planned, or the flush itself."""
        if flush.flush in self._lasts:
            return self._lasts[flush.flush]
        members = [one.id for one in self._plan.nodes if one.kind is Kind.HANDLER and one.flush == flush.flush]
        return members[-1] if members else flush.id

    def _add_handlers(self, node: TaskNode, handlers: tuple[Node, ...]) -> None:
        """A role's handlers stand behind those of every flush that is still to come, for every host."""
        self._handlers += handlers
        rank = self._scheduler.rank[node.id]
        for flush in [one for one in self._scheduler.nodes.values() if one.kind is Kind.FLUSH]:
            made = [
                one
                for one in handler_nodes(handlers, flush.flush, flush.section)
                if one.id not in self._scheduler.nodes
            ]
            if made and self._scheduler.rank[flush.id] > rank:
                _, edges = plan_splice(self._plan, [flush, *made], self._world.options, self._world.templar)
                ahead = [host for host in range(self._scheduler.hosts) if not self._scheduler.is_done(flush.id, host)]
                last = self._last_of(flush)
                edges = tuple(replace(edge, before=last) if edge.before == flush.id else edge for edge in edges)
                self._batch.wake(self._scheduler.splice(last, made, edges, ahead))
                self._on_handlers(made)
