"""`pbrun log show`: what a run did, task by task and host by host, from its log."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from runner.cli import flags
from runner.cli.log_report import history_of

if TYPE_CHECKING:
    from runner.history import Run, Task
    from runner.model.event import TaskIntent, TaskResult

DESCRIPTION: Final = """\
Shows a run from its log: plays, tasks, how each ended on each host, and the output of what failed. With --task, --host
or --predictions the output of all that is shown. RUN is a log file, the id of a run (or its beginning), or 'last'.
"""

EXAMPLES: Final = """
  pbrun log show last
  pbrun log show last --failed
  pbrun log show 3f2a --host 'web*' --task 'Install*'
  pbrun log show last --predictions                   where 'pbrun apply' did not find what its plan foretold
  pbrun log show last --json | jq .                   the results as the log has them
"""


def run(words: Sequence[str], argv: Sequence[str]) -> int:  # noqa: ARG001
    """Print what is asked for; the exit code. Raises `PbrunError`s."""
    from runner.reporters import visible
    from runner.reports.words import facts, outcome

    found = parser().read(words)
    history = history_of(found.run)
    if found.json:
        for _, task in history.tasks():
            for result in _results(task, found):
                print(_as_json(history, result))
        return 0
    if not _chosen(found):
        for name, value in facts(history):
            print(f"{name + ':':<10}{value}")
    for play in history.plays:
        tasks = [(task, list(_results(task, found))) for task in play.tasks]
        shown = [(task, results) for task, results in tasks if results or (task.open and not _chosen(found))]
        if not shown:
            continue
        batch = f" (batch {play.batch + 1} of {play.batches})" if play.batches > 1 else ""
        print(f"\nPLAY {visible(play.name)}{batch}")
        for task, results in shown:
            _task(task, results, found)
    if not _chosen(found):
        _end(history)
        print(f"\n{outcome(history)}")
    return 0


def parser() -> flags.Parser:
    """The options."""
    made = flags.Parser("pbrun log show", DESCRIPTION, EXAMPLES, usage="pbrun log show RUN [options]")
    made.add_argument("run", metavar="RUN", help="a log file, a run's id, or 'last'")
    made.add_argument("--task", metavar="NAME", help="only tasks of this name (* and ? stand for what there is)")
    made.add_argument("--host", metavar="NAME", help="only this host (* and ? stand for what there is)")
    made.add_argument("--failed", action="store_true", help="only what failed, or could not be reached")
    made.add_argument("--predictions", action="store_true",
                      help="only results of 'pbrun apply' that its plan foretold otherwise, or not at all")  # fmt: skip
    made.add_argument("--json", action="store_true", help="the results, a JSON object a line")
    return made


def _chosen(found: argparse.Namespace) -> bool:
    return bool(found.task or found.host or found.failed or found.predictions)


def _results(task: Task, found: argparse.Namespace) -> Iterator[TaskResult]:
    """Those of a task that are asked for."""
    from runner.history import BAD

    if found.task and not any(fnmatchcase(name, found.task) for name in (task.name, task.title)):
        return
    for result in task.results:
        if found.host and not fnmatchcase(result.host, found.host):
            continue
        if found.failed and result.status not in BAD:
            continue
        if found.predictions and not (result.missed or result.foretold == "nothing"):
            continue
        yield result


def _as_json(history: Run, result: TaskResult) -> str:
    from runner.journal import line
    from runner.model.event import Record

    return line(Record(0, history.id, result.end, result)).decode().rstrip("\n")


def _task(task: Task, results: Sequence[TaskResult], found: argparse.Namespace) -> None:
    from runner.history import BAD
    from runner.reporters import visible
    from runner.reports.words import duration, item, state

    kind = "HANDLER" if task.handler else "TASK"
    print(f"  {kind} {visible(task.title)}" + (f"  [{visible(task.path)}]" if task.path else ""))
    for result in results:
        round_ = "" if result.final else f" ({item(result)})"
        said = f": the plan foretold {result.foretold}" if found.predictions else ""
        print(f"    {state(result):<12}{visible(result.host)}{round_}{said}  {duration(result.duration_s)}")
        if result.status in BAD or _chosen(found):
            for text in (*_output(result), *_printed(task, result)):
                print(f"      {text}")
    for intent in () if _chosen(found) else task.open:
        print(f"    {'no answer':<12}{visible(intent.host)}: it was under way, it may or may not have run")
        for text in _printed(task, intent):
            print(f"      {text}")


def _output(result: TaskResult) -> Iterator[str]:
    """What a host said, a line at a time, with nothing in it that a terminal would obey."""
    from runner.reporters import visible

    if result.rc is not None:
        yield f"rc: {result.rc}"
    for name in ("msg", "stdout", "stderr"):
        lines = str(getattr(result, name)).splitlines()
        if len(lines) == 1:
            yield f"{name}: {visible(lines[0])}"
        elif lines:
            yield f"{name}:"
            yield from (f"  {visible(text)}" for text in lines)


def _printed(task: Task, step: TaskIntent | TaskResult) -> Iterator[str]:
    """The last lines of a streamed step that never answered."""
    from runner.reporters import visible

    yield from (f"{stream} | {visible(line)}" for stream, line in task.last_lines(step))


def _end(history: Run) -> None:
    from runner.reporters import visible

    for lost in history.lost:
        print(f"\nlost: {visible(lost.host)} ({lost.phase}): {visible(lost.reason)}")
    if history.recap:
        print()
    for host, recap in history.recap.items():
        counts = ", ".join(f"{name} {getattr(recap, name)}" for name in recap.__slots__ if getattr(recap, name))
        print(f"{visible(host)}: {counts or 'nothing'}")
