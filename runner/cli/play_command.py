"""`pbrun PLAYBOOK...`: run playbooks, or only list what is in them."""

from __future__ import annotations

import argparse
import gc
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from runner.cli import flags, resume_command
from runner.cli.main import COMMANDS, command_of
from runner.cli.options import playbook_options
from runner.errors import OptionError
from runner.model.options import Options

DESCRIPTION = """\
Makes hosts match Ansible-style playbooks, over SSH. Targets need sshd and a POSIX shell, nothing else.

commands ('pbrun COMMAND --help' says more):
{commands}
"""

EXAMPLES = """
  pbrun site.yaml -i prod.yaml                      run a playbook
  pbrun site.yaml -i prod.yaml --check --diff       what would change?
  pbrun site.yaml -i prod.yaml -l web -t config     only some hosts, only some tasks
  pbrun site.yaml -i 'web1,web2,' -e release=1.4    hosts and a variable from the command line
  pbrun exec web -i prod.yaml -b -- systemctl restart nginx
  pbrun --resume                                    go on with the run that was interrupted

exit codes:
  0 fine, 1 error, 2 a task failed, 4 a host is unreachable or the input has mistakes, 5 wrong options,
  6 a step of a resumed run may or may not have run, 8 the log cannot be written, 99 interrupted
"""


def parser() -> flags.Parser:
    """The flags of `pbrun PLAYBOOK...`."""
    commands = "\n".join(f"  {name:<10}{text}" for name, text in COMMANDS.items())
    made = flags.Parser(
        "pbrun", DESCRIPTION.format(commands=commands), EXAMPLES, usage="pbrun [COMMAND] PLAYBOOK... -i INV [options]"
    )
    made.add_argument("playbooks", nargs="+", metavar="PLAYBOOK", help="playbook files")
    made.add_argument("--version", action="store_true", help="print the version")
    flags.add_target_flags(made)
    flags.add_playbook_flags(made)
    flags.add_run_flags(made)
    flags.add_vault_flags(made)
    flags.add_connection_flags(made)
    group = made.add_argument_group("go on with a run that was killed or interrupted (pbrun --resume --help)")
    group.add_argument("--resume", nargs="?", const="last", metavar="RUN|FILE",
                       help="the newest one, or that of this id or log; what has ended is not run again")  # fmt: skip
    return made


def options_of(argv: Sequence[str]) -> Options:
    """The options of an earlier run's whole command line. Raises `OptionError` (also if it is that of another command)
    and `InputErrors`."""
    name, rest = command_of(argv)
    if name != "play":
        raise OptionError(f"this was a run of `pbrun {name}`: begin it anew")
    return playbook_options(parser().read(rest))


def check_playbooks(names: Sequence[str]) -> None:
    """Raises `OptionError` for a command's name that stands in the wrong place."""
    for name in names:
        if name in COMMANDS and not Path(name).exists():
            raise OptionError(f"the command {name!r} must come first: pbrun {name} …")


def run(words: Sequence[str], argv: Sequence[str]) -> int:
    """Run or list; the exit code. Raises `PbrunError`s."""
    if "--version" in words:
        from runner import __version__

        print(f"pbrun {__version__}")
        return 0
    if resume_command.asked_for(words):
        return resume_command.run(words, argv)
    found = parser().read(words)
    check_playbooks(found.playbooks)
    options = playbook_options(found)
    if found.syntax_check or found.list_hosts or found.list_tasks or found.list_tags:
        return look(options, found)
    from runner.cli.carry_out import carry_out

    return carry_out(options, argv)


def look(options: Options, found: argparse.Namespace) -> int:
    """Print what was asked for and open no connection."""
    from runner.cli import listing
    from runner.cli.carry_out import prepared_or_told

    # All that a listing makes stays until its end, which is near: there is nothing to collect.
    gc.disable()
    # Whatever else is said, --syntax-check lists nothing, and listings begin at the first task.
    options = replace(options, start_at_task=None)
    lists = not found.syntax_check
    prepared = prepared_or_told(options, look=lists)
    wanted = listing.Wanted(lists and found.list_hosts, lists and found.list_tasks, lists and found.list_tags)
    for name in options.playbooks:
        # Ansible lists each file of the command line with its own plays; one alone is what was just prepared.
        alone = len(options.playbooks) == 1
        own = prepared if alone else prepared_or_told(replace(options, playbooks=(name,)), look=lists)
        print(f"\nplaybook: {name}")
        if any((wanted.hosts, wanted.tasks, wanted.tags)):
            for index, play in enumerate(own.plan.plays):
                shown = replace(play, play=own.shown(play.play))
                print(listing.describe_play(index, shown, own.hosts_of(index), wanted))
    return 0
