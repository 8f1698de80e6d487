"""Moments as text say what `datetime` says, microsecond by microsecond."""

from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from runner.model.moment import iso, rounded, stamp

SECONDS = st.floats(0, 4e9, allow_nan=False) | st.integers(0, 4_000_000_000).map(float)


@given(SECONDS)
@example(1.9999999)
@example(0.0000005)
@example(1774000000.9999995)
def test_like_datetime(seconds: float) -> None:
    moment = datetime.fromtimestamp(seconds, UTC)
    assert iso(seconds) == moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
    assert stamp(seconds) == moment.strftime("%Y-%m-%d %H:%M:%S.%f")
    assert rounded(seconds) == moment.timestamp()


@pytest.mark.parametrize("seconds", [1e18, -1e18, float("inf"), float("nan")])
def test_what_is_no_time(seconds: float) -> None:
    with pytest.raises((OverflowError, OSError, ValueError)):
        iso(seconds)
