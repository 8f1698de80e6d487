"""One Dask worker, as the coordinator sees it: orders go there in bundles, news comes as it happens."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any, Final

from runner.dispatch._dask_files import receive, supply
from runner.dispatch._dask_news import Fetched, News, Order, Pace, Wanted, packed, unpacked
from runner.model.call import Trip

DIRECT_S: Final = 3.0
END_S: Final = 6.0
LOOPBACK: Final = ("127.", "localhost", "[::1]")

Ask = Callable[..., Coroutine[Any, Any, bytes]]


class Member:
    """Belongs to the event loop of the dispatcher. `name` is the worker's own, also after Dask has restarted it."""

    def __init__(self, client: Any, run: str, name: str, address: str) -> None:
        self.name = name
        self.address = address
        self._client = client
        self._run = run
        self._direct = False
        self._orders: list[Order] = []
        self._stirred = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def near(self) -> bool:
        """Whether it runs on this machine, so that a loopback address means the same there as here."""
        return self.address.partition("://")[2].startswith(LOOPBACK)

    def give(self, order: Order) -> None:
        """Have an order sent with the next bundle."""
        self._orders.append(order)
        self._stirred.set()

    def take_back(self) -> list[Trip]:
        """The trips that were not sent yet: nobody there has heard of them."""
        orders, self._orders = self._orders, []
        return [order for order in orders if isinstance(order, Trip)]

    def begin(self, heard: Callable[[Member, list[News]], None], gone: Callable[[Member, str], None]) -> None:
        """Send and listen until it is gone."""

        async def work(what: Coroutine[Any, Any, None]) -> None:
            try:
                await what
            except OSError:
                gone(self, "its connection ended")
            except Exception as error:
                gone(self, f"{type(error).__name__}: {error}")

        self._start(work(self._send()))
        self._start(work(self._listen(heard)))

    def _start(self, what: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(what)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def find_way(self) -> None:
        """Speak to the worker itself where it can be reached, else through the scheduler."""
        self._direct = True
        try:
            await asyncio.wait_for(self.ask("hello"), DIRECT_S)
        except Exception:
            self._direct = False
            await self.ask("hello")

    async def ask(self, what: str, number: int = 0, data: bytes = b"") -> bytes:
        """One message and its answer. Raises OSError and what else distributed raises when the worker is gone."""
        message = {"what": what, "number": number, "data": data}
        if self._direct:
            answer = await getattr(self._client.rpc(self.address), self._run)(**message)
        else:
            answer = await self._client.scheduler.proxy(worker=self.address, msg={"op": self._run, **message})
        if not isinstance(answer, bytes):
            raise ConnectionError("the worker gave no answer")
        return answer

    async def _send(self) -> None:
        pace = Pace()
        while True:
            await self._stirred.wait()
            await pace.keep()
            self._stirred.clear()
            if self._orders:
                orders, self._orders = self._orders, []
                await self.ask("carry", data=packed(orders))

    async def _listen(self, heard: Callable[[Member, list[News]], None]) -> None:
        while True:
            news = unpacked(await self.ask("hear"))
            for one in news:
                if isinstance(one, Wanted):
                    self._start(self._over(supply(self.ask, one)))
                elif isinstance(one, Fetched):
                    self._start(self._over(receive(self.ask, one)))
            heard(self, news)

    @staticmethod
    async def _over(transfer: Coroutine[Any, Any, None]) -> None:
        """A transfer; one that a lost worker ends is no news, since all its trips are lost."""
        with contextlib.suppress(Exception):
            await transfer

    async def end(self, *, settled: bool) -> None:
        """Have it let go of its hosts; see `runner.model.ports.Dispatcher.close`."""
        for task in self._tasks:
            task.cancel()
        with contextlib.suppress(Exception):
            await asyncio.wait_for(self.ask("end", int(settled)), END_S)
