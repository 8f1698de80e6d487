"""Trips for tests: sent through a dispatcher, answered as a list of replies and an end."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from runner import registry
from runner.model.call import Become, Carried, Fragment, Line, Lines, Reply, Target, Trip, TripEnd
from runner.model.ports import Dispatcher


@dataclass(slots=True)
class Answer:
    """What came of one trip. `times`: when each reply arrived (monotonic)."""

    replies: list[Reply] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    end: TripEnd | None = None
    carried: list[Carried] = field(default_factory=list)
    printed: list[tuple[int, str, str]] = field(default_factory=list)

    @property
    def out(self) -> bytes:
        return b"".join(reply.stdout for reply in self.replies)


@dataclass(slots=True)
class Carrier:
    """A dispatcher with its notices; `run` sends one trip and waits for its end."""

    dispatcher: Dispatcher
    notices: list[tuple[str, str]] = field(default_factory=list)
    when_printed: Callable[[str], None] = lambda _: None
    _ids: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def run(self, target: Target, *steps: str | Fragment | Line, become: Become | None = None) -> Answer:
        return self.run_all([(target, steps, become)])[0]

    def run_all(
        self, trips: Sequence[tuple[Target, tuple[str | Fragment | Line, ...], Become | None]], timeout_s: float = 60
    ) -> list[Answer]:
        answers: dict[int, Answer] = {}
        by_host: dict[str, Answer] = {}
        for target, steps, become in trips:
            trip = Trip(next(self._ids), target, become, tuple(map(line, itertools.count(), steps)))
            answers[trip.id] = by_host[target.host] = Answer()
            self.dispatcher.send(trip)
        deadline = time.monotonic() + timeout_s
        while any(answer.end is None for answer in answers.values()):
            assert time.monotonic() < deadline, "a trip did not end"
            for message in self.dispatcher.wait(5):
                if isinstance(message, Carried):
                    by_host[message.host].carried.append(message)
                    continue
                answer = answers[message.trip]
                if isinstance(message, Lines):
                    answer.printed += [(message.index, message.stream, text) for text in message.lines]
                    for text in message.lines:
                        self.when_printed(text)
                    continue
                assert answer.end is None, "something came after the end"
                if isinstance(message, Reply):
                    answer.replies.append(message)
                    answer.times.append(time.monotonic())
                elif isinstance(message, TripEnd):
                    answer.end = message
        return list(answers.values())


def line(index: int, step: str | Fragment | Line) -> Line:
    if isinstance(step, Line):
        return step
    return Line(index, index, Fragment(probe=step) if isinstance(step, str) else step)


@contextmanager
def carrier(name: str = "threads", forks: int = 10, address: str = "") -> Iterator[Carrier]:
    """A running dispatcher of this name, at an address if it wants one."""
    find: Callable[[str], Callable[[str], Any]] = lambda room: partial(registry.load, room)  # noqa: E731
    notices: list[tuple[str, str]] = []
    more = {"address": address} if address else {}
    dispatcher = registry.load("dispatch", name).create(
        forks, find("transports"), find("become"), lambda host, message: notices.append((host, message)), **more
    )
    try:
        yield Carrier(dispatcher, notices)
    finally:
        dispatcher.close()
