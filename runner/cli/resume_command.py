"""`pbrun --resume [RUN|FILE]`: go on with a run that was killed or interrupted, exactly where it stood."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from runner.cli import flags
from runner.errors import LogMismatch, OptionError, PbrunError
from runner.journal.place import runs_folder
from runner.model.event import UNDECIDED
from runner.model.options import Options
from runner.model.past import Policy

if TYPE_CHECKING:
    from runner.plans.saved import SavedPlan
    from runner.resuming import BrokenOff

DESCRIPTION = """\
Goes on with a run that was killed or interrupted, exactly where it stood: what has ended is not run again, and hosts
know what they knew. Playbooks, inventory, limit, tags and variables are those of the run; its log goes on in its file.
"""

EXAMPLES = """
  pbrun --resume                                    the newest run that has not ended
  pbrun --resume 3f2a                               the run whose id begins so
  pbrun --resume run.jsonl --indeterminate rerun    run again what may or may not have run

exit codes are those of the run, and 6: a step may or may not have run, and its host was stopped there
"""


def asked_for(words: Sequence[str]) -> bool:
    """Whether the command line is one of `--resume`."""
    before = words[: words.index("--")] if "--" in words else words
    return any(word == "--resume" or word.startswith("--resume=") for word in before)


def parser() -> flags.Parser:
    """The flags that may stand beside `--resume`."""
    made = flags.Parser("pbrun --resume", DESCRIPTION, EXAMPLES, usage="pbrun --resume [RUN|FILE] [options]")
    made.add_argument("--resume", nargs="?", const="last", metavar="RUN|FILE", required=True,
                      help="the run's id, its beginning, or its log (default: the newest not ended)")  # fmt: skip
    made.add_argument("--indeterminate", choices=[policy.value for policy in Policy],
                      help="a step that may have run and may not simply run again: stop its host (fail), run it again, "
                           "or skip it (default: what its task says, resume: …, or else fail)")  # fmt: skip
    made.add_argument("--resume-changed", action="store_true", help="go on although files or options have changed")
    made.add_argument("-f", "--forks", type=flags.positive, metavar="N", help="hosts worked on at the same time")
    made.add_argument("--output", choices=flags.OUTPUTS, help="how to show the run")
    made.add_argument("-v", "--verbose", dest="verbosity", action="count", default=0, help="show more (up to -vvvv)")
    return made


def run(words: Sequence[str], argv: Sequence[str]) -> int:
    """Go on with a run; the exit code. Raises PbrunErrors."""
    from runner.resuming import find

    found = parser().read(words)
    broken = find(found.resume, os.environ)
    if broken is None:
        print("every run in the log folder has ended: nothing is left to resume")
        return 0
    undecided = broken.end is not None and broken.end.status == UNDECIDED
    if undecided and found.indeterminate in (None, str(Policy.FAIL)):
        return tell_undecided(broken)
    if broken.end is not None and not undecided:
        print(f"the run {broken.run} has ended ({broken.end.status}): nothing is left to resume")
        return 0
    if broken.start.check:
        raise OptionError("a dry run changes nothing: run it again instead of resuming it")
    from runner.cli.carry_out import go_on

    words = broken.words
    os.chdir(broken.start.cwd)
    options, plan = _options(found, words, broken.start.plan)
    policy = Policy(found.indeterminate) if found.indeterminate else None
    try:
        return go_on(broken, options, argv, policy, found.resume_changed, plan)
    except LogMismatch:
        if not undecided or found.resume_changed:
            raise
        return tell_gone_on(broken)


def _options(found: argparse.Namespace, words: Sequence[str], plan: str) -> tuple[Options, SavedPlan | None]:
    """The options of the run, with those of now that may differ; and the plan that it applies. Raises OptionError."""
    from runner.cli import apply_command
    from runner.cli.main import command_of
    from runner.cli.play_command import options_of

    name, rest = command_of(words)
    options, applied = apply_command.to_go_on(rest, plan) if name == "apply" else (options_of(words), None)
    options = replace(
        options,
        forks=found.forks or options.forks,
        output=found.output or options.output,
        verbosity=found.verbosity or options.verbosity,
    )
    return options, applied


def tell_undecided(run: BrokenOff) -> int:
    """Say which steps of a run that is over may or may not have run, and how that is decided; the exit code."""
    from runner.engine import INDETERMINATE
    from runner.reporters import visible

    name = named(run)
    print("pbrun: steps that may or may not have run:", file=sys.stderr)
    for step in run.results():
        if step.final and step.undecided:
            print(f"  {visible(step.host)}: {visible(step.title)!r}", file=sys.stderr)
    print(
        "look at these hosts, then go on with one of\n"
        f"  pbrun --resume {name} --indeterminate rerun   (they run again)\n"
        f"  pbrun --resume {name} --indeterminate skip    (they count as skipped)",
        file=sys.stderr,
    )
    return INDETERMINATE


def tell_gone_on(run: BrokenOff) -> int:
    """Say why a run whose hosts were stopped cannot be taken up again there, and what can be done; the exit code."""
    from runner.cli.main import command_of
    from runner.engine import INDETERMINATE

    name = named(run)
    again = (
        "Begin a new run of those that were stopped:\n"
        f"  pbrun retry {name}                        (with the step, which runs again)\n"
        f"  pbrun retry {name} --indeterminate skip   (behind it)"
    )
    if command_of(run.words)[0] == "apply":
        again = "Make a new plan with 'pbrun plan'."
    print(
        f"pbrun: the run {run.run} cannot be taken up again where hosts were stopped: others would have waited "
        f"for them there, and went on without them. Nothing was run. {again}",
        file=sys.stderr,
    )
    return INDETERMINATE


def named(run: BrokenOff) -> str:
    """How the run is named on the command line: by its id, if its log is where logs are."""
    return run.run if run.path.parent == runs_folder(os.environ) else str(run.path)


def refuse(changes: Sequence[str]) -> None:
    """Say what has changed. Raises PbrunError if anything has."""
    if changes:
        lines = "\n".join(f"  {change}" for change in changes)
        raise PbrunError(
            f"the run cannot go on as it began, since something has changed:\n{lines}\n"
            "undo that, begin a new run, or go on all the same with --resume-changed"
        )


def allow(changes: Sequence[str]) -> None:
    """Say what has changed, and go on."""
    for change in changes:
        print(f"pbrun: changed since the run began: {change}", file=sys.stderr)
