"""The plan as text, dot and Mermaid."""

from runner.cli.graph_text import as_dot, as_mermaid, as_text
from runner.model.plan import Edge, Kind, Plan, PlayPlan, Reach, Scope, TaskNode
from runner.model.playbook import Play, Task
from runner.model.span import NOWHERE, Span


def node(number: int, name: str, kind: Kind = Kind.TASK, depth: int = 0) -> TaskNode:
    task = Task(id=f"t{number}", name=name, action="copy", module="copy", args={}, span=Span("site.yaml", number))
    return TaskNode(f"t{number}", number, task, kind, path=(Scope("b", "block"),) * depth)


def a_plan() -> Plan:
    nodes = (node(1, 'say "hi" #1'), node(2, "", depth=1), node(3, "restart", Kind.HANDLER))
    edges = (Edge("t1", "t2", Reach.HOST, "data: x"), Edge("t2", "t3", Reach.ALL, "gate"))
    plays = tuple(
        PlayPlan(Play(f"p{number}", f"play {number}", "all", NOWHERE, "site.yaml"), nodes, edges) for number in (1, 2)
    )
    return Plan(plays, after=(frozenset(), frozenset({0})))


def test_text() -> None:
    assert as_text(a_plan()).splitlines()[:6] == [
        "play #1: play 1 (strategy linear)",
        '    1 say "hi" #1 (copy)  site.yaml:1',
        "    2   copy  site.yaml:2",
        "          after 1 on same host: data: x",
        "    3 handler restart (copy)  site.yaml:3",
        "        after 2 on every host: gate",
    ]
    assert "  after play #1" in as_text(a_plan()).splitlines()


def test_dot_has_each_edge_and_quotes_names() -> None:
    text = as_dot(a_plan())
    assert r'n0_0 [label="say \"hi\" #1 (copy)"];' in text
    assert 'n0_0 -> n0_1 [label="data: x"];' in text
    assert 'n0_1 -> n0_2 [label="gate (every host)", style=bold];' in text
    assert "p0 -> p1 [ltail=cluster_0, lhead=cluster_1];" in text
    assert text.count("{") == text.count("}")


def test_mermaid_escapes_what_it_would_misread() -> None:
    text = as_mermaid(a_plan())
    assert 'n0_0["say #quot;hi#quot; #35;1 (copy)"]' in text
    assert 'n0_1 ==>|"gate (every host)"| n0_2' in text
    assert "p0 ==> p1" in text
