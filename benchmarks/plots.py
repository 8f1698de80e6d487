"""The plots of docs/performance.md as SVG; readable on a light page and on a dark one. Needs the extra `bench`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.measure import Run
from benchmarks.results import Result
from benchmarks.tools.chosen import TOOLS
from benchmarks.workloads import AGAINST_HOSTS, AGAINST_TASKS, TABLE

INK = "#808890"
COLOURS = {"floor": "#8a9aa8", "pbrun": "#2f9e5f", "pyinfra": "#c98a12", "mitogen": "#4a86d8", "ansible": "#d0545c"}
STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "pbrun",
    "font.size": 9,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
}


def save(figure: Any, path: Path) -> None:
    """Write it without a date, so that the same figures make the same file."""
    figure.savefig(path, format="svg", transparent=True, bbox_inches="tight", metadata={"Date": None})


def curve(
    axes: Any, results: Mapping[str, Result], kind: str, counts: Sequence[int], of: Callable[[Run], float]
) -> None:
    """One figure of the floor and of pbrun against a count."""
    for tool in ("floor", "pbrun"):
        points = [
            (count, of(results[f"{kind}-{count}"].figures[tool].run))
            for count in counts
            if f"{kind}-{count}" in results and tool in results[f"{kind}-{count}"].figures
        ]
        axes.plot(*zip(*points, strict=True), marker="o", markersize=3, color=COLOURS[tool], label=tool)
    axes.set_xlabel(kind)
    axes.set_ylim(bottom=0)
    axes.set_xlim(left=0)


def draw_curves(results: Mapping[str, Result], kind: str, counts: Sequence[int], path: Path) -> None:
    """Wall time, CPU time and memory against the number of hosts, or of tasks."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 2.6), layout="constrained")
    wall, cpu, memory = figure.subplots(1, 3)
    curve(wall, results, kind, counts, lambda run: run.wall_s)
    curve(cpu, results, kind, counts, lambda run: run.cpu_s)
    curve(memory, results, kind, counts, lambda run: run.memory_mib)
    for axes, title in ((wall, "wall time, s"), (cpu, "CPU time, s"), (memory, "peak memory, MiB")):
        axes.set_title(title, fontsize=9)
    wall.legend()
    save(figure, path)


def draw_ratios(results: Mapping[str, Result], path: Path) -> None:
    """Each tool's wall time in times the floor's, by workload."""
    from matplotlib.figure import Figure

    named = [work.name for work in TABLE if work.name in results and "floor" in results[work.name].figures][::-1]
    tools = [tool for tool in TOOLS if tool != "floor" and any(tool in results[name].figures for name in named)]
    figure = Figure(figsize=(9, 0.6 + 0.13 * len(named) * (len(tools) + 1)), layout="constrained")
    axes = figure.subplots()
    height = 0.8 / len(tools)
    for number, tool in enumerate(tools):
        bars = [(at, results[name].figures) for at, name in enumerate(named) if tool in results[name].figures]
        places = [at + 0.4 - height * (number + 0.5) for at, _ in bars]
        widths = [figures[tool].run.wall_s / figures["floor"].run.wall_s for _, figures in bars]
        drawn = axes.barh(places, widths, height, color=COLOURS[tool], label=tool)
        over = [">" if figures[tool].run.late else "" for _, figures in bars]
        axes.bar_label(
            drawn, [f"{more}{width:.1f}" for more, width in zip(over, widths, strict=True)], padding=2, fontsize=6
        )
    axes.axvline(1, color=COLOURS["floor"], linewidth=1)
    axes.set_xscale("log")
    axes.set_yticks(range(len(named)), named)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_xlabel("wall time, times the floor's")
    figure.legend(loc="outside upper center", ncols=len(tools))
    save(figure, path)


def draw(results: Mapping[str, Result], docs: Path) -> Mapping[str, str]:
    """Draw what there are figures for; what each plot shows, by file name."""
    import matplotlib as mpl

    made = {}
    with mpl.rc_context(STYLE):
        if any(work.name in results for work in TABLE):
            draw_ratios(results, docs / "performance-ratios.svg")
            made["performance-ratios.svg"] = "wall time of each tool over the floor's, by workload"
        for kind, counts in (("hosts", AGAINST_HOSTS), ("tasks", AGAINST_TASKS)):
            if any(f"{kind}-{count}" in results for count in counts):
                draw_curves(results, kind, counts, docs / f"performance-{kind}.svg")
                made[f"performance-{kind}.svg"] = f"wall time, CPU time and memory against the number of {kind}"
    return made
