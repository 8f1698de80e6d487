"""Results of one task on many hosts, folded: what is the same for many is said once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import field
from typing import Final

from runner.model.event import TaskResult
from runner.model.quick import dataclass
from runner.reporters import _words
from runner.reporters._visible import visible

FEW: Final = 5
NAMES_WIDTH: Final = 56
_DIGITS: Final = re.compile(r"(\d+)")
PATIENCE_S: Final = 8.0  # how long results wait for their like; the progress below them shows meanwhile that they came


@dataclass(slots=True)
class Heap:
    """What is the same: an example, and the hosts it holds for."""

    example: TaskResult
    hosts: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Block:
    """Results of one task that were not shown yet, in heaps. `since`: when the oldest came (UTC epoch seconds)."""

    task: str
    handler: bool
    since: float
    heaps: dict[tuple[str, ...], Heap] = field(default_factory=dict)

    def add(self, result: TaskResult, said: str) -> None:
        """Put a result to its like."""
        diff = tuple(f"{part.before}\0{part.after}\0{part.after_header}" for part in result.diff if result.show_diff)
        # How often a loop went round is of no interest where all rounds came to the same.
        key = (_words.word(result), _words.item(result), said, *diff)
        heap = self.heaps.setdefault(key, Heap(result))
        if result.host not in heap.hosts:
            heap.hosts.append(result.host)


def _never(_task: tuple[str, str]) -> bool:
    return False


class Fold:
    """Holds results back until their task is over on all hosts, or a little while is."""

    def __init__(self, is_over: Callable[[tuple[str, str]], bool] = _never) -> None:
        self._is_over = is_over
        self._blocks: dict[tuple[str, str], Block] = {}

    def add(self, result: TaskResult, said: str, now: float) -> None:
        """Hold a result back; `said` is what is to be shown of its values."""
        key = (result.play, result.task_id)
        self._blocks.setdefault(key, Block(result.title, result.handler, now)).add(result, said)

    def ripe(self, now: float) -> Iterator[Block]:
        """Blocks to be shown now: of tasks that are over, and those that waited long enough."""
        for key, block in list(self._blocks.items()):
            if now - block.since >= PATIENCE_S or self._is_over(key):
                yield self._blocks.pop(key)

    def rest(self) -> Iterator[Block]:
        """Everything that is left."""
        blocks, self._blocks = self._blocks, {}
        yield from blocks.values()


def names(hosts: Iterable[str]) -> str:
    """`[a], [b]` when they are few, else how many they are."""
    some = sorted(hosts, key=_natural)
    shown = ", ".join(f"[{visible(host)}]" for host in some)
    return shown if len(some) == 1 or (len(some) <= FEW and len(shown) <= NAMES_WIDTH) else f"{len(some)} hosts"


def _natural(host: str) -> tuple[tuple[int, str], ...]:
    """`web2` before `web10`."""
    return tuple((int(part), "") if part.isdecimal() and part.isascii() else (-1, part) for part in _DIGITS.split(host))
