"""Writes what simulated runs cost into docs/scale.md, with a plot beside it. Needs the extra `bench`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from benchmarks.page import DOCS, written
from benchmarks.plots import COLOURS, STYLE, save


@dataclass(frozen=True, slots=True)
class Scale:
    """What a run over so many hosts and tasks cost: seconds of CPU, peak memory, the size of its log."""

    hosts: int
    tasks: int
    cpu_s: float
    memory_mib: float
    log_mib: float

    @property
    def each_ms(self) -> float:
        """Milliseconds of CPU for each task on each host."""
        return self.cpu_s / (self.hosts * self.tasks) * 1000


def table(rows: Sequence[Scale]) -> str:
    """The rows as Markdown."""
    lines = ["| hosts | tasks | CPU of the run | a host-task | memory | log |", "|---|---|---|---|---|---|"]
    lines += [
        f"| {row.hosts:,} | {row.tasks} | {row.cpu_s:.1f} s | {row.each_ms:.2f} ms | {row.memory_mib:.0f} MiB"
        f" | {row.log_mib:.0f} MiB |"
        for row in rows
    ]
    return "\n".join(lines)


def draw(rows: Sequence[Scale], path: Path) -> None:
    """Cost of a host-task and peak memory against the number of hosts, a line for each number of tasks."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 2.6), layout="constrained")
        each, memory = figure.subplots(1, 2)
        for (tasks, group), colour in zip(
            groupby(sorted(rows, key=lambda row: (-row.tasks, row.hosts)), lambda row: row.tasks),
            list(COLOURS.values())[1:],
            strict=False,
        ):
            line = list(group)
            hosts = [row.hosts for row in line]
            look = {"marker": "o", "markersize": 3, "color": colour, "label": f"{tasks} tasks"}
            each.plot(hosts, [row.each_ms for row in line], **look)
            memory.plot(hosts, [row.memory_mib for row in line], **look)
        for axes, title in ((each, "CPU of a task on a host, ms"), (memory, "peak memory, MiB")):
            axes.set_title(title, fontsize=9)
            axes.set_xlabel("hosts")
            # A flat line's own margin is next to nothing.
            axes.set_ylim(0, axes.get_ylim()[1] * 1.15)
            axes.set_xlim(left=0)
        each.legend()
        save(figure, path)


def write_page(rows: Sequence[Scale], docs: Path = DOCS) -> None:
    """Put table and plot into `docs`/scale.md, between its two markers."""
    draw(rows, docs / "scale.svg")
    plot = "![CPU of a task on a host, and memory, against the number of hosts](scale.svg)"
    page = docs / "scale.md"
    page.write_text(written(page.read_text(encoding="utf-8"), f"{table(rows)}\n\n{plot}\n"), encoding="utf-8")
