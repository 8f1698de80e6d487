"""Whatever is fused, sent ahead and overlapped, the outcome is that of doing one step after the other.

The reference is a dozen lines that walk the block tree for one host; the executor runs the same play on simulated
hosts whose answers arrive in any order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from runner.model.playbook import Block, Node, Task
from tests.execute.simulation import Simulation, block, play, simulate, task

HOSTS = ("h1", "h2", "h3")


@dataclass(slots=True)
class Reference:
    """One host, one step after the other."""

    host: str
    failing: frozenset[tuple[str, str]]
    handlers: Sequence[Task]
    ran: list[str] = field(default_factory=list)
    registered: set[str] = field(default_factory=set)
    notified: set[str] = field(default_factory=set)

    def play(self, nodes: Sequence[Node]) -> bool:
        """Whether the host is fine at the end."""
        fine = self.nodes(nodes)
        if fine:
            fine = self.nodes([handler for handler in self.handlers if handler.name in self.notified])
        return fine

    def nodes(self, nodes: Sequence[Node]) -> bool:
        return all(self.block(node) if isinstance(node, Block) else self.step(node) for node in nodes)

    def block(self, node: Block) -> bool:
        fine = self.nodes(node.block)
        if not fine and node.rescue:
            fine = self.nodes(node.rescue)
        return self.nodes(node.always) and fine

    def step(self, node: Task) -> bool:
        for condition in node.when:
            wanted = str(condition.value).split(".")[0]
            if wanted not in self.registered:
                return True
        self.ran.append(node.id)
        good = (self.host, node.id) not in self.failing
        if node.register and good:
            self.registered.add(node.register)
        if good:
            self.notified.update(node.notify)
        return good or bool(node.directives.ignore_errors)


@st.composite
def plays(draw: st.DrawFn) -> tuple[list[Node], list[Task], list[Task]]:
    """A block tree of tasks with registers, conditions on earlier registers, ignored errors and notifications."""
    made: list[Task] = []
    handlers = [task("handler1"), task("handler2")]

    def one() -> Task:
        number = len(made)
        earlier = [other.register for other in made if other.register]
        reads = draw(st.sampled_from(earlier)) if earlier and draw(st.integers(0, 3)) == 0 else None
        new = task(
            f"t{number}",
            when=[f"{reads}.rc | default(1) == 0"] if reads else [],
            register=f"r{number}" if draw(st.booleans()) else None,
            directives={"ignore_errors": True} if draw(st.integers(0, 4)) == 0 else {},
            notify=(draw(st.sampled_from(["handler1", "handler2"])),) if draw(st.integers(0, 4)) == 0 else (),
        )
        made.append(new)
        return new

    def nodes(depth: int, least: int) -> list[Node]:
        found: list[Node] = []
        for _ in range(draw(st.integers(least, 3))):
            if depth < 2 and draw(st.integers(0, 2)) == 0:
                name = f"b{len(made)}.{depth}"
                body, rescue, always = nodes(depth + 1, 1), nodes(depth + 1, 0), nodes(depth + 1, 0)
                found.append(block(name + str(len(made)), body, rescue, always))
            else:
                found.append(one())
        return found

    return nodes(0, 1), made, handlers


@st.composite
def runs(draw: st.DrawFn, strategy: str) -> tuple[Simulation, list[Node], list[Task], frozenset[tuple[str, str]]]:
    """A play, which steps fail, and the order in which answers arrive."""
    nodes, made, handlers = draw(plays())
    pairs = [(host, one.id) for host in HOSTS for one in [*made, *handlers]]
    failing = frozenset(draw(st.sets(st.sampled_from(pairs), max_size=5)))
    turns = draw(st.lists(st.integers(0, 7), min_size=1, max_size=30))
    taken = [0]

    def pick(count: int) -> int:
        taken[0] += 1
        return turns[taken[0] % len(turns)] % count

    done = simulate(
        [play(nodes, handlers=tuple(handlers))],
        HOSTS,
        lambda host, task_id, _item, _attempt: int((host, task_id) in failing),
        pick,
        strategy=strategy,
    )
    return done, nodes, handlers, failing


def check(run: tuple[Simulation, list[Node], list[Task], frozenset[tuple[str, str]]]) -> None:
    """Per host the same steps in the same order, and the same verdict."""
    done, nodes, handlers, failing = run
    for host in HOSTS:
        reference = Reference(host, failing, handlers)
        fine = reference.play(nodes)
        assert [name for name, _ in done.ran_on(host)] == reference.ran
        assert done.run.state.of(host).failed is not fine


@settings(max_examples=150, deadline=None)
@given(runs("free"))
def test_free_does_on_each_host_what_one_step_after_the_other_does(
    run: tuple[Simulation, list[Node], list[Task], frozenset[tuple[str, str]]],
) -> None:
    check(run)


@settings(max_examples=150, deadline=None)
@given(runs("linear"))
def test_linear_does_the_same_and_no_command_runs_ahead_of_another_host(
    run: tuple[Simulation, list[Node], list[Task], frozenset[tuple[str, str]]],
) -> None:
    check(run)
    done, _, _, _ = run
    order = [node.task.id for node in done.run._plan.plays[0].nodes]
    positions = [order.index(task_id) for _, task_id, _ in done.ran]
    assert positions == sorted(positions)


@settings(max_examples=50, deadline=None)
@given(runs("host_pinned"))
def test_host_pinned_does_on_each_host_what_one_step_after_the_other_does(
    run: tuple[Simulation, list[Node], list[Task], frozenset[tuple[str, str]]],
) -> None:
    check(run)


@settings(max_examples=150, deadline=None)
@given(runs("dag"))
def test_dag_comes_to_the_same_end_and_keeps_the_order_that_data_asks_for(
    run: tuple[Simulation, list[Node], list[Task], frozenset[tuple[str, str]]],
) -> None:
    """A host on which nothing fails has run the same steps, each once, and readers follow writers everywhere. (Beside a
    failure other tasks of its block may have run already, and what they register counts.)"""
    done, nodes, handlers, failing = run
    edges = [(edge.before, edge.after) for edge in done.run._plan.plays[0].edges]
    for host in HOSTS:
        reference = Reference(host, failing, handlers)
        fine = reference.play(nodes)
        ran = [name for name, _ in done.ran_on(host)]
        assert len(set(ran)) == len(ran)
        if not any(name == host for name, _ in failing):
            assert fine and not done.run.state.of(host).failed
            assert sorted(ran) == sorted(reference.ran)
        for before, after in edges:
            if before in ran and after in ran:
                assert ran.index(before) < ran.index(after)
