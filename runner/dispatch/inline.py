"""inline: one trip at a time, carried by whoever waits; for tests and for looking into a run with a debugger."""

from __future__ import annotations

from collections import deque

from runner.dispatch._house import Becomes, House, Notify, Transports
from runner.model.call import Carried, Lines, Reply, Sent, Trip, TripEnd

Message = Reply | TripEnd | Sent | Carried | Lines


def create(forks: int, transports: Transports, becomes: Becomes, notice: Notify) -> Inline:  # noqa: ARG001 - one contract
    """A dispatcher without threads of its own. `forks` means nothing to it."""
    return Inline(House(transports, becomes, notice))


class Inline:
    """See `runner.model.ports.Dispatcher`."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._trips: deque[Trip] = deque()
        self._closed = False

    def send(self, trip: Trip) -> None:
        """Keep a trip for the next `wait`. Raises RuntimeError when closed."""
        if self._closed:
            raise RuntimeError("the dispatcher is closed")
        self._trips.append(trip)

    def wait(self, timeout_s: float | None) -> list[Message]:  # noqa: ARG002 - a trip takes the time it takes
        """Carry the oldest trip and give everything it brought back; nothing when there is none."""
        found: list[Message] = []
        if self._trips:
            self._house.carry(self._trips.popleft(), found.extend)
        return found

    def reset(self, host: str) -> None:
        """Close the host's connections; the next trip opens new ones."""
        for link in self._house.forget(host):
            link.retire()

    def close(self, *, settled: bool = True) -> None:
        """Close everything; trips that were never carried are dropped."""
        self._closed = True
        self._trips.clear()
        for link in self._house.forget_all():
            link.retire(settled=settled)
