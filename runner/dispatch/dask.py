"""dask: trips are carried by the workers of a Dask cluster, on this machine or several; each has its hosts' sessions.

Everything else stays here: scheduler, log, secrets. Workers may come and go during a run.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import secrets
import threading
from collections import deque
from concurrent.futures import Future
from typing import Any, Final

from runner import __version__
from runner.dispatch import _dask_outpost
from runner.dispatch._carrier import Message, arrived
from runner.dispatch._dask_cluster import NOT_ENCRYPTED, Place, load_distributed, opened, place
from runner.dispatch._dask_crew import NO_WORKER, PATIENCE_S, Crew
from runner.dispatch._dask_member import Member
from runner.dispatch._dask_news import Order, Reset
from runner.dispatch._house import Becomes, House, Notify, Transports
from runner.dispatch.threads import Threads
from runner.errors import EnvironmentFault, PbrunError
from runner.model.call import Trip

ADDRESS: Final = "the address of a scheduler, or a number of workers on this machine"
HIRE_S: Final = 15.0
CLOSE_S: Final = 15.0


def create(forks: int, transports: Transports, becomes: Becomes, notice: Notify, address: str = "") -> Dask:
    """A dispatcher with at least one worker. `address`: see `ADDRESS`; none: as many workers here as there are cores.

    Raises EnvironmentFault: no library, no cluster, no encryption, no worker."""
    at = place(address)
    load_distributed()
    return Dask(at, forks, transports, becomes, notice)


class Dask:
    """See `runner.model.ports.Dispatcher`. One thread has an event loop, and everything that is about Dask is in it."""

    def __init__(self, at: Place, forks: int, transports: Transports, becomes: Becomes, notice: Notify) -> None:
        self._at = at
        self._forks = forks
        self._plug_ins = transports, becomes
        self._notice = notice
        self._messages: queue.SimpleQueue[list[Message]] = queue.SimpleQueue()
        self._orders: deque[Order] = deque()
        self._here = Threads(forks, House(transports, becomes, notice), self._from_here)
        self._run = f"pbrun_{secrets.token_hex(8)}"
        self._hiring: set[asyncio.Task[None]] = set()
        self._closed = self._logged = False
        self._broken = ""
        self._gathered = False
        ready: Future[None] = Future()
        self._loop = asyncio.new_event_loop()
        self._some = asyncio.Event()
        self._crew = Crew(forks, self._here, self._messages.put, self._tell)
        self._life = self._loop.create_task(self._main(ready))
        self._thread = threading.Thread(target=self._live, name="dask", daemon=True)
        self._thread.start()
        try:
            ready.result()
        except BaseException:
            self.close()
            raise

    def send(self, trip: Trip) -> None:
        """Have a trip carried. Raises RuntimeError when closed, EnvironmentFault when nothing can be carried."""
        if self._closed:
            raise RuntimeError("the dispatcher is closed")
        if self._broken:
            raise EnvironmentFault(self._broken)
        self._order(trip)

    def reset(self, host: str) -> None:
        """Close the host's connections; the next trip opens new ones, maybe from another worker."""
        if not self._broken:
            self._order(Reset(host))

    def _order(self, order: Order) -> None:
        self._orders.append(order)
        if len(self._orders) == 1:
            self._loop.call_soon_threadsafe(self._take)

    def _take(self) -> None:
        orders = []
        while self._orders:
            orders.append(self._orders.popleft())
        self._crew.take(orders)

    def _from_here(self, messages: list[Message]) -> None:
        try:
            self._loop.call_soon_threadsafe(self._crew.pass_on, messages)
        except RuntimeError:  # the loop has ended
            self._messages.put(messages)

    def wait(self, timeout_s: float | None) -> list[Message]:
        """What has arrived; see `runner.model.ports.Dispatcher`."""
        return arrived(self._messages, timeout_s)

    def close(self, *, settled: bool = True) -> None:
        """See `runner.model.ports.Dispatcher`. Let go of all hosts; of a cluster of our own, end it. Its processes also
        end when this one does."""
        if self._closed:
            return
        self._closed, self._logged = True, settled
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._life.cancel)
        self._here.close(settled=settled)
        self._thread.join(CLOSE_S)

    def _live(self) -> None:
        """What the thread does."""
        asyncio.set_event_loop(self._loop)
        try:
            with contextlib.suppress(asyncio.CancelledError):
                self._loop.run_until_complete(self._life)
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
        finally:
            self._loop.close()

    async def _main(self, ready: Future[None]) -> None:
        """The whole life of the cluster, until it is cancelled."""
        try:
            async with opened(self._at) as client:
                await self._gather(client)
                ready.set_result(None)
                try:
                    await asyncio.Event().wait()
                finally:
                    for task in self._hiring:
                        task.cancel()
                    await asyncio.gather(*(member.end(settled=self._logged) for member in self._crew.members))
        except Exception as error:
            known = isinstance(error, PbrunError)
            self._broken = str(error) if known else f"the Dask cluster fails: {type(error).__name__}: {error}"
            if ready.done():
                self._crew.fail(self._broken)
            else:
                ready.set_exception(EnvironmentFault(self._broken))

    def _tell(self, host: str, text: str) -> None:
        """A notice, and a reason to look at it."""
        self._notice(host, text)
        self._messages.put([])

    async def _gather(self, client: Any) -> None:
        """Hire the workers that are there, and from now on those that join. Raises EnvironmentFault without any."""

        def changed(event: Any) -> None:
            what = event[1]
            if what.get("action") == "add-worker":
                self._hire(client, what["worker"])
            elif what.get("action") == "remove-worker":
                for member in self._crew.members:
                    if member.address == what["worker"]:
                        self._crew.leave(member, "it left the cluster")

        client.subscribe_topic("all", changed)
        found = await client.scheduler.identity(n_workers=-1)
        for address in found["workers"]:
            self._hire(client, address)
        await asyncio.wait([*self._hiring, asyncio.create_task(asyncio.sleep(0))])
        try:
            await asyncio.wait_for(self._some.wait(), PATIENCE_S)
        except TimeoutError:
            raise EnvironmentFault(f"the Dask cluster at {self._at.url} has no worker to use: {NO_WORKER}") from None
        self._gathered = True
        count = len(self._crew.members)
        where = self._at.url or "this machine"
        self._tell("", f"{count} Dask {'worker carries' if count == 1 else 'workers carry'} the trips ({where})")

    def _hire(self, client: Any, address: str) -> None:
        task = asyncio.get_running_loop().create_task(self._hired(client, address))
        self._hiring.add(task)
        task.add_done_callback(self._hiring.discard)

    async def _hired(self, client: Any, address: str) -> None:
        """Take a worker into the crew, or tell why not."""
        if any(member.address == address for member in self._crew.members):
            return
        if not address.startswith("tls://"):
            self._tell("", f"the Dask worker {address} is not used: it {NOT_ENCRYPTED}")
            return
        try:
            member = await asyncio.wait_for(self._settled(client, address), HIRE_S)
        except ModuleNotFoundError as error:
            self._tell("", f"the Dask worker {address} is not used: it has no {error.name} (install pbrun there)")
        except Exception as error:
            self._tell("", f"the Dask worker {address} is not used: {type(error).__name__}: {error}")
        else:
            if self._gathered:
                count = len(self._crew.members) + 1
                self._tell("", f"Dask worker {member.name} ({address}) joined: {count} carry the trips")
            self._crew.join(member)
            self._some.set()

    async def _settled(self, client: Any, address: str) -> Member:
        transports, becomes = self._plug_ins
        more = (__version__, self._forks, transports, becomes, self._at.url is None)
        versions = await client.run(_dask_outpost.start, self._run, *more, workers=[address])
        if versions.get(address) != __version__:
            raise EnvironmentFault(f"it has pbrun {versions.get(address)}, not {__version__}")
        about = await client.scheduler.identity(n_workers=-1)
        name = str(about["workers"].get(address, {}).get("name", address))
        member = Member(client, self._run, name, address)
        await member.find_way()
        return member
