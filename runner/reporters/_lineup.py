"""Results put in a row task by task, although hosts run ahead of one another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from runner.model.event import HandlerNotified, TaskResult

Key = tuple[str, str]  # a play's name and a task's id
Entry = TaskResult | HandlerNotified

PATIENCE_S: Final = 2.0


class Lineup:
    """Results of the task whose turn it is go out at once; others wait until it is over on all hosts.

    None waits longer than two seconds (of the records' own time) when another record comes: a slow host holds the
    others up on the screen no more than that, and its own results get their banner once more.
    """

    def __init__(self, is_over: Callable[[Key], bool]) -> None:
        self._is_over = is_over
        self._turn: Key | None = None
        self._waiting: dict[Key, list[Entry]] = {}
        self._since: dict[Key, float] = {}

    def add(self, key: Key, entry: Entry, now: float) -> None:
        """An entry of a task; `now` in UTC epoch seconds."""
        self._waiting.setdefault(key, []).append(entry)
        self._since.setdefault(key, now)

    def due(self, now: float) -> Iterator[Entry]:
        """What is to be shown now, in order."""
        if len(self._waiting) == 1 and self._turn in self._waiting:
            # So it is nearly always; whether the task is over by now is found out when another one waits.
            yield from self._take(self._turn)
        while self._waiting:
            if self._turn is None or self._is_over(self._turn):
                yield from self._take(self._turn)
                self._turn = None
            first = next(iter(self._waiting), None)
            if first is not None and (self._turn is None or now - self._since[first] >= PATIENCE_S):
                self._turn = first
            if self._turn not in self._waiting:
                return
            yield from self._take(self._turn)

    def rest(self) -> Iterator[Entry]:
        """Everything that still waits."""
        for key in list(self._waiting):
            yield from self._take(key)
        self._turn = None

    def _take(self, key: Key | None) -> list[Entry]:
        if key is None:
            return []
        self._since.pop(key, None)
        return self._waiting.pop(key, [])
