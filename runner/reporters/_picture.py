"""The live display: one line of counts, a bar, and the tasks under way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from runner.reporters._fold import names
from runner.reporters._progress import PlayProgress, Progress, TaskProgress
from runner.reporters._visible import visible

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table
    from rich.text import Text

MAX_TASKS: Final = 5
HOSTS_WIDTH: Final = 32


def picture(progress: Progress, elapsed_s: float) -> RenderableType:
    """What stands below the lasting lines; nothing before the first play."""
    from rich.console import Group
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    rows: list[RenderableType] = []
    for play in progress.shown():
        head = Table.grid(expand=True, padding=(0, 1))
        head.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
        head.add_column(no_wrap=True)
        head.add_column(justify="right", no_wrap=True)
        head.add_row(Text(f"PLAY {visible(play.name)}"), _counts(play), Text(clock(elapsed_s)))
        bar = Table.grid(expand=True)  # a bare bar does not end its line
        bar.add_row(ProgressBar(total=1.0, completed=play.share, complete_style="green", finished_style="green"))
        rows += [Text(), head, bar]  # apart from the lasting lines above
        current = play.current()
        rows += [_task_row(task) for task in current[:MAX_TASKS]]
        if len(current) > MAX_TASKS:
            rows.append(Text(f"  and {len(current) - MAX_TASKS} more tasks", style="dim"))
    rows += [Text(f"  {row}", style="dim", no_wrap=True) for row in progress.transfers.rows(MAX_TASKS)]
    return Group(*rows)


def clock(seconds: float) -> str:
    """`0:07`, `12:00`, `1:00:00`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _counts(play: PlayProgress) -> Text:
    from rich.text import Text

    made = Text(f"{len(play.finished)}/{len(play.hosts)} hosts done", style="green")
    made.append(f" · {len(play.running)} running", style="default")
    if play.out:
        made.append(f" · {len(play.out)} failed", style="bold red")
    return made


def _task_row(task: TaskProgress) -> Table:
    from rich.table import Table
    from rich.text import Text

    row = Table.grid(expand=True, padding=(0, 1))
    row.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    row.add_column(no_wrap=True)
    row.add_column(no_wrap=True, max_width=HOSTS_WIDTH, overflow="ellipsis")
    hosts = list(task.running)
    row.add_row(
        Text(f"  {visible(task.name)}"),
        Text(f"{len(task.done)}/{len(task.done) + len(hosts)} done ·", style="dim"),
        Text(names(hosts), style="dim"),
    )
    return row
