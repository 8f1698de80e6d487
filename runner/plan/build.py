"""The planner's door: a playbook becomes a plan, or all its mistakes are raised together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from runner import registry
from runner.errors import InputErrors
from runner.model.inventory import FileVars, Inventory
from runner.model.options import Options
from runner.model.plan import Edge, Plan, PlayPlan, Reach, TaskNode
from runner.model.playbook import Condition, Play, Playbook, Task
from runner.model.span import NOWHERE, Problem
from runner.model.values import Template
from runner.plan.draft import Draft, Reader
from runner.plan.magic import is_fact_name
from runner.plan.order import tasks_in
from runner.plan.passes import LISTING_PASSES, PASSES, SPLICE_PASSES
from runner.plan.reads import texts_in, words_of, words_through
from runner.plan.shape import cycle_problem, find_cycle
from runner.registry import nearest

DEFAULT_STRATEGY = "linear"


def _file_vars(files: FileVars) -> Iterator[Mapping[str, Any]]:
    yield from files.groups.values()
    yield from files.hosts.values()


def _sources(play: Play, inventory: Inventory, options: Options) -> Iterator[Mapping[str, Any]]:
    yield options.extra_vars
    yield play.vars
    yield from (group.vars for group in inventory.groups.values())
    yield from (host.vars for host in inventory.hosts.values())
    yield from _file_vars(inventory.beside_inventory)
    yield from _file_vars(play.beside_playbook)
    seen: set[int] = set()
    for section in (play.pre_tasks, play.roles, play.tasks, play.post_tasks, play.handlers):
        for task, _ in tasks_in(section):
            yield task.vars
            if task.module == "set_fact":
                yield task.args
            if task.role and id(task.role) not in seen:
                seen.add(id(task.role))
                yield from (task.role.defaults, task.role.vars, task.role.params)


def _definitions(play: Play, inventory: Inventory, options: Options) -> dict[str, tuple[Any, ...]]:
    found: dict[str, list[Any]] = defaultdict(list)
    for source in _sources(play, inventory, options):
        for name, value in source.items():
            if not isinstance(value, str) or isinstance(value, Template):
                found[name].append(value)
    return {name: tuple(values) for name, values in found.items()}


def _strategy(play: Play, options: Options) -> tuple[str, list[Problem]]:
    name = str(options.strategy or play.strategy or options.settings.strategy)
    name = registry.short(name)
    known = registry.names("strategies")
    if name in known:
        return name, []
    hint = nearest(name, known) or f"known strategies: {', '.join(known)}"
    return DEFAULT_STRATEGY, [Problem(play.span, f"unknown strategy {name!r}", hint)]


def plan_play(
    play: Play, inventory: Inventory, options: Options, reader: Reader, *, needs_facts: bool = False
) -> tuple[PlayPlan, tuple[Problem, ...]]:
    """One play's plan and what is wrong with it. `needs_facts`: a later play reads its hosts' facts."""
    name, problems = _strategy(play, options)
    known = _definitions(play, inventory, options)
    draft = Draft(play, options, name, reader, known, problems=tuple(problems), needs_facts=needs_facts)
    return _through(PASSES, draft)


def _through(passes: Sequence[Callable[[Draft], Draft]], draft: Draft) -> tuple[PlayPlan, tuple[Problem, ...]]:
    for each in passes:
        draft = each(draft)
    return PlayPlan(draft.play, draft.nodes, draft.edges, draft.strategy, draft.needs_facts), draft.problems


def plan_splice(
    plan: PlayPlan, nodes: Sequence[TaskNode], options: Options, reader: Reader
) -> tuple[tuple[TaskNode, ...], tuple[Edge, ...]]:
    """Nodes that a dynamic include brought, selected by tags, with the strategy's edges among them."""
    draft = Draft(plan.play, options, plan.strategy, reader, {}, nodes=tuple(nodes))
    for each in SPLICE_PASSES:
        draft = each(draft)
    return draft.nodes, draft.edges


