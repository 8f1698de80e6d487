"""A TCP proxy that adds latency, the TCP handshake's included: `python -m benchmarks.proxy DELAY_MS DOOR…`.

A door is `FROM:PORT=TO:PORT`. The proxy prints `ready` when all its doors listen, and at the end of each connection how
many round trips it took. Loopback addresses only.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import sys
from collections.abc import Sequence

BLOCK_BYTES = 1 << 16

# When it may go on, how many round trips came before it, and what it is.
Delayed = tuple[float, int, bytes]


class RoundTrips:
    """Counts as Lamport's clock does: what a side sends comes after all that has reached it until then."""

    def __init__(self) -> None:
        """Nothing has reached anybody."""
        self.heard = {"client": 0, "server": 0}

    def hears(self, side: str, trips: int) -> None:
        """What came after so many round trips reaches this side; the server begins none, it answers."""
        self.heard[side] = max(self.heard[side], trips + (side == "server"))


async def take(
    reader: asyncio.StreamReader,
    queue: asyncio.Queue[Delayed],
    delay_s: float,
    not_before: float,
    trips: RoundTrips,
    side: str,
) -> None:
    """Queue what arrives, each block with the time at which it may go on; an empty block is the end."""
    clock = asyncio.get_running_loop().time
    data = b"?"
    while data:
        try:
            data = await reader.read(BLOCK_BYTES)
        except OSError:
            data = b""
        await queue.put((max(clock(), not_before) + delay_s, trips.heard[side], data))


async def give(queue: asyncio.Queue[Delayed], writer: asyncio.StreamWriter, trips: RoundTrips, side: str) -> None:
    """Write what is queued to this side when its time has come."""
    clock = asyncio.get_running_loop().time
    with contextlib.suppress(OSError):
        while True:
            due, before, data = await queue.get()
            await asyncio.sleep(max(0.0, due - clock()))
            if not data:
                break
            trips.hears(side, before)
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()


async def carry(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, target: tuple[str, int], delay_s: float
) -> None:
    """One connection. A client's `connect` returns here at once; on a real line it takes a round trip, and the server
    sees the connection half a round trip after that: so the server is called 3 x `delay_s` after the client came."""
    came = asyncio.get_running_loop().time()
    await asyncio.sleep(3 * delay_s)
    try:
        far_reader, far_writer = await asyncio.open_connection(*target)
    except OSError:
        writer.close()
        return
    there: asyncio.Queue[Delayed] = asyncio.Queue()
    back: asyncio.Queue[Delayed] = asyncio.Queue()
    trips = RoundTrips()
    try:
        await asyncio.gather(
            take(reader, there, delay_s, came + 2 * delay_s, trips, "client"),
            give(there, far_writer, trips, "server"),
            take(far_reader, back, delay_s, 0.0, trips, "server"),
            give(back, writer, trips, "client"),
        )
    finally:
        for end in (writer, far_writer):
            end.close()
        print(trips.heard["client"], flush=True)


def address(text: str) -> tuple[str, int]:
    """`127.0.0.1:22` as host and port; refuses what is not loopback."""
    host, _, port = text.rpartition(":")
    if not ipaddress.ip_address(host).is_loopback:
        raise SystemExit(f"{host} is not a loopback address")
    return host, int(port)


async def serve(delay_s: float, doors: Sequence[str]) -> None:
    """Open every door `FROM:PORT=TO:PORT` and stay."""
    for door in doors:
        near, far = (address(part) for part in door.split("="))

        async def handle(
            reader: asyncio.StreamReader, writer: asyncio.StreamWriter, far: tuple[str, int] = far
        ) -> None:
            await carry(reader, writer, far, delay_s)

        await asyncio.start_server(handle, *near, backlog=512)
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(float(sys.argv[1]) / 1000, sys.argv[2:]))
