"""What travels between the coordinator and what carries its trips on a Dask worker, beside trips and their messages."""

from __future__ import annotations

import asyncio
import pickle
import time
from collections.abc import Sequence
from typing import Any, Final

from runner.dispatch._carrier import Message
from runner.model.call import Download, Trip, Upload
from runner.model.quick import dataclass

# How long a worker keeps the coordinator's question for news open, and how long it works on without being asked.
HEAR_S: Final = 10.0
LEASE_S: Final = 60.0
# A message costs more than what is in it: those that would follow the last one sooner go together.
PACE_S: Final = 0.005


class Pace:
    """Lets one pass at once after a quiet time, and no more often than each `PACE_S`."""

    def __init__(self) -> None:
        self._next = 0.0

    async def keep(self) -> None:
        """Return when it is time."""
        wait = self._next - time.monotonic()
        if wait > 0:
            await asyncio.sleep(wait)
        self._next = time.monotonic() + PACE_S


@dataclass(frozen=True, slots=True)
class Reset:
    """To a worker: close the host's connections."""

    host: str


@dataclass(frozen=True, slots=True)
class Remark:
    """From a worker: a notice about a host."""

    host: str
    text: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """From a worker: it needs a file of the controller. The blocks come with `put`, `settle` says that this is all."""

    id: int
    item: Upload


@dataclass(frozen=True, slots=True)
class Fetched:
    """From a worker: it has a file for the controller, `size` bytes that `get` gives; `settle` says what came of it."""

    id: int
    item: Download
    size: int


News = Message | Remark | Wanted | Fetched
Order = Trip | Reset


def packed(values: Sequence[News] | Sequence[Order]) -> bytes:
    """As bytes, so that nothing of it is looked at, kept or logged on the way."""
    return pickle.dumps(values, protocol=5)


def unpacked(data: bytes) -> list[Any]:
    """What was packed by the other side, which is a member of the same cluster and ran this code before."""
    found: list[Any] = pickle.loads(data)
    return found
