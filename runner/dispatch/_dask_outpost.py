"""What one run has on a Dask worker: the thread dispatcher, which carries the trips to the hosts pinned to that worker.

Nothing of a run is a Dask task, so Dask never runs anything of it twice, keeps a result or logs an argument. The worker
gets one more handler for its messages, as Dask's own shuffle does; the coordinator asks it for news, and has the answer
as soon as there is some.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from runner import __version__
from runner.dispatch._dask_depot import Depot
from runner.dispatch._dask_news import HEAR_S, LEASE_S, News, Pace, Remark, packed, unpacked
from runner.dispatch._house import Becomes, House, Transports
from runner.dispatch.threads import Threads
from runner.model.call import Trip


def start(
    run: str, version: str, forks: int, transports: Transports, becomes: Becomes, own: bool, dask_worker: Any = None
) -> str:
    """Runs on a worker, in its event loop: have it carry trips of this run. Its version of pbrun; nothing begins if
    that is not the coordinator's. `own`: it was made for this run, so what a terminal sends is not meant for it."""
    if version == __version__:
        if own:
            os.setpgid(0, 0)
        folder = tempfile.mkdtemp(prefix="pbrun-", dir=dask_worker.local_directory)
        outpost = Outpost(Path(folder), forks, transports, becomes)
        dask_worker.handlers[run] = outpost.handle
        outpost.when_over = lambda: dask_worker.handlers.pop(run, None)
    return __version__


class Outpost:
    """Belongs to the worker's event loop; `_tell` alone is called by other threads."""

    def __init__(self, folder: Path, forks: int, transports: Transports, becomes: Becomes) -> None:
        self._loop = asyncio.get_running_loop()
        self._folder = folder
        self._depot = Depot(folder, self._tell)
        house = House(transports, becomes, lambda host, text: self._tell([Remark(host, text)]), self._depot)
        self._threads = Threads(forks, house, self._tell)
        self._news: list[News] = []
        self._stirred = asyncio.Event()
        self._pace = Pace()
        self._heard = time.monotonic()
        self._over = False
        self._lease = asyncio.create_task(self._watch())
        self.when_over: Any = None

    def _tell(self, news: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the worker is closing
            self._loop.call_soon_threadsafe(self._keep, news)

    def _keep(self, news: list[News]) -> None:
        self._news += news
        self._stirred.set()

    async def handle(self, what: str, number: int = 0, data: bytes = b"") -> bytes:
        """One message of the coordinator, and the answer. File `number` (or whether all is in the log, at the end);
        `data` are orders, bytes or a reason."""
        if what == "hear":
            return await self._hear()
        if what == "put":
            return (await asyncio.to_thread(self._depot.put, number, data)).encode()
        if what == "get":
            return await asyncio.to_thread(self._depot.get, number)
        if what == "carry":
            self._carry(data)
        elif what == "settle":
            self._depot.settle(number, data.decode())
        elif what == "end":
            await self.end(settled=bool(number))
        return b""

    async def _hear(self) -> bytes:
        self._heard = time.monotonic()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stirred.wait(), HEAR_S)
            await self._pace.keep()
        self._heard = time.monotonic()
        self._stirred.clear()
        news, self._news = self._news, []
        return packed(news)

    def _carry(self, data: bytes) -> None:
        for order in unpacked(data):
            if isinstance(order, Trip):
                self._threads.send(order)
            else:
                self._threads.reset(order.host)

    async def _watch(self) -> None:
        """A coordinator that asks no more is gone: its shells are let go, so that hosts are left clean."""
        while time.monotonic() - self._heard < LEASE_S:
            await asyncio.sleep(HEAR_S)
        await self.end(settled=False)

    async def end(self, *, settled: bool) -> None:
        """Close all connections and forget the run; see `runner.model.ports.Dispatcher.close`."""
        if self._over:
            return
        self._over = True
        self._depot.close()
        await asyncio.to_thread(self._threads.close, settled=settled)
        await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)
        if self.when_over:
            self.when_over()
        if asyncio.current_task() is not self._lease:
            self._lease.cancel()
