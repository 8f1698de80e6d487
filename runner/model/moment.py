"""Moments as text, to the microsecond: steps and the log write thousands of them."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from functools import lru_cache


def split(seconds: float) -> tuple[int, int]:
    """Epoch seconds as whole seconds and microseconds, rounded as `datetime.fromtimestamp` rounds."""
    whole = math.floor(seconds)
    micros = round((seconds - whole) * 1e6)
    return (whole, micros) if micros < 1_000_000 else (whole + 1, 0)


@lru_cache(maxsize=64)
def _second(whole: int) -> str:
    """Most moments of a run share their second with many others."""
    return datetime.fromtimestamp(whole, UTC).strftime("%Y-%m-%d %H:%M:%S")


def stamp(seconds: float) -> str:
    """`2026-01-31 12:00:00.123456` in UTC. Raises OverflowError, OSError or ValueError for what is no time."""
    whole, micros = split(seconds)
    return f"{_second(whole)}.{micros:06d}"


def iso(seconds: float) -> str:
    """`2026-01-31T12:00:00.123456Z` (ISO 8601). Raises as `stamp` does."""
    whole, micros = split(seconds)
    second = _second(whole)
    return f"{second[:10]}T{second[11:]}.{micros:06d}Z"


def rounded(seconds: float) -> float:
    """What reading `iso(seconds)` back gives."""
    whole, micros = split(seconds)
    return (whole * 1_000_000 + micros) / 1_000_000
