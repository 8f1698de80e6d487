"""Where nodes and handlers stand in the plan, whichever host was the first to bring them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from runner.execute.schedule import Rank
from runner.model.plan import TaskNode


class Use:
    """One file or role that an include brought: the include's node, and the first host and item that ask for it."""

    __slots__ = ("asked", "node")

    def __init__(self, node: str, host: int, item: int) -> None:
        self.node = node
        self.asked = (host, item)

    def join(self, host: int, item: int) -> None:
        """Another host asks for it too. Ansible takes hosts in their order, whoever answers first."""
        self.asked = min(self.asked, (host, item))


class Standing:
    """The order of nodes: the plan's, and what includes brought by host and item. The scheduler's own rank holds the
    order of arrival among what one include brought."""

    def __init__(self, rank: Mapping[str, Rank]) -> None:
        self._rank = rank
        self._brought: dict[str, tuple[Use, int]] = {}
        self._roles: list[tuple[Use, str, tuple[str, ...]]] = []

    def bring(self, use: Use, nodes: Iterable[TaskNode]) -> None:
        """The nodes of a use, in their order."""
        self._brought.update({node.id: (use, number) for number, node in enumerate(nodes)})

    def bring_role(self, use: Use, name: str, dependencies: tuple[str, ...]) -> None:
        """A use is that of a role, with the names of what it depends on."""
        self._roles.append((use, name, dependencies))

    def roles_before(self, node: str) -> tuple[list[str], list[str]]:
        """The roles that includes before a node brought, in the order of the plan, and those they depend on."""
        roles = sorted(self._roles, key=lambda one: self.of_use(one[0]))
        before = [one for one in roles if node not in self._rank or self.is_before(one[0], node)]
        return [name for _, name, _ in before], [name for _, _, names in before for name in names]

    def of(self, node: str) -> Rank:
        """Where a node stands."""
        brought = self._brought.get(node)
        return self._rank[node] if brought is None else (*self.of_use(brought[0]), brought[1])

    def of_use(self, use: Use) -> Rank:
        """Where what an include brought stands: behind the include, before what follows it."""
        return (*self.of(use.node), *use.asked)

    def is_before(self, use: Use | None, node: str) -> bool:
        """Whether the include of a use stands before a node; what the play itself brings (no use) always does."""
        return use is None or self.of(use.node) < self.of(node)
