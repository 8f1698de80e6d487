"""Passes `strategy` and `acyclic`: the strategy's edges, and the proof that they can be followed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import cast

from runner import registry
from runner.model.plan import Edge, PlayPlan
from runner.model.ports import Strategy
from runner.model.span import Problem, Span
from runner.plan.draft import Draft


def strategy_of(name: str) -> Strategy:
    """The strategy plug-in; raises KeyError for an unknown name."""
    return cast(Strategy, registry.load("strategies", name))


def strategy(draft: Draft) -> Draft:
    """Ask the strategy for its edges. Explicit needs against the list's order are edges in every strategy."""
    edges = list(strategy_of(draft.strategy).edges(draft.nodes, draft.data))
    position = {node.id: node.position for node in draft.nodes}
    known = {(edge.before, edge.after) for edge in edges}
    edges += [
        edge
        for edge in draft.data
        if position[edge.before] > position[edge.after] and (edge.before, edge.after) not in known
    ]
    return replace(draft, edges=tuple(edges))


def find_cycle(edges: Iterable[Edge]) -> list[str]:
    """The node ids of one cycle, or an empty list."""
    import networkx

    graph: networkx.DiGraph[str] = networkx.DiGraph((edge.before, edge.after) for edge in edges)
    try:
        cycle = [before for before, _ in networkx.find_cycle(graph)]
    except networkx.NetworkXNoCycle:
        return []
    first = cycle.index(min(cycle))
    return cycle[first:] + cycle[:first]


def cycle_problem(cycle: list[str], names: Mapping[str, tuple[str, Span]], what: str) -> Problem:
    """One problem that prints the cycle by name."""
    chain = " -> ".join(repr(names[key][0]) for key in [*cycle, cycle[0]])
    return Problem(names[cycle[0]][1], f"{what} need one another in a cycle: {chain}", "remove one of these needs")


def acyclic(draft: Draft) -> Draft:
    """Only `needs` and `dag` can make a cycle; edges that all point down the list cannot."""
    position = {node.id: node.position for node in draft.nodes}
    if all(position[edge.before] < position[edge.after] for edge in draft.edges):
        return draft
    cycle = find_cycle(draft.edges)
    if not cycle:
        return draft
    names = {node.id: (node.task.name, node.task.span) for node in draft.nodes}
    return draft.with_problems(cycle_problem(cycle, names, "tasks"))


def graph_of(plan: PlayPlan) -> object:
    """The play as a `networkx.DiGraph`: nodes carry `name` and `module`, edges `reach` and `why`."""
    import networkx

    graph: networkx.DiGraph[str] = networkx.DiGraph(name=plan.play.name)
    for node in plan.nodes:
        graph.add_node(node.id, name=node.task.name, module=node.task.module, kind=str(node.kind))
    for edge in plan.edges:
        graph.add_edge(edge.before, edge.after, reach=str(edge.reach), why=edge.why)
    return graph
