"""One play on its way through the passes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from runner.model.options import Options
from runner.model.plan import Edge, TaskNode
from runner.model.playbook import Condition, Play
from runner.model.quick import dataclass
from runner.model.span import Problem


class Reader(Protocol):
    """What the planner asks of the template layer: which variables a text may read (None: any)."""

    def reads(self, value: Any) -> frozenset[str] | None: ...

    def reads_of_condition(self, condition: Condition) -> frozenset[str] | None: ...


@dataclass(frozen=True, slots=True)
class Draft:
    """A play, its nodes so far in listing order, the edges found so far, and what is wrong.

    `definitions` maps a variable's name to every raw value a source gives it: what a template reads through it is
    read by the template too.
    """

    play: Play
    options: Options
    strategy: str
    reader: Reader
    definitions: Mapping[str, tuple[Any, ...]]
    nodes: tuple[TaskNode, ...] = ()
    data: tuple[Edge, ...] = ()
    edges: tuple[Edge, ...] = ()
    problems: tuple[Problem, ...] = ()
    needs_facts: bool = False

    def with_data(self, *edges: Edge) -> Draft:
        """The draft with further data edges (those known already are not repeated)."""
        known = {(edge.before, edge.after) for edge in self.data}
        fresh = [edge for edge in edges if (edge.before, edge.after) not in known and edge.before != edge.after]
        return replace(self, data=(*self.data, *fresh))

    def with_problems(self, *problems: Problem) -> Draft:
        return replace(self, problems=(*self.problems, *problems))
