"""threads: up to `forks` trips under way at once, each carried by a worker thread."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Final

from runner.dispatch._carrier import Message, Sink, arrived
from runner.dispatch._house import Becomes, House, Notify, Transports
from runner.model.call import Trip

CLOSE_S: Final = 5.0


def create(forks: int, transports: Transports, becomes: Becomes, notice: Notify) -> Threads:
    """A dispatcher. `transports` and `becomes` find plug-ins by name; `notice(host, message)` takes remarks."""
    return Threads(forks, House(transports, becomes, notice))


class Threads:
    """See `runner.model.ports.Dispatcher`. Workers start when there is work for them and then stay.

    `sink` hears what trips bring as it happens, in their threads; without one, `wait` gives it.
    """

    def __init__(self, forks: int, house: House, sink: Sink | None = None) -> None:
        self._forks = max(1, forks)
        self._house = house
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._messages: queue.SimpleQueue[list[Message]] = queue.SimpleQueue()
        self._sink = sink or self._messages.put
        self._lock = threading.Lock()
        self._free = 0
        self._workers: list[threading.Thread] = []
        self._closed = False

    def send(self, trip: Trip) -> None:
        """Have a trip carried as soon as a worker is free. Raises RuntimeError when closed."""
        if self._closed:
            raise RuntimeError("the dispatcher is closed")
        # Whoever sends has more to prepare; a worker that imported the transport meanwhile would take turns with it for
        # the interpreter, and no connection would begin until both are done. The worker says what is wrong with it.
        with contextlib.suppress(Exception):
            self._house.transport(trip.target.transport)
        self._do(partial(self._house.carry, trip, self._sink))

    def _do(self, job: Callable[[], None]) -> None:
        with self._lock:
            if self._free > 0:
                self._free -= 1
            elif len(self._workers) < self._forks:
                worker = threading.Thread(target=self._work, name=f"worker-{len(self._workers)}", daemon=True)
                self._workers.append(worker)
                worker.start()
        self._jobs.put(job)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
            with self._lock:
                self._free += 1

    def wait(self, timeout_s: float | None) -> list[Message]:
        """What has arrived; see `runner.model.ports.Dispatcher`."""
        return arrived(self._messages, timeout_s)

    def reset(self, host: str) -> None:
        """Close the host's connections in the background; the next trip opens new ones."""
        for link in self._house.forget(host):
            self._do(link.retire)

    def close(self, *, settled: bool = True) -> None:
        """End everything: shells are let go so that they remove their folders, then connections are closed.

        See `runner.model.ports.Dispatcher`. Takes no longer than about `CLOSE_S`; trips under way end as lost.
        """
        if self._closed:
            return
        self._closed = True
        deadline = time.monotonic() + CLOSE_S
        links = self._house.forget_all()
        for link in links:
            link.end_input(settled=settled)
        for link in links:
            link.retire(max(0.0, deadline - time.monotonic()), settled=settled)
            link.cut()
        for _ in self._workers:
            self._jobs.put(None)
        for worker in self._workers:
            worker.join(max(0.0, deadline - time.monotonic()))
