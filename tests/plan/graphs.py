"""Plans as text: `a -> b (gate)` for every edge, with the names of tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

from runner.errors import InputErrors
from runner.model.inventory import Group, Host, Inventory
from runner.model.options import Options
from runner.model.plan import Kind, Plan, PlayPlan, Reach
from runner.model.playbook import Playbook
from runner.plan.build import make_plan
from runner.preparation import make_templar
from tests.load.trees import load


def plans(
    folder: Path,
    text: str,
    files: Mapping[str, str] | None = None,
    group_vars: Mapping[str, Any] | None = None,
    **options: Any,
) -> Plan:
    """The plan of a playbook, or of a `tasks:` list of a play that gathers no facts."""
    site = dedent(text).strip("\n")
    if not site.startswith("- hosts"):
        site = "- hosts: all\n  gather_facts: false\n  tasks:\n" + indent(site, "    ")
    loaded, _ = load(folder, {"site.yml": site + "\n", **(files or {})})
    everyone = Group("all", group_vars or {}, children=("ungrouped",))
    known = Inventory({"h1": Host("h1")}, {"all": everyone, "ungrouped": Group("ungrouped", hosts=("h1",))})
    return make_plan(Playbook(loaded), known, Options(**options), make_templar())


def plan(folder: Path, text: str, *more: Any, **options: Any) -> PlayPlan:
    """The plan of the first play."""
    return plans(folder, text, *more, **options).plays[0]


def names(made: PlayPlan) -> list[str]:
    """The nodes in order; flushes as `|`, handlers in brackets."""
    marks = {Kind.FLUSH: "|", Kind.HANDLER: "[{}]", Kind.FACTS: "<{}>"}
    return [marks.get(node.kind, "{}").format(node.task.name or node.task.module) for node in made.nodes]


def edges(made: PlayPlan, *, handlers: bool = False) -> list[str]:
    """The edges between tasks (and handlers, if asked for), sorted by place; those of flushes are left out."""
    shown = {node.id: node.task.name for node in made.nodes if node.kind in (Kind.TASK, Kind.FACTS)}
    if handlers:
        shown |= {node.id: f"[{node.task.name}]" for node in made.nodes if node.kind is Kind.HANDLER}
    place = {node.id: node.position for node in made.nodes}
    found = sorted(
        (edge for edge in made.edges if edge.before in shown and edge.after in shown),
        key=lambda edge: (place[edge.before], place[edge.after]),
    )
    return [
        f"{shown[edge.before]} -> {shown[edge.after]} ({edge.why}{', all' if edge.reach is Reach.ALL else ''})"
        for edge in found
    ]


def mistakes(folder: Path, text: str, **options: Any) -> list[str]:
    """What is wrong with a plan, as `line: message | hint`."""
    try:
        plans(folder, text, **options)
    except InputErrors as error:
        return [f"{p.span.line}: {p.message}" + (f" | {p.hint}" if p.hint else "") for p in error.problems]
    return []


def chosen(made: PlayPlan) -> Sequence[str]:
    """The tasks that are left, by name."""
    return [node.task.name for node in made.nodes if node.kind is Kind.TASK]