def _play_order(plays: Sequence[Play]) -> tuple[tuple[frozenset[int], ...], list[Problem]]:
    """Which plays each play waits for: all before it, or what its `needs:` say."""
    by_name: dict[str, set[int]] = defaultdict(set)
    for index, play in enumerate(plays):
        by_name[play.name].add(index)
    after: list[frozenset[int]] = []
    problems: list[Problem] = []
    for index, play in enumerate(plays):
        if play.needs is None:
            after.append(frozenset(range(index)))
            continue
        for name in play.needs:
            if name not in by_name:
                hint = nearest(name, by_name) or "needs: on a play takes names of plays of this run"
                problems.append(Problem(play.span, f"play needs {name!r}, but no play has this name", hint, word=name))
        after.append(frozenset(other for name in play.needs if name in by_name for other in by_name[name]))
    edges = [Edge(str(b), str(a), Reach.ALL, "needs") for a, befores in enumerate(after) for b in befores]
    if any(play.needs for play in plays):
        cycle = find_cycle(edges)
        if cycle:
            names = {str(index): (play.name, play.span) for index, play in enumerate(plays)}
            problems.append(cycle_problem(cycle, names, "plays"))
    return tuple(after), problems


def _started(plans: Iterable[PlayPlan], options: Options) -> list[Problem]:
    if options.start_at_task is None or any(plan.nodes for plan in plans):
        return []
    return [Problem(NOWHERE, f"no task matches --start-at-task {options.start_at_task!r}", "see --list-tasks")]


def _last_that_reads_others_facts(plays: Sequence[Play], inventory: Inventory, options: Options) -> int:
    """The index of the last play that may read facts through `hostvars`; 0 if there is none.

    What plays before it gather is all it finds, so they gather then; what is not seen here is gathered when it is read.
    """
    for index in range(len(plays) - 1, 0, -1):
        play = plays[index]
        sections = (play.pre_tasks, play.roles, play.tasks, play.post_tasks, play.handlers)
        words = {word for section in sections for task, _ in tasks_in(section) for word in words_of(task)}
        if "hostvars" in words or any("hostvars" in text for text in texts_in(tuple(play.vars.values()))):
            through = words_through(words, _definitions(play, inventory, options))
            if any(is_fact_name(word) for word in through):
                return index
    return 0


def make_plan(playbook: Playbook, inventory: Inventory, options: Options, reader: Reader) -> Plan:
    """Plan all plays. Raises InputErrors with every mistake (unknown strategies, needs, cycles)."""
    plans: list[PlayPlan] = []
    problems: list[Problem] = []
    ahead = options
    last = _last_that_reads_others_facts(playbook.plays, inventory, options)
    for index, play in enumerate(playbook.plays):
        plan, found = plan_play(play, inventory, ahead, reader, needs_facts=index < last)
        plans.append(plan)
        problems += found
        if ahead.start_at_task is not None and plan.nodes:
            ahead = replace(ahead, start_at_task=None)
    return _joined(plans, problems + _started(plans, options))


def list_plan(playbook: Playbook, options: Options) -> Plan:
    """The tasks of all plays in their order, without what only a run asks of them (what waits for what, and what reads
    what). Raises InputErrors with every mistake that `make_plan` finds in names and needs."""
    plans: list[PlayPlan] = []
    problems: list[Problem] = []
    for play in playbook.plays:
        name, own = _strategy(play, options)
        draft = Draft(play, options, name, _NobodyReads(), {}, problems=tuple(own))
        plan, found = _through(LISTING_PASSES, draft)
        plans.append(plan)
        problems += found
    return _joined(plans, problems)


class _NobodyReads:
    """A listing's answer to what templates read: any variable."""

    def reads(self, value: Any) -> frozenset[str] | None:  # noqa: ARG002 - whatever it is
        return None

    def reads_of_condition(self, condition: Condition) -> frozenset[str] | None:  # noqa: ARG002
        return None


def _joined(plans: Sequence[PlayPlan], problems: list[Problem]) -> Plan:
    after, found = _play_order([plan.play for plan in plans])
    if problems or found:
        raise InputErrors([*problems, *found])
    return Plan(tuple(plans), after)


def all_tasks(plan: PlayPlan) -> Iterator[Task]:
    """The tasks of a play's nodes, each handler once."""
    seen: set[str] = set()
    for node in plan.nodes:
        if node.task.id not in seen:
            seen.add(node.task.id)
            yield node.task
