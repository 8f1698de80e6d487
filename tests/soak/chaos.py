"""A TCP proxy before each host that cuts, stalls, delays, refuses and vanishes, as a seed says."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections import Counter
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

BLOCK_BYTES = 1 << 15
KINDS = ("none", "delay", "reset", "close", "stall", "half", "refuse", "vanish")
WEIGHTS = (50, 10, 14, 8, 5, 3, 6, 4)
MOST_BYTES = 400_000


@dataclass(frozen=True, slots=True)
class Fault:
    """What befalls one connection once so many bytes went through it, and how late each block is."""

    kind: str = "none"
    after_bytes: int = 0
    delay_s: float = 0.0


def draw(rng: Random) -> Fault:
    """The fault of one connection. Small numbers of bytes are as likely as large ones: handshakes are cut, too."""
    kind = rng.choices(KINDS, WEIGHTS)[0]
    after = int(MOST_BYTES ** rng.random()) if rng.random() < 0.7 else rng.randrange(2000, 20_000)
    return Fault(kind, after, rng.uniform(0.002, 0.04) if kind == "delay" else rng.uniform(0.3, 2.0))


@dataclass(eq=False, slots=True)
class Link:
    """One connection that is carried: both its ends, and how much it may carry yet."""

    ends: tuple[asyncio.StreamWriter, ...]
    fault: Fault
    left: int
    stalled: asyncio.Event = field(default_factory=asyncio.Event)

    def drop(self, *, reset: bool) -> None:
        """End it, as a router that forgets it or as a peer that hangs up."""
        for end in self.ends:
            with contextlib.suppress(OSError):
                if reset:
                    end.get_extra_info("socket").setsockopt(
                        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                    )
                end.transport.abort() if reset else end.close()


class Chaos:
    """The doors before hosts. `begin(seed)` says what happens from now on; without a seed nothing does."""

    def __init__(self, targets: Sequence[tuple[str, int]], doors: Sequence[tuple[str, int]]) -> None:
        """Open a door before each target."""
        self.targets, self.doors = targets, doors
        self.counts: Counter[str] = Counter()
        self._seed: str | None = None
        self._seen: Counter[int] = Counter()
        self._links: set[Link] = set()
        self._servers: dict[int, asyncio.Server] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="chaos", daemon=True)
        self._thread.start()
        for number in range(len(targets)):
            self._do(self._open(number))

    def begin(self, seed: str | None) -> None:
        """Draw the faults of connections that come from this seed."""
        self._seed = seed
        self._seen.clear()

    def end(self) -> None:
        """Drop every connection; all doors are open again."""
        self._do(self._drop_all())

    def stop(self) -> None:
        """Close all."""
        self.end()
        for server in self._servers.values():
            self._loop.call_soon_threadsafe(server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _open(self, number: int) -> None:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await self._carry(number, reader, writer)

        self._servers[number] = await asyncio.start_server(handle, *self.doors[number])

    async def _drop_all(self) -> None:
        self._seed = None
        for link in tuple(self._links):
            link.stalled.set()
            link.drop(reset=True)
        for task in tuple(self._tasks):
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(asyncio.shield(task), 5)

    async def _carry(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._seen[number] += 1
        fault = draw(Random(f"{self._seed}/{number}/{self._seen[number]}")) if self._seed else Fault()
        self.counts["connections"] += 1
        if fault.kind == "refuse":
            self.counts["refuse"] += 1
            Link((writer,), fault, 0).drop(reset=True)
            return
        far_reader, far_writer = await asyncio.open_connection(*self.targets[number])
        link = Link((writer, far_writer), fault, fault.after_bytes)
        self._links.add(link)
        try:
            await asyncio.gather(
                self._pump(link, number, reader, far_writer, up=True),
                self._pump(link, number, far_reader, writer, up=False),
            )
        finally:
            self._links.discard(link)
            link.drop(reset=False)

    async def _pump(
        self, link: Link, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, up: bool
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(BLOCK_BYTES):
                link.left -= len(data)
                if link.left <= 0 and link.fault.kind not in ("none", "delay"):
                    data = data[: max(0, len(data) + link.left)]
                    writer.write(data)
                    if not await self._strike(link, number, up=up):
                        return
                elif link.fault.kind == "delay":
                    await asyncio.sleep(link.fault.delay_s)
                    writer.write(data)
                else:
                    writer.write(data)
                await writer.drain()
            writer.close()

    async def _strike(self, link: Link, number: int, *, up: bool) -> bool:
        """Let the fault happen; whether this direction goes on."""
        kind = link.fault.kind
        if kind == "half" and up:
            return True
        self.counts[kind] += 1
        if kind in ("stall", "half"):
            await link.stalled.wait()
            return False
        link.drop(reset=kind != "close")
        if kind == "vanish" and self._servers[number].is_serving():
            self._servers[number].close()
            task = self._loop.create_task(self._come_back(number, link.fault.delay_s))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return False

    async def _come_back(self, number: int, after_s: float) -> None:
        await asyncio.sleep(after_s)
        await self._open(number)
