"""`--output plain`: lines that grep can read, like those of Ansible's default output."""

from __future__ import annotations

from typing import Final

from runner.model.call import Carried
from runner.model.event import (
    Event,
    HandlerNotified,
    HostLost,
    Notice,
    PlayStart,
    Record,
    RunEnd,
    TaskOutput,
    TaskResult,
    TaskStart,
)
from runner.reporters import ReporterContext, _ci, _recap, _words
from runner.reporters._diffs import unified
from runner.reporters._lineup import Lineup
from runner.reporters._progress import Progress
from runner.reporters._rounds import Rounds
from runner.reporters._visible import visible

MIN_STARS: Final = 3


class Plain:
    """Prints each result under the banner of its task, task by task; a banner comes again if a host was too slow."""

    def __init__(self, context: ReporterContext) -> None:
        self._out = _ci.stream(context.out, context.ci, colour=context.colour)
        self._err = _ci.stream(context.err, context.ci, colour=context.colour)
        self._width = context.width
        self._verbosity = context.verbosity
        self._hidden, self._diff_context = context.hidden, context.diff_context
        self._shows_stats = context.custom_stats
        self._play = ""
        self._task: tuple[str, str] | None = None
        self._paths: dict[str, str] = {}
        self._rounds = Rounds()
        self._progress = Progress()
        self._lineup = Lineup(self._progress.is_over)
        self._known: dict[str, str] = {}  # the plays of the tasks that had a result
        self._lost: dict[str, str] = {}
        self._job = _ci.Job(context.ci, context.ci_root)
        self._now = 0.0

    def see(self, record: Record) -> None:
        """Print what the record says, if it is for a reader."""
        event: Event = record.event
        self._now = record.ts
        if isinstance(event, TaskResult):
            self._lineup.add((event.play, event.task_id), event, record.ts)
            self._known[event.task_id] = event.play
            self._job.result(event)
        elif isinstance(event, TaskStart):
            self._paths[event.task_id] = event.path
            self._job.place(event.task_id, event.path)
        elif isinstance(event, TaskOutput):
            self._enter_task(event)
            for row in _words.printed(event):
                self._out.line(row, "dim")
        elif isinstance(event, PlayStart):
            self._play_start(event)
        elif isinstance(event, Notice):
            self._notice(event)
        elif isinstance(event, HostLost):
            self._lost[event.host] = event.reason
        elif isinstance(event, HandlerNotified) and self._verbosity > 1:
            self._lineup.add((self._known.get(event.by_task_id, ""), event.by_task_id), event, record.ts)
        elif isinstance(event, RunEnd):
            self._end(event)
        self._progress.see(event)
        for entry in self._lineup.due(record.ts):
            self._entry(entry)

    def carried(self, news: Carried) -> None:
        """Lines that stay say nothing of what is under way."""

    def close(self) -> None:
        """What waits for its turn is still to be told of, and hosts that were lost without a result of theirs."""
        self._rest()
        self._tell_job()

    def suspend(self) -> None:
        """Somebody else writes to the terminal now: what waits for its turn is told first."""
        self._rest()

    def resume(self) -> None:
        """The terminal is ours again."""

    def _entry(self, entry: TaskResult | HandlerNotified) -> None:
        if isinstance(entry, TaskResult):
            self._result(entry)
        else:
            self._out.line(f"NOTIFIED HANDLER {visible(entry.handler)} for {visible(entry.host)}", "ok")

    def _rest(self) -> None:
        for entry in self._lineup.rest():
            self._entry(entry)
        self._tell_lost()

    def _banner(self, text: str) -> None:
        stars = max(MIN_STARS, self._width - len(text))
        self._out.line(f"\n{text} {'*' * stars}")

    def _play_start(self, event: PlayStart) -> None:
        self._rest()
        self._enter_play(event.play)
        if not event.hosts:
            self._out.line("skipping: no hosts matched", "skipped")

    def _enter_play(self, name: str) -> None:
        self._play, self._task = name, None
        title = f"PLAY [{visible(name)}]"
        for text in self._job.opened(title, self._now):
            self._out.command(text)
        self._banner(title)

    def _enter_task(self, result: TaskResult | TaskOutput) -> None:
        if result.play != self._play:
            self._enter_play(result.play)
        if self._task == (result.task_id, result.task):
            return
        self._task = (result.task_id, result.task)
        self._banner(f"{'RUNNING HANDLER' if result.handler else 'TASK'} [{visible(result.title)}]")
        if self._verbosity > 1 and self._paths.get(result.task_id):
            self._out.line(f"task path: {visible(self._paths[result.task_id])}", "dim")

    def _result(self, result: TaskResult) -> None:
        bad = result.status in _words.BAD
        if bad:
            self._lost.pop(result.delegate or result.host, None)
        if self._rounds.tells(result) and result.status not in self._hidden:
            self._enter_task(result)
            self._show(result, bad)
        if result.final and result.ignored:
            self._enter_task(result)
            self._out.line("...ignoring", "skipped")

    def _show(self, result: TaskResult, bad: bool) -> None:
        if result.show_diff and result.changed:
            self._diffs(result)
        style = _words.style(result)
        said = "" if bad and not self._verbosity else _words.report(result, self._verbosity)
        self._out.line(_words.headline(result) + (f" => {said}" if said else ""), style)
        if bad:
            for row in _words.details(result, self._verbosity):
                self._out.line(row, style)

    def _diffs(self, result: TaskResult) -> None:
        for diff in result.diff:
            rows = list(unified(diff, self._diff_context))
            for text, style in rows:
                self._out.line(text, style)
            if rows:
                self._out.line()

    def _notice(self, event: Notice) -> None:
        self._out.flush()
        place = f"[{visible(event.host)}]: " if event.host else ""
        warning = event.level == "warning"
        text = visible(event.message, rows=True).replace("\n", "\n    ")
        self._err.line(f"[{event.level.upper()}]: {place}{text}", "warning" if warning else "")

    def _tell_lost(self) -> None:
        for name, why in self._lost.items():
            self._out.line(f"fatal: [{visible(name)}]: UNREACHABLE! => {visible(why)}", "unreachable")
        self._lost.clear()

    def _tell_job(self) -> None:
        for text in (*self._job.closed(self._now), *self._job.annotations()):
            self._out.command(text)

    def _end(self, event: RunEnd) -> None:
        self._rest()
        self._tell_job()
        self._banner("PLAY RECAP")
        for text, style in _recap.lines(event.hosts):
            self._out.line(text, style)
        self._out.line()
        if event.stats and self._shows_stats:
            self._banner("CUSTOM STATS:")
            for text in _recap.stats_lines(event.stats):
                self._out.line(f"\t{text}")
            self._out.line()


def create(context: ReporterContext) -> Plain:
    """A reporter for pipes, files and CI."""
    return Plain(context)
