"""Files of the controller for a Dask worker, block by block: read here for it, written here from it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from runner.dispatch._dask_news import Fetched, Wanted
from runner.dispatch._files import TransferFailed, blocks
from runner.dispatch._resume import open_part

Ask = Callable[[str, int, bytes], Coroutine[Any, Any, bytes]]


async def supply(ask: Ask, wanted: Wanted) -> None:
    """Send a file of this machine to the worker that wants it."""
    source = blocks(wanted.item, 0)
    problem = ""
    try:
        while not problem and (block := await asyncio.to_thread(next, source, b"")):
            problem = (await ask("put", wanted.id, block)).decode()
    except TransferFailed as error:
        problem = str(error)
    await ask("settle", wanted.id, problem.encode())


async def receive(ask: Ask, fetched: Fetched) -> None:
    """Take a file that a worker has fetched to its place here; that is replaced only by a whole one."""
    dest = Path(fetched.item.dest)
    temporary = dest.with_name(f".{dest.name[:100]}.{secrets.token_hex(8)}.part")
    problem = ""
    try:
        await asyncio.to_thread(dest.parent.mkdir, parents=True, exist_ok=True)
        try:
            await _write(ask, fetched, temporary)
            temporary.rename(dest)
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink()
    except TransferFailed as error:
        problem = str(error)
    except OSError as error:
        if not error.strerror:
            raise  # of the way to the worker
        problem = f"cannot write {dest}: {error.strerror.lower()}"
    await ask("settle", fetched.id, problem.encode())


async def _write(ask: Ask, fetched: Fetched, temporary: Path) -> None:
    left = fetched.size
    with open_part(temporary, again=False) as file:
        while block := await ask("get", fetched.id, b""):
            left -= len(block)
            await asyncio.to_thread(file.write, block)
        if left:
            raise TransferFailed(f"{fetched.item.path} came only in part from the Dask worker")
        await asyncio.to_thread(os.fsync, file.fileno())
