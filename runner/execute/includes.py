"""Dynamic includes: what `include_tasks` and `include_role` name is loaded, planned, and put behind the include."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
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
from runner.execute.standing import Standing, Use
from runner.execute.variables import Variables
from runner.execute.verdicts import explain, refused
from runner.execute.world import World, unknown_outcome
from runner.model.call import Outcome, Status, failed, ok
from runner.model.past import TaskEnd
from runner.model.plan import Kind, PlayPlan, Scope, TaskNode
from runner.model.playbook import Node, Role, Task
from runner.model.quick import dataclass
from runner.model.values import Template, Unknown, UnknownReached
from runner.plan.build import plan_splice
from runner.plan.effects import STRUCTURAL
from runner.plan.order import flush_nodes, handler_nodes, is_flush, tasks_in

MAX_DEPTH: Final = 300  # a file that includes itself must not take all memory; loops by recursion stay far below


@dataclass(frozen=True, slots=True)
class Included:
    """One item of an include: its outcome, and its item if the include loops."""

    outcome: Outcome
    item: Any = None
    looped: bool = False
    brought: tuple[Any, ...] | None = None


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
        standing: Standing,
        on_handler: Callable[[TaskNode, Use], None],
    ) -> None:
        self._world = world
        self._variables = variables
        self._preparer = preparer
        self._plan = plan
        self._scheduler = scheduler
        self._batch = batch
        self._standing = standing
        self._on_handler = on_handler
        self._known: dict[tuple[str, str, int], tuple[Use, frozenset[str]]] = {}
        self._uses: dict[str, set[int]] = {node.id: set() for node in plan.nodes if node.task.module in STRUCTURAL}
        self._public: dict[tuple[str, str, int], Role] = {}
        self._depth: dict[str, int] = {}
        self.members: dict[str, set[int]] = {}
        self._brought: list[tuple[Use, tuple[Node, ...]]] = []
        self._lists: dict[int, list[tuple[Use, str]]] = defaultdict(list)
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
            step.result, step.brought = result_of(one.outcome), one.brought
            job.steps.append(step)
        return job

    def again(self, node: TaskNode, number: int, end: TaskEnd) -> None:
        """Bring what the include brought before the run was broken off."""
        seen: Counter[str] = Counter()
        for step in end.steps:
            if step.include:
                args, local = step.include
                self._bring(node, number, args, local, seen)

    def _include(self, node: TaskNode, number: int, scope: StepScope) -> list[Included]:
        """Include for one host what the node names, for every item of its loop."""
        task = node.task
        seen: Counter[str] = Counter()
        try:
            if task.loop is None:
                return [self._one(node, number, scope, {}, seen)]
            loop = opened(self._world, task.loop, scope)
            items = expand(self._world, loop, scope, task, self._variables.play)
            if isinstance(items, Unknown):
                return [Included(unknown_outcome(f"may include: {items.reason}"))]
            found: list[Included] = []
            for index, item in enumerate(items):
                local = loop_variables(loop, index, item, items)
                one = self._one(node, number, scope.with_local(local), local, seen)
                found.append(replace(one, item=item, looped=True))
            return found
        except (StepError, InputErrors) as error:
            refusal = refused(self._world, task, scope) if isinstance(error, TemplateError) else None
            if refusal is not None and refusal.status is Status.SKIPPED:
                return [Included(refusal)]
            return [Included(failed(explain(error)))]

    def _one(
        self, node: TaskNode, number: int, scope: StepScope, local: Mapping[str, Any], seen: Counter[str]
    ) -> Included:
        task = node.task
        try:
            refusal = refused(self._world, task, scope)
            if refusal is not None:
                return Included(refusal)
            args = without_omitted({k: self._world.templar.render(v, scope) for k, v in task.args.items()})
        except UnknownReached as reached:
            return Included(unknown_outcome(f"may include: {reached.unknown.reason}"))
        except (StepError, InputErrors) as error:
            return Included(failed(explain(error)))
        doubt = next((value for value in args.values() if isinstance(value, Unknown)), None)
        if doubt is not None:
            return Included(unknown_outcome(f"may include: {doubt.reason}"))
        try:
            self._bring(node, number, args, local, seen)
        except (StepError, InputErrors) as error:
            return Included(failed(explain(error)))
        name = str(args.get("file") or args.get("name") or args.get("role") or args.get("_raw_params") or "")
        return Included(ok(include=name), brought=(args, dict(local)))

    def _bring(
        self, node: TaskNode, number: int, args: dict[str, Any], local: Mapping[str, Any], seen: Counter[str]
    ) -> None:
        text = json.dumps([plain(args), plain(dict(local))], sort_keys=True, default=str)
        item = seen.total()
        seen[text] += 1
        key = (node.id, text, seen[text])
        self._uses[node.id].add(number)
        known = self._known.get(key)
        if known is not None:
            known[0].join(number, item)
            for each in known[1]:
                self.members[each].add(number)
            self._publish(key, number)
            return
        if self._depth.get(node.id, 0) >= MAX_DEPTH:
            raise StepError(f"includes are nested {MAX_DEPTH} deep: does a file include itself without end?")
        task = replace(node.task, include_params={**node.task.include_params, **local})
        use = Use(node.id, number, item)
        tasks, handlers = self._load(use, key, task, args)
        self._publish(key, number)
        self._known[key] = (use, self._splice(use, node, self._nodes_of(tasks, node), number))
        if handlers:
            self._add_handlers(use, handlers)

    def _nodes_of(self, tasks: tuple[Node, ...], include: TaskNode) -> list[TaskNode]:
        """Nodes for the tasks that an include brought; a flush among them brings handlers along."""
        nodes: list[TaskNode] = []
        for task, inner in tasks_in(tasks):
            path = (*include.path, *inner)
            if not is_flush(task):
                nodes.append(TaskNode(task.id, 0, task, Kind.TASK, path, section=include.section))
                continue
            nodes += self._flush(task, path, include.section)
        return nodes

    def _flush(self, task: Task, path: tuple[Scope, ...], section: str) -> list[TaskNode]:
        """A flush that an include brought, with the handlers there are."""
        flush = self._flushes
        self._flushes += 1
        nodes = flush_nodes(self._plan.play.handlers, task, path, flush, section)
        self._lasts[flush] = nodes[-1].id
        for use, handlers in sorted(self._brought, key=lambda one: self._standing.of_use(one[0])):
            made = handler_nodes(handlers, flush, section)
            nodes += made
            if made:
                self._lists[flush].append((use, made[-1].id))
        return nodes

    def _publish(self, key: tuple[str, str, int], number: int) -> None:
        if key in self._public:
            self._variables.publish(self._public[key], self._batch.hosts[number])

    def _load(
        self, use: Use, key: tuple[str, str, int], task: Task, args: Mapping[str, Any]
    ) -> tuple[tuple[Node, ...], tuple[Node, ...]]:
        """The tasks and the handlers that an include brings."""
        play = self._variables.play
        if task.module == "include_role":
            found = self._world.loader.role(str(args.get("name") or args.get("role") or ""), task, play, args)
            self._standing.bring_role(use, found.role.name, found.dependencies)
            if args.get("public") in (True, "true", "yes"):
                self._public[key] = found.role
            return found.tasks, found.handlers
        path = str(args.get("file") or args.get("_raw_params") or args.get("free-form") or "")
        if not path:
            raise StepError("include_tasks names no file")
        return self._world.loader.tasks(path, task, task.role, play), ()

    def may_bring(self, node: TaskNode, host: int) -> bool:
        """Whether an include before the node may still bring handlers that are not what this host included itself."""
        return any(
            not self._scheduler.is_through(include) and self._standing.of(include) < self._standing.of(node.id)
            for include, hosts in self._uses.items()
            if host not in hosts or not _is_plain(self._scheduler.nodes[include].task)
        )

    def _splice(self, use: Use, anchor: TaskNode, nodes: list[TaskNode], number: int) -> frozenset[str]:
        planned, edges = plan_splice(self._plan, [anchor, *nodes], self._world.options, self._world.templar)
        fresh = [node for node in planned if node.id != anchor.id]
        for node in fresh:
            self.members[node.id] = {number}
            self._depth[node.id] = self._depth.get(anchor.id, 0) + 1
            if node.task.module in STRUCTURAL:
                self._uses[node.id] = set()
        self._standing.bring(use, fresh)
        self._batch.wake(self._scheduler.splice(anchor.id, fresh, edges, {number}))
        self._batch.with_rescue |= {s.block for one in fresh for s in one.path if s.section == "rescue"}
        return frozenset(node.id for node in fresh)

    def _last_of(self, flush: TaskNode) -> str:
        """The last handler of the play's own in a flush, or the flush itself."""
        if flush.flush in self._lasts:
            return self._lasts[flush.flush]
        members = [one.id for one in self._plan.nodes if one.kind is Kind.HANDLER and one.flush == flush.flush]
        return members[-1] if members else flush.id

    def _add_handlers(self, use: Use, handlers: tuple[Node, ...]) -> None:
        """A role's handlers stand in every flush that is still to come, for every host: behind those of the play and
        of includes that stand before this one."""
        self._brought.append((use, handlers))
        anchor = self._standing.of(use.node)
        for flush in [one for one in self._scheduler.nodes.values() if one.kind is Kind.FLUSH]:
            made = handler_nodes(handlers, flush.flush, flush.section)
            if not made or made[0].id in self._scheduler.nodes or self._standing.of(flush.id) < anchor:
                continue
            _, edges = plan_splice(self._plan, [flush, *made], self._world.options, self._world.templar)
            ahead = [host for host in range(self._scheduler.hosts) if not self._scheduler.is_done(flush.id, host)]
            before = self._last_before(use, flush)
            edges = tuple(replace(edge, before=before) if edge.before == flush.id else edge for edge in edges)
            self._batch.wake(self._scheduler.splice(before, made, edges, ahead, inside=False))
            self._lists[flush.flush].append((use, made[-1].id))
        for node in handler_nodes(handlers, 0, ""):
            self._on_handler(node, use)

    def _last_before(self, use: Use, flush: TaskNode) -> str:
        """Of a flush, the last handler that stands before those of a use."""
        lists = [(self._standing.of_use(other), last) for other, last in self._lists[flush.flush]]
        earlier = [one for one in lists if one[0] < self._standing.of_use(use)]
        return max(earlier)[1] if earlier else self._last_of(flush)


def _is_plain(task: Task) -> bool:
    """Whether an include brings the same on every host that does not skip it."""
    return task.loop is None and not any(isinstance(value, Template) for value in task.args.values())
