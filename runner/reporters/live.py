"""`--output live`: on a terminal, results folded into few lines, and below them how far the run is."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Final, TextIO, cast

from runner.model.call import Carried
from runner.model.event import Event, HostLost, Notice, PlayStart, Record, RunEnd, RunStart, TaskOutput, TaskResult
from runner.reporters import ReporterContext, _ci, _recap, _words
from runner.reporters._diffs import unified
from runner.reporters._fold import Block, Fold, names
from runner.reporters._picture import picture
from runner.reporters._progress import Progress
from runner.reporters._rounds import Rounds
from runner.reporters._visible import visible

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.live import Live as Display

REFRESH_PER_S: Final = 8
MANY_HOSTS: Final = 20  # from here on, hosts with the same counts share a line of the recap
NAME_WIDTH: Final = 32

_STYLES: Final = {
    "ok": "green",
    "changed": "yellow",
    "skipped": "cyan",
    "failed": "red",
    "unreachable": "bold red",
    "unknown": "magenta",
    "warning": "bold magenta",
    "added": "green",
    "removed": "red",
    "hunk": "cyan",
    "dim": "dim",
    "": "",
}


class Live:
    """Prints lasting lines above a display that is drawn anew eight times a second, by a thread of rich's."""

    def __init__(self, context: ReporterContext, console: Console | None = None) -> None:
        from rich.console import Console

        self._verbosity = context.verbosity
        self._hidden, self._diff_context = context.hidden, context.diff_context
        self._shows_stats = context.custom_stats
        self._console = console or Console(
            file=cast(TextIO, _ci.stream(context.out, context.ci)),
            force_terminal=context.is_tty,
            no_color=not context.colour,
            highlight=False,
            markup=False,
            emoji=False,
        )
        # Only around the progress, which rich's thread reads; never while printing, which takes rich's own lock.
        self._lock = threading.Lock()
        self._progress = Progress()
        self._fold = Fold(self._progress.is_over)
        self._rounds = Rounds()
        self._begun = time.monotonic()
        self._banner = ""
        self._failures: dict[tuple[str, ...], list[str]] = {}
        self._lost: dict[str, str] = {}
        self._display = self._new_display()

    def _new_display(self) -> Display:
        from rich.live import Live as Display

        return Display(
            console=self._console,
            get_renderable=self._picture,
            refresh_per_second=REFRESH_PER_S,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def see(self, record: Record) -> None:
        """Take a record in, and print what can be printed."""
        event: Event = record.event
        if isinstance(event, RunStart):
            self._display.start()
        elif isinstance(event, PlayStart):
            self._play_start(event)
        elif isinstance(event, TaskResult):
            self._result(event, record.ts)
        elif isinstance(event, TaskOutput):
            self._head(_task_banner(event.title, event.handler))
            for row in _words.printed(event):
                self._print(row, "dim")
        elif isinstance(event, HostLost):
            self._lost[event.host] = event.reason
        elif isinstance(event, Notice):
            self._notice(event)
        with self._lock:
            self._progress.see(event)
        for block in self._fold.ripe(record.ts):
            self._block(block)
        if isinstance(event, RunEnd):
            self._end(event)

    def carried(self, news: Carried) -> None:
        """How far a long transfer is."""
        with self._lock:
            self._progress.transfers.see(news)

    def close(self) -> None:
        """Show what is held back and give the terminal up."""
        self._rest()
        self._display.stop()

    def suspend(self) -> None:
        """Take the display away: somebody else (a prompt) writes to the terminal now."""
        self._rest()
        self._display.stop()

    def resume(self) -> None:
        """The terminal is ours again. A display that was used before would begin by wiping the lines above it."""
        self._display = self._new_display()
        self._display.start()

    def _picture(self) -> RenderableType:
        with self._lock:
            return picture(self._progress, time.monotonic() - self._begun)

    def _print(self, text: str = "", style: str = "") -> None:
        from rich.text import Text

        self._console.print(Text(text, style=_STYLES[style]), soft_wrap=True)

    def _head(self, text: str) -> None:
        if text != self._banner:
            self._banner = text
            self._print()
            self._print(text, "")

    def _play_start(self, event: PlayStart) -> None:
        self._rest()
        self._failures.clear()
        self._banner = ""
        part = f" ({event.batch + 1} of {event.batches})" if event.batches > 1 else ""
        self._head(f"PLAY [{visible(event.play)}]{part}")
        if not event.hosts:
            self._print("skipping: no hosts matched", "skipped")

    def _result(self, result: TaskResult, now: float) -> None:
        bad = result.status in _words.BAD
        if bad:
            self._lost.pop(result.delegate or result.host, None)
        if self._rounds.tells(result):
            if bad:
                self._failure(result)
            elif result.status not in self._hidden:
                self._fold.add(result, _words.report(result, self._verbosity), now)
        elif bad and result.ignored:
            self._print(f"{_words.host(result)}: ...ignoring", "skipped")

    def _failure(self, result: TaskResult) -> None:
        """In full and at once; the same failure of further hosts is counted, and told at the end of its task."""
        rows = tuple(_words.details(result, self._verbosity))
        key = (result.task_id, _words.word(result), _words.item(result), _words.reason(result), *rows)
        if key in self._failures:
            self._failures[key].append(result.host)
            return
        self._failures[key] = []
        self._head(_task_banner(result.title, result.handler))
        self._print(_words.headline(result), _words.style(result))
        for row in rows:
            self._print(row, _words.style(result))
        if result.ignored:
            self._print("...ignoring", "skipped")

    def _block(self, block: Block) -> None:
        self._head(_task_banner(block.task, block.handler))
        for heap in block.heaps.values():
            example = heap.example
            if example.show_diff and example.changed:
                for diff in example.diff:
                    for text, style in unified(diff, self._diff_context):
                        self._print(text, style)
            item, said = _words.item(example), _words.report(example, self._verbosity)
            parts = [
                f"{_words.word(example)}: {names(heap.hosts)}",
                *([item] if item else []),
                *([said] if said else []),
            ]
            self._print(" => ".join(parts), _words.style(example))

    def _notice(self, event: Notice) -> None:
        place = f"[{visible(event.host)}]: " if event.host else ""
        text = visible(event.message, rows=True).replace("\n", "\n    ")
        self._print(f"[{event.level.upper()}]: {place}{text}", "warning" if event.level == "warning" else "")

    def _rest(self) -> None:
        """Print everything that is held back."""
        for block in self._fold.rest():
            self._block(block)
        for key, hosts in self._failures.items():
            if hosts:
                self._print(f"{key[1]}: {names(hosts)} as well => {key[3]}", "failed")
                hosts.clear()
        for host, why in self._lost.items():
            self._print(f"fatal: [{visible(host)}]: UNREACHABLE! => {visible(why)}", "unreachable")
        self._lost.clear()

    def _end(self, event: RunEnd) -> None:
        self._rest()
        self._display.stop()
        self._print()
        self._print("PLAY RECAP")
        heaps: dict[Any, list[str]] = {}
        for name, recap in event.hosts.items():
            heaps.setdefault(recap if len(event.hosts) > MANY_HOSTS else name, []).append(name)
        shown = [
            (visible(hosts[0]) if len(hosts) == 1 else names(hosts), event.hosts[hosts[0]]) for hosts in heaps.values()
        ]
        width = min(NAME_WIDTH, max((len(name) for name, _counts in shown), default=0))
        for name, recap in shown:
            self._print(f"{name:<{width}} : {_recap.brief(recap)}", _recap.style(recap))
        if event.stats and self._shows_stats:
            self._print("CUSTOM STATS")
            for text in _recap.stats_lines(event.stats):
                self._print(f"  {text}")


def _task_banner(name: str, handler: bool) -> str:
    return f"{'RUNNING HANDLER' if handler else 'TASK'} [{visible(name)}]"


def create(context: ReporterContext) -> Live:
    """A reporter for terminals."""
    return Live(context)
