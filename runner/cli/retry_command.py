"""`pbrun retry RUN`: a new run of the hosts that failed or could not be reached, from the task where they did."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace

from runner.cli import flags
from runner.errors import OptionError
from runner.model.call import Status
from runner.model.options import Options
from runner.model.plan import Kind
from runner.model.playbook import Task

DESCRIPTION = """\
Begins a new run of an earlier one's playbooks, with its options, for the hosts that failed there or could not be
reached: from the first task that failed on one of them. What tasks before it registered is not known to this run.
"""

EXAMPLES = """
  pbrun retry                                       the newest run
  pbrun retry 3f2a                                  the run whose id begins so
  pbrun retry run.jsonl                             the last run of this log
  pbrun retry 3f2a --indeterminate skip             not again what may or may not have run
"""


def parser() -> flags.Parser:
    """The flags of `pbrun retry`."""
    made = flags.Parser("pbrun retry", DESCRIPTION, EXAMPLES, usage="pbrun retry [RUN|FILE]")
    made.add_argument("run", nargs="?", default="last", metavar="RUN|FILE",
                      help="the run's id, its beginning, or its log (default: the newest run)")  # fmt: skip
    made.add_argument("--indeterminate", choices=("rerun", "skip"), default="rerun",
                      help="at a step that may or may not have run (rerun, default), or behind it")  # fmt: skip
    return made


def run(words: Sequence[str], argv: Sequence[str]) -> int:  # noqa: ARG001 - what counts is the earlier command line
    """Run again what failed; the exit code. Raises PbrunErrors."""
    from runner.cli.carry_out import carry_out
    from runner.cli.main import command_of
    from runner.cli.play_command import options_of
    from runner.resuming import find

    wanted = parser().read(words)
    found = find(wanted.run, os.environ, ended=True)
    if found is None:
        raise OptionError("there is no run to retry")
    losses = found.losses()
    if not losses:
        print(f"no host failed in the run {found.run}: nothing is left to retry")
        return 0
    if command_of(found.words)[0] == "apply":
        raise OptionError("a plan is applied once: make a new one of what is left to do with 'pbrun plan'")
    os.chdir(found.start.cwd)
    hosts = ",".join(dict.fromkeys(loss.host for loss in losses))
    again = [*found.words, "--limit", hosts]
    skip = wanted.indeterminate == "skip"
    failed = [(loss.task_id, int(skip and loss.status is Status.INDETERMINATE)) for loss in losses]
    try:
        first = _first(options_of(again), failed)
    except IndexError:
        print(f"nothing comes behind the steps of the run {found.run} that may or may not have run")
        return 0
    if first is None and any(behind for _, behind in failed):
        raise OptionError(
            "what comes behind a handler or a step that was included cannot be told: leave --indeterminate out"
        )
    start = ""
    if first is not None:
        task, alone = first
        again += ["--start-at-task", str(task.name) if alone else task.id]
        start = f", from {str(task.name)!r}"
    print(f"pbrun: retrying the run {found.run} on {hosts}{start}", file=sys.stderr)
    return carry_out(replace(options_of(again), parent=found.run), again)


def _first(options: Options, failed: Sequence[tuple[str, int]]) -> tuple[Task, bool] | None:
    """The first of the tasks in the plan, or the one so many behind it, and whether it is the first of its name; None
    if one is none of the plan's tasks (a handler, or included). Raises IndexError if nothing comes there."""
    from runner.plan.select import matches_start
    from runner.preparation import prepare

    nodes = [node for play in prepare(options).plan.plays for node in play.nodes if node.kind is Kind.TASK]
    places = {node.task.id: number for number, node in enumerate(nodes)}
    if not all(task in places for task, _ in failed):
        return None
    first = nodes[min(places[task] + behind for task, behind in failed)]
    return first.task, next(node for node in nodes if matches_start(node, str(first.task.name))) is first
