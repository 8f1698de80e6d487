"""What the log costs: the line that decides says so only when the whole interval does."""

from __future__ import annotations

import pytest

from benchmarks.journal import Cost, interval, verdict


def costs(*cpu_s: float) -> list[Cost]:
    return [Cost(2.0, cpu, 0.01) for cpu in cpu_s]


@pytest.mark.parametrize(
    ("cpu_s", "word"),
    [((0.02, 0.021, 0.019) * 5, "reached"), ((0.09, 0.08, 0.1) * 5, "missed"), ((0.01, 0.08) * 5, "not decided")],
)
def test_a_verdict_needs_the_whole_interval(cpu_s: tuple[float, ...], word: str) -> None:
    assert word in verdict(costs(*cpu_s), [Cost(1.99)] * len(cpu_s))


def test_an_interval_narrows_with_more_runs() -> None:
    few, many = interval([1.0, 2.0, 3.0, 4.0]), interval([1.0, 2.0, 3.0, 4.0] * 50)
    assert few[0] == many[0] == 2.5
    assert many[2] - many[1] < few[2] - few[1]
    assert few[1] <= few[0] <= few[2]
