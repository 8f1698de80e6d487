"""The performance page is made from kept figures alone, and a workload measured again replaces only its own."""

from pathlib import Path

import pytest

from benchmarks import page, results
from benchmarks.measure import Run
from benchmarks.proxy import RoundTrips
from benchmarks.results import Figure, Result
from benchmarks.scale_page import Scale, write_page

MACHINE = {"processor": "one", "cores": "2", "system": "Linux", "python": "3.11"}


def figure(wall_s: float, trips: float = 0, late: bool = False, date: str = "2026-01-02") -> Figure:
    return Figure(Run(wall_s, wall_s / 2, 40, 0, trips, late, 0.5), 5, date, "1.0")


def result(workload: str, **figures: Figure) -> Result:
    return Result(workload, MACHINE, figures)


SHELL = result("shell", floor=figure(1), pbrun=figure(1.25), ansible=figure(300, late=True))
TREE = result("tree-again", floor=figure(1, 7), pbrun=figure(1.5, 10))


def lines_of(text: str, start: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith(start)]


def test_the_floor_the_goal_and_a_peer_that_was_stopped() -> None:
    text = page.figures({"shell": SHELL}, {"a.svg": "a plot"})
    own, peers = lines_of(text, "| `shell`")
    assert "| 1.00 s | 1.25 s | 1.25 | 0.62 s (0.50 s) | 0.50 s (0.50 s) | 40 MiB (40 MiB) |" in own
    assert "1.25 x floor, wanted 1.50 x floor: reached" in own
    assert "> 300 s, over 240.0 x" in peers
    assert "![a plot](a.svg)" in text
    assert "2 cores (one), Linux, Python 3.11; 2026-01-02. Medians of 5 runs." in text


def test_round_trips_and_a_goal_that_was_missed() -> None:
    (row,) = lines_of(page.figures({"tree-again": TREE}, {}), "| `tree-again`")
    assert "| 10 (7) |" in row
    assert "3 round trips more, wanted 2 round trips more: **missed**" in row


def test_only_what_stands_between_the_marks_is_written() -> None:
    text = f"before\n{page.MARKS[0]}old\n{page.MARKS[1]}after\n"
    assert page.written(text, "new \\1\n") == f"before\n{page.MARKS[0]}new \\1\n{page.MARKS[1]}after\n"
    assert page.figures({}, {}) == page.NOTHING
    assert all(mark in page.PAGE.read_text(encoding="utf-8") for mark in page.MARKS)


def test_a_second_measurement_keeps_the_peers_of_the_first(tmp_path: Path) -> None:
    results.keep(SHELL, tmp_path)
    results.keep(result("shell", floor=figure(2), pbrun=figure(3)), tmp_path)
    kept = results.read_all(tmp_path)["shell"]
    assert kept == result("shell", floor=figure(2), pbrun=figure(3), ansible=SHELL.figures["ansible"])


def test_figures_of_another_machine_are_not_mixed_in() -> None:
    new = Result("shell", {**MACHINE, "cores": "8"}, {"floor": figure(2)})
    assert results.merged(SHELL, new) == new


def test_plots_are_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    from benchmarks.plots import draw

    curves = {f"hosts-{count}": result(f"hosts-{count}", floor=figure(1), pbrun=figure(2)) for count in (10, 50)}
    made = draw({"shell": SHELL, **curves}, tmp_path)
    assert list(made) == ["performance-ratios.svg", "performance-hosts.svg"]
    assert all((tmp_path / name).read_text().count("pbrun") for name in made)


def test_round_trips_are_what_waited_for_an_answer() -> None:
    trips = RoundTrips()
    for _ in range(3):  # three blocks at once, each answered: the client heard nothing before it sent the last
        trips.hears("server", 0)
    trips.hears("client", trips.heard["server"])
    assert trips.heard["client"] == 1
    trips.hears("server", trips.heard["client"])
    trips.hears("client", trips.heard["server"])
    assert trips.heard["client"] == 2


def test_what_simulated_runs_cost_takes_the_place_of_what_they_did(tmp_path: Path) -> None:
    (tmp_path / "scale.md").write_text(f"# Scale\n{page.MARKS[0]}old{page.MARKS[1]}the end\n")
    rows = [Scale(500, 20, 2.5, 41, 9), Scale(5000, 20, 25, 134, 88), Scale(20000, 5, 26, 354, 90)]
    write_page(rows, tmp_path)
    text = (tmp_path / "scale.md").read_text()
    assert "| 5,000 | 20 | 25.0 s | 0.25 ms | 134 MiB | 88 MiB |" in text
    assert "old" not in text
    assert text.endswith("the end\n")
    drawn = (tmp_path / "scale.svg").read_text()
    assert "20 tasks" in drawn
    assert "5 tasks" in drawn
