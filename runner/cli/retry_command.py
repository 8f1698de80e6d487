"""`pbrun retry RUN`: a new run of the hosts that failed or could not be reached, from the task where they did."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace

from runner.cli import flags
from runner.errors import OptionError
from runner.model.options import Options
from runner.model.plan import Kind

DESCRIPTION = """\
Begins a new run of an earlier one's playbooks, with its options, for the hosts that failed there or could not be
reached: from the first task that failed on one of them. What tasks before it registered is not known to this run.
"""

EXAMPLES = """
  pbrun retry                                       the newest run
  pbrun retry 3f2a                                  the run whose id begins so
  pbrun retry run.jsonl                             the last run of this log
"""


def parser() -> flags.Parser:
    """The flags of `pbrun retry`."""
    made = flags.Parser("pbrun retry", DESCRIPTION, EXAMPLES, usage="pbrun retry [RUN|FILE]")
    made.add_argument("run", nargs="?", default="last", metavar="RUN|FILE",
                      help="the run's id, its beginning, or its log (default: the newest run)")  # fmt: skip
    return made


def run(words: Sequence[str], argv: Sequence[str]) -> int:  # noqa: ARG001 - what counts is the earlier command line
    """Run again what failed; the exit code. Raises PbrunErrors."""
    from runner.cli.carry_out import carry_out
    from runner.cli.play_command import options_of
    from runner.resuming import find

    found = find(parser().read(words).run, os.environ, ended=True)
    if found is None:
        raise OptionError("there is no run to retry")
    losses = found.losses()
    if not losses:
        print(f"no host failed in the run {found.run}: nothing is left to retry")
        return 0
    os.chdir(found.start.cwd)
    hosts = ",".join(dict.fromkeys(loss.host for loss in losses))
    again = [*found.words, "--limit", hosts]
    first = _first(options_of(again), [loss.task_id for loss in losses])
    if first:
        again += ["--start-at-task", first]
    print(f"pbrun: retrying the run {found.run} on {hosts}" + (f", from {first!r}" if first else ""), file=sys.stderr)
    return carry_out(replace(options_of(again), parent=found.run), again)


def _first(options: Options, failed: Sequence[str]) -> str:
    """The name of the first of the tasks in the plan; "" if one is none of its tasks (a handler, or included)."""
    from runner.preparation import prepare

    nodes = [node for play in prepare(options).plan.plays for node in play.nodes if node.kind is Kind.TASK]
    places = {node.task.id: number for number, node in enumerate(nodes)}
    if not all(task in places for task in failed):
        return ""
    return str(nodes[min(places[task] for task in failed)].task.name)
