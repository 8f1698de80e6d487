"""What a workload's goals measure, and whether they are reached."""

from __future__ import annotations

from benchmarks.measure import Run
from benchmarks.workloads import Goal, Workload


def value(goal: Goal, work: Workload, floor: Run, own: Run) -> float:
    """The figure that a goal limits."""
    match goal.measure:
        case "ratio":
            return own.wall_s / floor.wall_s
        case "wall_s":
            return own.wall_s
        case "memory_mib":
            return own.memory_mib
        case "ms_a_task":
            return 1000 * own.wall_s / (work.hosts * len(work.steps))
        case "more_trips":
            return own.trips - floor.trips


def text(goal: Goal, figure: float) -> str:
    """A figure, or a limit, with its unit."""
    match goal.measure:
        case "ratio":
            return f"{figure:.2f} x floor"
        case "wall_s":
            return f"{figure:.2f} s"
        case "memory_mib":
            return f"{figure:.0f} MiB"
        case "ms_a_task":
            return f"{figure:.2f} ms a host and task"
        case "more_trips":
            return f"{figure:.0f} round trips more"


def verdict(goal: Goal, work: Workload, floor: Run, own: Run) -> str:
    """What was reached of what was wanted."""
    figure = value(goal, work, floor, own)
    reached = "reached" if figure <= goal.limit else "**missed**"
    return f"{text(goal, figure)}, wanted {text(goal, goal.limit)}: {reached}"
