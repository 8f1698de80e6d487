"""Which Dask worker carries which host's trips, how many are under way, and what becomes of them when a worker is gone.

A host is pinned to the worker that got its first trip, since that one holds its connection; it is chosen by rendezvous
hashing (https://en.wikipedia.org/wiki/Rendezvous_hashing) of host and worker's name, so that workers that come or go
move no host but those they must, and a worker that Dask has restarted gets its hosts back.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from hashlib import blake2b
from typing import Final

from runner.dispatch._carrier import Message
from runner.dispatch._dask_member import Member
from runner.dispatch._dask_news import News, Order, Remark, Reset
from runner.dispatch._house import Notify
from runner.dispatch.threads import Threads
from runner.model.call import Target, Trip, TripEnd

# How long trips wait for a worker when there is none: Dask restarts one that died within seconds.
PATIENCE_S: Final = 30.0
NO_WORKER: Final = f"no Dask worker is left, and none joined in {PATIENCE_S:g} s"


def chosen(host: str, names: Iterable[str]) -> str:
    """The name that a host belongs to: as many hosts to each, and the same one as long as it is there."""
    return max(names, key=lambda name: blake2b(f"{name}\0{host}".encode("utf-8", "surrogateescape")).digest())


class Crew:
    """Belongs to the event loop of the dispatcher. `here` carries what only this machine can."""

    def __init__(self, forks: int, here: Threads, deliver: Callable[[list[Message]], None], notice: Notify) -> None:
        self._forks = max(1, forks)
        self._here = here
        self._deliver = deliver
        self._notice = notice
        self._backlog: deque[Trip] = deque()
        self._under_way: dict[int, Member | None] = {}
        self._pins: dict[str, Member] = {}
        self._members: dict[str, Member] = {}
        self._impatience: asyncio.TimerHandle | None = None

    @property
    def members(self) -> list[Member]:
        """Those at work."""
        return list(self._members.values())

    def take(self, orders: Iterable[Order]) -> None:
        """Orders of the run, in their order."""
        for order in orders:
            if isinstance(order, Trip):
                self._backlog.append(order)
            else:
                self._reset(order)
        self._assign()

    def _reset(self, order: Reset) -> None:
        self._here.reset(order.host)
        member = self._pins.pop(order.host, None)
        if member:
            member.give(order)

    def join(self, member: Member) -> None:
        """A worker is ready for trips."""
        self._members[member.name] = member
        if self._impatience:
            self._impatience.cancel()
            self._impatience = None
        member.begin(self._hear, self.leave)
        self._assign()

    def _hear(self, member: Member, news: list[News]) -> None:
        """What a worker says; nothing any more after it was given up."""
        if self._members.get(member.name) is member:
            for one in news:
                if isinstance(one, Remark):
                    self._notice(one.host, one.text)
            self.pass_on([one for one in news if isinstance(one, Message)])

    def pass_on(self, messages: list[Message]) -> None:
        """Messages of trips, to whoever waits; the end of one makes room for another."""
        self._deliver(messages)
        for message in messages:
            if isinstance(message, TripEnd):
                self._under_way.pop(message.trip, None)
        self._assign()

    def _assign(self) -> None:
        """Send what `forks` allows. Trips to hosts wait when there is no worker."""
        waiting: list[Trip] = []
        while self._backlog and len(self._under_way) < self._forks:
            trip = self._backlog.popleft()
            if self._only_here(trip.target):
                self._under_way[trip.id] = None
                self._here.send(trip)
            elif self._members:
                self._under_way[trip.id] = member = self._pinned(trip.target.host)
                member.give(trip)
            else:
                waiting.append(trip)
        self._backlog.extendleft(reversed(waiting))
        if waiting and not self._impatience:
            self._impatience = asyncio.get_running_loop().call_later(PATIENCE_S, self._give_up)

    def _only_here(self, target: Target) -> bool:
        """What is local, and what a loopback address leads to, is on this machine."""
        if target.transport == "local":
            return True
        address = target.address or target.host
        loopback = address.startswith("127.") or address in ("localhost", "::1")
        return loopback and not all(member.near for member in self._members.values())

    def _pinned(self, host: str) -> Member:
        member = self._pins.get(host)
        if member is None:
            member = self._pins[host] = self._members[chosen(host, self._members)]
        return member

    def leave(self, member: Member, why: str) -> None:
        """A worker is gone, and the connections it held with it: what was sent to it may or may not have run."""
        if self._members.get(member.name) is not member:
            return
        del self._members[member.name]
        self._pins = {host: holder for host, holder in self._pins.items() if holder is not member}
        unsent = member.take_back()
        for trip in unsent:
            del self._under_way[trip.id]
        lost = [trip for trip, holder in self._under_way.items() if holder is member]
        self._backlog.extendleft(reversed(unsent))
        left = f"{len(self._members)} left" + (f"; {len(lost)} trips under way are lost" if lost else "")
        self._notice("", f"Dask worker {member.name} ({member.address}) is gone: {why} ({left})")
        reason = f"the Dask worker that held the connection is gone ({member.name}, {member.address})"
        self.pass_on([TripEnd(trip, reason) for trip in lost])

    def _give_up(self) -> None:
        self._impatience = None
        self.fail(NO_WORKER)

    def fail(self, why: str) -> None:
        """End all trips: those that wait were not sent, the other ones may have run."""
        waiting, self._backlog = self._backlog, deque()
        ends = [TripEnd(trip.id, why, sent=False) for trip in waiting]
        self.pass_on([*ends, *(TripEnd(trip, why) for trip, holder in self._under_way.items() if holder)])
