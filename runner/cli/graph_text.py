"""A `Plan` as text, as Graphviz dot and as Mermaid: every node, every edge, how far it reaches, and why it is there."""

from __future__ import annotations

import json
from collections.abc import Iterator

from runner.model.plan import Edge, Kind, Plan, PlayPlan, Reach, TaskNode
from runner.model.span import NOWHERE

REACHES = {Reach.HOST: "same host", Reach.ALL: "every host"}


def title(index: int, play: PlayPlan) -> str:
    """One play in a line."""
    return f"play #{index + 1}: {play.play.name or play.play.hosts} (strategy {play.strategy})"


def label(node: TaskNode) -> str:
    """One node in a line: what it is called and what it runs."""
    if node.kind is Kind.FACTS:
        return "gather facts"
    if node.kind is Kind.FLUSH:
        return "run notified handlers"
    kind = "handler " if node.kind is Kind.HANDLER else ""
    name = node.task.name
    return f"{kind}{name} ({node.task.action})" if name else f"{kind}{node.task.action}"


def waits(plan: Plan, index: int) -> list[int]:
    """The plays that play `index` waits for, in order."""
    return sorted(plan.after[index]) if index < len(plan.after) else []


def as_text(plan: Plan) -> str:
    """The plan for readers: nodes in listing order, below each what it waits for."""
    return "\n".join(line for index, play in enumerate(plan.plays) for line in _text_play(plan, index, play)) + "\n"


def _text_play(plan: Plan, index: int, play: PlayPlan) -> Iterator[str]:
    yield title(index, play)
    for other in waits(plan, index):
        yield f"  after play #{other + 1}"
    number = {node.id: place for place, node in enumerate(play.nodes, 1)}
    before: dict[str, list[Edge]] = {}
    for edge in play.edges:
        before.setdefault(edge.after, []).append(edge)
    for node in play.nodes:
        place = "" if node.task.span == NOWHERE else f"  {node.task.span.path}:{node.task.span.line}"
        indent = "  " * len(node.path)
        yield f"  {number[node.id]:>3} {indent}{label(node)}{place}"
        for edge in sorted(before.get(node.id, ()), key=lambda edge: number.get(edge.before, 0)):
            yield f"        {indent}after {number.get(edge.before, '?')} on {REACHES[edge.reach]}: {edge.why}"


def as_dot(plan: Plan) -> str:
    """The plan in Graphviz's language (https://graphviz.org/doc/info/lang.html); gates are bold."""
    lines = ["digraph plan {", "  node [shape=box];", "  compound=true;"]
    for index, play in enumerate(plan.plays):
        ids = {node.id: f"n{index}_{place}" for place, node in enumerate(play.nodes)}
        lines.append(f"  subgraph cluster_{index} {{")
        lines += [f"    label={_quoted(title(index, play))};", f"    p{index} [shape=point];"]
        lines += [f"    {ids[node.id]} [label={_quoted(label(node))}];" for node in play.nodes]
        for edge in play.edges:
            bold = ", style=bold" if edge.reach is Reach.ALL else ""
            lines.append(f"    {ids[edge.before]} -> {ids[edge.after]} [label={_quoted(_edge_label(edge))}{bold}];")
        lines.append("  }")
        for other in waits(plan, index):
            lines.append(f"  p{other} -> p{index} [ltail=cluster_{other}, lhead=cluster_{index}];")
    return "\n".join([*lines, "}"]) + "\n"


def as_mermaid(plan: Plan) -> str:
    """The plan as a Mermaid flowchart (https://mermaid.js.org/syntax/flowchart.html); gates are thick arrows."""
    lines = ["flowchart TD"]
    for index, play in enumerate(plan.plays):
        ids = {node.id: f"n{index}_{place}" for place, node in enumerate(play.nodes)}
        lines.append(f"  subgraph p{index}[{_entity(title(index, play))}]")
        lines += [f"    {ids[node.id]}[{_entity(label(node))}]" for node in play.nodes]
        for edge in play.edges:
            arrow = "==>" if edge.reach is Reach.ALL else "-->"
            lines.append(f"    {ids[edge.before]} {arrow}|{_entity(_edge_label(edge))}| {ids[edge.after]}")
        lines.append("  end")
        lines += [f"  p{other} ==> p{index}" for other in waits(plan, index)]
    return "\n".join(lines) + "\n"


def _edge_label(edge: Edge) -> str:
    return f"{edge.why} ({REACHES[edge.reach]})" if edge.reach is Reach.ALL else edge.why


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _entity(text: str) -> str:
    escaped = text.replace("#", "#35;").replace('"', "#quot;").replace("\n", " ")
    return f'"{escaped}"'
