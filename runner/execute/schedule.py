"""Which node may run on which host: a graph of tasks, with the hosts as bits of one number a node."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from runner.model.plan import Edge, Reach, TaskNode

Rank = tuple[int, ...]


class Scheduler:
    """Bookkeeping of one batch. A completion costs a few microseconds: bit operations on the node's successors.

    A node is ready on a host when its predecessors are done there, and everywhere for edges that reach all hosts.
    `take` it, then `finish` it or `put_back`.
    """

    def __init__(self, nodes: Sequence[TaskNode], edges: Iterable[Edge], hosts: int) -> None:
        self.nodes: dict[str, TaskNode] = {}
        self.rank: dict[str, Rank] = {}
        self._before: dict[str, list[tuple[str, bool]]] = defaultdict(list)
        self._after: dict[str, list[tuple[str, bool]]] = defaultdict(list)
        self._done: dict[str, int] = {}
        self._taken: dict[str, int] = {}
        self._tails: dict[str, tuple[str, ...]] = {}
        self._inside: dict[str, set[str]] = defaultdict(set)
        self._splices: dict[str, int] = defaultdict(int)
        self._all = (1 << hosts) - 1
        self._hosts = self.hosts = hosts
        self._left = 0
        self._left_on = [0] * hosts
        self._heaps: list[list[tuple[Rank, str]]] = [[] for _ in range(hosts)]
        self._add(nodes, ())
        self._connect(edges)
        for node in nodes:
            if not self._before[node.id]:
                for host in range(hosts):
                    self._push(node.id, host)

    def _add(self, nodes: Sequence[TaskNode], prefix: Rank) -> None:
        for number, node in enumerate(nodes):
            self.nodes[node.id] = node
            self.rank[node.id] = (*prefix, number)
            self._done[node.id] = 0
            self._taken[node.id] = 0
        self._left += len(nodes) * self._hosts
        self._left_on = [left + len(nodes) for left in self._left_on]

    def _connect(self, edges: Iterable[Edge]) -> None:
        for edge in edges:
            everywhere = edge.reach is Reach.ALL
            self._before[edge.after].append((edge.before, everywhere))
            self._after[edge.before].append((edge.after, everywhere))

    def _push(self, node: str, host: int) -> None:
        heapq.heappush(self._heaps[host], (self.rank[node], node))

    @property
    def finished(self) -> bool:
        """Whether every node is done on every host."""
        return self._left == 0

    def is_done(self, node: str, host: int) -> bool:
        """Whether the node is done on the host."""
        return bool(self._done[node] >> host & 1)

    def in_hand(self, node: str) -> int:
        """On how many hosts the node is taken and not done."""
        return (self._taken[node] & ~self._done[node]).bit_count()

    def through(self, host: int) -> bool:
        """Whether every node is done on the host."""
        return self._left_on[host] == 0

    def is_through(self, node: str) -> bool:
        """Whether the node is done on every host."""
        return self._done[node] == self._all

    def caught_up(self, node: str) -> bool:
        """Whether every host is done with what comes before the node."""
        return all(self._done[before] & self._all == self._all for before, _ in self._before[node])

    def gate(self, node: str) -> None:
        """From now on the node waits for every host to be done with what comes before it."""
        befores = dict.fromkeys(before for before, _ in self._before[node])
        self._before[node] = [(before, True) for before in befores]
        for before in befores:
            self._after[before] = [(after, every or after == node) for after, every in self._after[before]]

    def may_run(self, node: str, host: int, assumed: Collection[str] = ()) -> bool:
        """Whether all that must come first is done, taking the `assumed` nodes for done on this host."""
        bit = 1 << host
        for before, everywhere in self._before[node]:
            done = self._done[before]
            if before in assumed:
                done |= bit
            if done & self._all != self._all if everywhere else not done & bit:
                return False
        return True

    def peek(self, host: int, assumed: Collection[str] = (), *, along: bool = False) -> str | None:
        """The first node in listing order that may run on the host now (or after the assumed ones).

        `along`: only one that follows an assumed node, so that what is independent is left for another shell. Each
        node is looked for among the assumed ones, so they are better a dict or a set than a list.
        """
        if not assumed:
            return self._first_ready(host)
        bit = 1 << host
        best: tuple[Rank, str] | None = None
        for node in assumed:
            for after, _ in self._after[node]:
                if after in assumed or (self._taken[after] | self._done[after]) & bit:
                    continue
                if (best is None or self.rank[after] < best[0]) and self.may_run(after, host, assumed):
                    best = (self.rank[after], after)
        for rank, node in () if along else self._heaps[host]:
            if node not in assumed and not (self._taken[node] | self._done[node]) & bit and self.may_run(node, host):
                best = min(best, (rank, node)) if best else (rank, node)
        return best[1] if best else None

    def _first_ready(self, host: int) -> str | None:
        heap = self._heaps[host]
        bit = 1 << host
        while heap:
            node = heap[0][1]
            if not (self._taken[node] | self._done[node]) & bit and self.may_run(node, host):
                return node
            # Taken, done, or an include put nodes in front of it: then it comes back when they are done.
            heapq.heappop(heap)
        return None

    def ready(self, host: int) -> list[str]:
        """All nodes that may run on the host now, in listing order."""
        bit = 1 << host
        heap = [entry for entry in self._heaps[host] if not (self._taken[entry[1]] | self._done[entry[1]]) & bit]
        heap.sort()  # a sorted list is a heap
        self._heaps[host] = heap
        return list(dict.fromkeys(node for _, node in heap if self.may_run(node, host)))

    def take(self, node: str, host: int) -> None:
        """The node is in hand on this host; `peek` no longer offers it."""
        self._taken[node] |= 1 << host

    def put_back(self, node: str, host: int) -> None:
        """The node was not run after all."""
        self._taken[node] &= ~(1 << host)
        if self.may_run(node, host):
            self._push(node, host)

    def finish(self, node: str, host: int) -> list[int]:
        """The node is done on this host. Returns the hosts that got something ready by it."""
        bit = 1 << host
        if self._done[node] & bit:
            return []
        self._done[node] |= bit
        self._left -= 1
        self._left_on[host] -= 1
        complete = self._done[node] & self._all == self._all
        woken: set[int] = set()
        for after, everywhere in self._after[node]:
            hosts: Iterable[int] = (host,)
            if everywhere:
                if not complete:
                    continue
                hosts = range(self._hosts)
            for other in hosts:
                if not (self._done[after] | self._taken[after]) >> other & 1 and self.may_run(after, other):
                    self._push(after, other)
                    woken.add(other)
        return sorted(woken)

    def splice(
        self,
        anchor: str,
        nodes: Sequence[TaskNode],
        edges: Iterable[Edge],
        members: Collection[int],
        *,
        inside: bool = True,
    ) -> set[int]:
        """Put nodes that an include brought between `anchor` and what follows it. Those that are not `inside` are
        nothing that the anchor itself includes: they follow that, and what was put there before follows them.

        `edges` are those among the new nodes and from the anchor to them. Hosts that are past the anchor and not
        `members` count as done with the new nodes. Returns the hosts that got something ready by that.
        """
        if not nodes:
            return set()
        tails = self._tails.get(anchor, (anchor,))
        number = self._splices[anchor]
        self._splices[anchor] += 1
        self._add(nodes, (*self.rank[anchor], number))
        new = {node.id for node in nodes}
        moved: list[Edge] = []
        for edge in edges:
            befores = tails if edge.before == anchor else (edge.before,)
            moved += [Edge(before, edge.after, edge.reach, edge.why) for before in befores]
        rooted = {edge.after for edge in moved}
        moved += [
            Edge(tail, node.id, Reach.HOST, "include") for node in nodes if node.id not in rooted for tail in tails
        ]
        leaves = tuple(node.id for node in nodes if node.id not in {edge.before for edge in moved if edge.after in new})
        for after, everywhere in self._after[anchor]:
            if after not in new and after not in self._inside[anchor]:
                reach = Reach.ALL if everywhere else Reach.HOST
                moved += [Edge(leaf, after, reach, "include") for leaf in leaves]
        self._connect(moved)
        if inside:
            self._tails[anchor] = leaves
            self._inside[anchor] |= new
        woken: set[int] = set()
        for host in range(self._hosts):
            if host not in members and self.is_done(anchor, host):
                for node in nodes:
                    woken.update(self.finish(node.id, host))
        return woken
