"""The scheduler alone, against a reference that asks every node again after every step."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from runner.execute.schedule import Scheduler
from runner.model.plan import Edge, Reach, TaskNode
from tests.execute.simulation import task


def node(name: str) -> TaskNode:
    return TaskNode(name, 0, task(name))


def edge(before: str, after: str, *, everywhere: bool = False) -> Edge:
    return Edge(before, after, Reach.ALL if everywhere else Reach.HOST, "test")


@dataclass(slots=True)
class Naive:
    """Sets of pairs; nothing is remembered that could be computed."""

    hosts: int
    edges: list[Edge]
    order: list[str]
    done: set[tuple[str, int]] = field(default_factory=set)

    def free(self, name: str, host: int) -> bool:
        """Whether all that comes before the node is done."""
        for one in self.edges:
            if one.after == name:
                hosts = range(self.hosts) if one.reach is Reach.ALL else (host,)
                if any((one.before, other) not in self.done for other in hosts):
                    return False
        return True

    def ready(self, host: int) -> list[str]:
        """What may run on the host now, in order."""
        return [name for name in self.order if (name, host) not in self.done and self.free(name, host)]


@st.composite
def graphs(draw: st.DrawFn) -> tuple[int, list[str], list[Edge]]:
    """Up to three hosts and eight nodes with edges that point down the list."""
    count = draw(st.integers(1, 8))
    names = [f"n{number}" for number in range(count)]
    pairs = [(a, b) for b in range(count) for a in range(b)]
    chosen = draw(st.lists(st.tuples(st.sampled_from(pairs), st.booleans()), max_size=12)) if pairs else []
    return draw(st.integers(1, 3)), names, [edge(names[a], names[b], everywhere=all_) for (a, b), all_ in chosen]


@settings(max_examples=200, deadline=None)
@given(graphs(), st.integers(0, 2**32))
def test_what_is_ready_is_what_the_reference_says(graph: tuple[int, list[str], list[Edge]], seed: int) -> None:
    # Up to a hundred moves: as many draws would cost hypothesis a hundred times what the scheduler takes.
    chance = random.Random(seed)
    hosts, names, edges = graph
    scheduler = Scheduler([node(name) for name in names], edges, hosts)
    naive = Naive(hosts, edges, names)
    taken: set[tuple[str, int]] = set()
    while not scheduler.finished:
        for host in range(hosts):
            offered = [name for name in naive.ready(host) if (name, host) not in taken]
            assert scheduler.peek(host) == (offered[0] if offered else None)
        movable = [(name, host) for host in range(hosts) for name in naive.ready(host)]
        assert movable, "the reference is stuck"
        name, host = chance.choice(movable)
        move = chance.choice(["take", "put back", "finish", "finish", "finish"])
        if move == "take":
            scheduler.take(name, host)
            taken.add((name, host))
        elif move == "put back":
            if (name, host) in taken:
                scheduler.put_back(name, host)
                taken.discard((name, host))
        else:
            before = {(one, other) for other in range(hosts) for one in naive.ready(other)}
            naive.done.add((name, host))
            woken = set(scheduler.finish(name, host))
            fresh = {(one, other) for other in range(hosts) for one in naive.ready(other)} - before
            assert {other for one, other in fresh if (one, other) not in taken} <= woken
    assert len(naive.done) == hosts * len(names)
    assert all(scheduler.through(host) for host in range(hosts))


@settings(max_examples=100, deadline=None)
@given(graphs(), st.data())
def test_assumed_nodes_make_ready_what_their_end_would(
    graph: tuple[int, list[str], list[Edge]], data: st.DataObject
) -> None:
    hosts, names, edges = graph
    scheduler = Scheduler([node(name) for name in names], edges, hosts)
    naive = Naive(hosts, edges, names)
    for _ in range(data.draw(st.integers(0, 4))):
        movable = [(name, host) for host in range(hosts) for name in naive.ready(host)]
        if not movable:
            break
        name, host = data.draw(st.sampled_from(movable))
        scheduler.finish(name, host)
        naive.done.add((name, host))
    host = data.draw(st.integers(0, hosts - 1))
    assumed: list[str] = []
    while (found := scheduler.peek(host, assumed)) is not None:
        if not assumed:
            scheduler.take(found, host)
        assert found in naive.ready(host)
        assert found == naive.ready(host)[0]
        assumed.append(found)
        naive.done.add((found, host))
    assert not naive.ready(host)


@settings(max_examples=120, deadline=None)
@given(st.integers(1, 3), st.integers(1, 4), st.data())
def test_spliced_nodes_run_between_their_anchor_and_what_follows(hosts: int, length: int, data: st.DataObject) -> None:
    """Chains of nodes; hosts splice behind nodes they are at, for themselves; the order on each host is that of the
    list with the splices in it, and everything ends."""
    names = [f"n{number}" for number in range(length)]
    gates = [data.draw(st.booleans()) for _ in names]
    edges = [edge(a, b, everywhere=gate) for a, b, gate in zip(names, names[1:], gates, strict=False)]
    scheduler = Scheduler([node(name) for name in names], edges, hosts)
    ran: dict[int, list[str]] = {host: [] for host in range(hosts)}
    members: dict[str, set[int]] = {}
    made = 0
    idle: set[int] = set()
    while not scheduler.finished:
        host = data.draw(st.sampled_from([one for one in range(hosts) if one not in idle] or [0]))
        name = scheduler.peek(host)
        if name is None:
            idle.add(host)
            assert len(idle) < hosts, "stuck"
            continue
        idle.clear()
        scheduler.take(name, host)
        if host in members.get(name, set(range(hosts))):
            ran[host].append(name)
            if made < 4 and data.draw(st.integers(0, 2)) == 0:
                size = data.draw(st.integers(0, 2))
                new = [f"{name}/{made}.{number}" for number in range(size)]
                gate = data.draw(st.booleans())
                chain = [name, *new]
                inner = [edge(a, b, everywhere=gate) for a, b in pairwise(chain)]
                scheduler.splice(name, [node(one) for one in new], inner, {host})
                members |= {one: {host} for one in new}
                made += 1
        scheduler.finish(name, host)
    for host, sequence in ran.items():
        ranks = [scheduler.rank[name] for name in sequence]
        assert ranks == sorted(ranks)
        expected = {name for name in scheduler.nodes if host in members.get(name, set(range(hosts)))}
        assert set(sequence) == expected


def test_a_node_that_is_gated_late_waits_for_all_hosts() -> None:
    scheduler = Scheduler([node("a"), node("b")], [edge("a", "b")], 2)
    scheduler.finish("a", 0)
    assert scheduler.peek(0) == "b"
    assert not scheduler.caught_up("b")
    scheduler.gate("b")
    assert scheduler.peek(0) is None
    assert scheduler.finish("a", 1) == [0, 1]
    assert scheduler.peek(0) == scheduler.peek(1) == "b"
    assert scheduler.caught_up("b")
