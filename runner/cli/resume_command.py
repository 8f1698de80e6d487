"""`pbrun --resume [RUN|FILE]`: go on with a run that was killed or interrupted, exactly where it stood."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace

from runner.cli import flags
from runner.errors import OptionError, PbrunError
from runner.model.options import Options
from runner.model.past import Policy

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
    made.add_argument("--indeterminate", choices=[policy.value for policy in Policy], default="fail",
                      help="a step that may have run and may not simply run again: stop its host (fail, default), "
                           "run it again, or skip it")  # fmt: skip
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
    if broken.end is not None:
        print(f"the run {broken.run} has ended ({broken.end.status}): nothing is left to resume")
        return 0
    if broken.start.check:
        raise OptionError("a dry run changes nothing: run it again instead of resuming it")
    from runner.cli.carry_out import go_on

    words = broken.words
    os.chdir(broken.start.cwd)
    return go_on(
        broken, _options(found, words, broken.start.plan), argv, Policy(found.indeterminate), found.resume_changed
    )


def _options(found: argparse.Namespace, words: Sequence[str], plan: str) -> Options:
    """The options of the run, with those of now that may differ. Raises OptionError."""
    from runner.cli import apply_command
    from runner.cli.main import command_of
    from runner.cli.play_command import options_of

    name, rest = command_of(words)
    options = apply_command.to_go_on(rest, plan) if name == "apply" else options_of(words)
    return replace(
        options,
        forks=found.forks or options.forks,
        output=found.output or options.output,
        verbosity=found.verbosity or options.verbosity,
    )


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
