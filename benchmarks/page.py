"""The tables and plots of docs/performance.md, made from the kept results: `python -m benchmarks --page`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.goals import verdict
from benchmarks.measure import Run
from benchmarks.results import Figure, Result
from benchmarks.tools.chosen import PEERS
from benchmarks.workloads import CURVES, TABLE, Workload

DOCS = Path(__file__).parent.parent / "docs"
PAGE = DOCS / "performance.md"
MARKS = ("<!-- figures -->\n", "<!-- /figures -->\n")
NOTHING = "Nothing has been measured yet.\n"


def seconds(run: Run) -> str:
    """A wall time; of a run that was stopped one knows only that it takes longer."""
    return f"{'> ' if run.late else ''}{run.wall_s:.{0 if run.wall_s >= 100 else 1 if run.wall_s >= 10 else 2}f} s"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; its first column is text, the others are figures."""
    lines = ["| " + " | ".join(head) + " |", "| --- |" + " ---: |" * (len(head) - 1)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def own_row(work: Workload, floor: Run, own: Run) -> list[str]:
    """pbrun beside the floor."""
    trips = f"{own.trips:.0f} ({floor.trips:.0f})" if floor.trips else ""
    goals = "<br>".join(verdict(goal, work, floor, own) for goal in work.goals)
    figures = [f"{floor.wall_s:.2f} s", f"{own.wall_s:.2f} s", f"{own.wall_s / floor.wall_s:.2f}"]
    costs = [
        f"{own.cpu_s:.2f} s ({floor.cpu_s:.2f} s)",
        f"{own.hosts_cpu_s:.2f} s ({floor.hosts_cpu_s:.2f} s)",
        f"{own.memory_mib:.0f} MiB ({floor.memory_mib:.0f} MiB)",
    ]
    return [f"`{work.name}`: {work.what}", *figures, *costs, trips, goals]


def own_table(works: Sequence[Workload], results: Mapping[str, Result]) -> str:
    """pbrun and the floor, for those workloads that have both figures."""
    head = ["Workload", "Floor", "pbrun", "Ratio", "CPU", "Hosts' CPU", "Memory", "Round trips", "Goal"]
    rows = []
    for work in works:
        figures = results[work.name].figures if work.name in results else {}
        if "floor" in figures and "pbrun" in figures:
            rows.append(own_row(work, figures["floor"].run, figures["pbrun"].run))
    return table(head, rows)


def costs(run: Run) -> str:
    """CPU seconds here and on the hosts, and memory."""
    return f"{run.cpu_s:.1f} + {run.hosts_cpu_s:.1f} s, {run.memory_mib:.0f} MiB"


def peer_cell(figure: Figure | None, own: Run) -> str:
    """A peer's wall time, how many times pbrun's that is, CPU and memory; of a stopped run nobody knows these."""
    if figure is None:
        return ""
    run = figure.run
    if run.late:
        return f"{seconds(run)}, over {run.wall_s / own.wall_s:.1f} x"
    return f"{seconds(run)}, {run.wall_s / own.wall_s:.1f} x<br>{costs(run)}"


def peer_table(results: Mapping[str, Result]) -> str:
    """The peers beside pbrun, for those workloads that one of them has done."""
    rows = []
    for work in TABLE:
        figures = results[work.name].figures if work.name in results else {}
        if "pbrun" in figures and any(peer in figures for peer in PEERS):
            own = figures["pbrun"].run
            cells = [peer_cell(figures.get(peer), own) for peer in PEERS]
            rows.append([f"`{work.name}`", f"{seconds(own)}<br>{costs(own)}", *cells])
    what = "Wall time and how many times pbrun's that is; CPU time (here + on the hosts) and memory below it.\n\n"
    return what + table(["Workload", "pbrun", *PEERS], rows)


def origin(results: Mapping[str, Result]) -> str:
    """On which machines, when, how often, and which versions."""
    lines = []
    for machine in sorted({tuple(sorted(result.machine.items())) for result in results.values()}):
        found = [result for result in results.values() if tuple(sorted(result.machine.items())) == machine]
        figures = [figure for result in found for figure in result.figures.values()]
        dates = sorted({figure.date for figure in figures})
        of = dict(machine)
        when = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
        runs = sorted({figure.runs for figure in figures})
        often = " or ".join(str(number) for number in runs)
        lines.append(
            f"{of['cores']} cores ({of['processor']}), {of['system']}, Python {of['python']}; {when}. "
            f"Medians of {often} runs."
        )
    versions = {tool: figure.version for result in results.values() for tool, figure in result.figures.items()}
    named = ", ".join(f"{tool} {version}" if tool != "floor" else version for tool, version in sorted(versions.items()))
    return "\n\n".join([*lines, f"Measured: {named}."]) + "\n"


def figures(results: Mapping[str, Result], plots: Mapping[str, str]) -> str:
    """Everything between the marks; `plots`: what each shows, by file name."""
    if not results:
        return NOTHING
    bracketed = "In brackets: the floor's.\n"
    parts = [origin(results), "## Beside the floor\n", bracketed, own_table(TABLE, results)]
    if any(peer in result.figures for result in results.values() for peer in PEERS):
        parts += ["## Beside others\n", peer_table(results)]
    if any(work.name in results for work in CURVES):
        parts += ["## How the cost grows\n", own_table(CURVES, results)]
    parts += [f"![{what}]({name})\n" for name, what in plots.items()]
    return "\n".join(parts)


def written(text: str, between: str) -> str:
    """The page's text with the figures as they are now."""
    pattern = re.compile(f"{re.escape(MARKS[0])}.*?{re.escape(MARKS[1])}", re.DOTALL)
    return pattern.sub(lambda _: MARKS[0] + between + MARKS[1], text)


def write_page(results: Mapping[str, Result], docs: Path = DOCS) -> None:
    """Draw the plots and put the figures into the page."""
    from benchmarks.plots import draw

    page = docs / PAGE.name
    page.write_text(written(page.read_text(encoding="utf-8"), figures(results, draw(results, docs))), encoding="utf-8")
