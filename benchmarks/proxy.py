"""A TCP proxy that adds latency, the TCP handshake's included: `python -m benchmarks.proxy DELAY_MS DOOR…`.

A door is `FROM:PORT=TO:PORT`. The proxy prints `ready` when all its doors listen. Loopback addresses only.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import sys
from collections.abc import Sequence

BLOCK_BYTES = 1 << 16

Delayed = tuple[float, bytes]


async def take(reader: asyncio.StreamReader, queue: asyncio.Queue[Delayed], delay_s: float, not_before: float) -> None:
    """Queue what arrives, each block with the time at which it may go on; an empty block is the end."""
    clock = asyncio.get_running_loop().time
    data = b"?"
    while data:
        try:
            data = await reader.read(BLOCK_BYTES)
        except OSError:
            data = b""
        await queue.put((max(clock(), not_before) + delay_s, data))


async def give(queue: asyncio.Queue[Delayed], writer: asyncio.StreamWriter) -> None:
    """Write what is queued when its time has come."""
    clock = asyncio.get_running_loop().time
    with contextlib.suppress(OSError):
        while True:
            due, data = await queue.get()
            await asyncio.sleep(max(0.0, due - clock()))
            if not data:
                break
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
    try:
        await asyncio.gather(
            take(reader, there, delay_s, came + 2 * delay_s),
            give(there, far_writer),
            take(far_reader, back, delay_s, 0.0),
            give(back, writer),
        )
    finally:
        for end in (writer, far_writer):
            end.close()


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
