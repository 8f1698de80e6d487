"""`pbrun plan PLAYBOOK... -o FILE`: a dry run whose findings are kept, for `pbrun apply` to do exactly that."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from runner.cli import flags
from runner.cli.options import playbook_options
from runner.errors import OptionError
from runner.model.options import Options

DESCRIPTION = """\
Says what a run would do, as --check --diff does, and keeps it in a file: each step with a digest of its arguments and
of what was found on its host. 'pbrun apply FILE' does exactly that, and refuses if anything has changed since.
"""

EXAMPLES = """
  pbrun plan site.yaml -i prod.yaml -o plan.json
  pbrun plan site.yaml -i prod.yaml -o plan.json --detailed-exitcode
  pbrun apply plan.json

exit codes:
  those of a run; with --detailed-exitcode 0 nothing to change, 2 something changes or may run, 1 error
"""


def parser() -> flags.Parser:
    """The flags of `pbrun plan`, which are also those that a plan's own words are read with."""
    made = flags.Parser("pbrun plan", DESCRIPTION, EXAMPLES, usage="pbrun plan PLAYBOOK... -i INV -o FILE [options]")
    made.add_argument("playbooks", nargs="+", metavar="PLAYBOOK", help="playbook files")
    made.add_argument("-o", "--out", required=True, type=flags.not_empty, metavar="FILE", help="the plan's file")
    flags.add_target_flags(made)
    flags.add_playbook_flags(made)
    flags.add_run_flags(made)
    flags.add_vault_flags(made)
    flags.add_connection_flags(made)
    return made


def options_of(found: argparse.Namespace) -> Options:
    """The options of a dry run. Raises OptionError for what a plan cannot have."""
    if found.syntax_check or found.list_hosts or found.list_tasks or found.list_tags:
        raise OptionError("a plan is made by a dry run: leave the flags that only look (--list-…, --syntax-check) out")
    if found.step:
        raise OptionError("a plan has all its steps: leave --step out")
    found.check = True
    return replace(playbook_options(found), diff=True)


def run(words: Sequence[str], argv: Sequence[str]) -> int:
    """Make a dry run and write the plan; the exit code. Raises `PbrunError`s."""
    from runner.asking import ask_all
    from runner.cli.carry_out import end_in_order_when_told_to, prepared_or_told, refuse_locked
    from runner.cli.masking import masked
    from runner.cli.plan_files import check_place, new_seal, saved_plan, write_plan
    from runner.engine import execute
    from runner.plans.collect import Collector
    from runner.start import Oversight

    found = parser().read(words)
    options = options_of(found)
    place = Path(found.out)
    check_place(place)
    prepared = prepared_or_told(options)
    refuse_locked(prepared)
    end_in_order_when_told_to()
    seal, collector = new_seal(), Collector()
    answers = ask_all(prepared.playbook, options.extra_vars, prepared.value, seal=bytes.fromhex(seal))
    oversight = Oversight((collector,), bytes.fromhex(seal), answers=answers)
    ended = execute(prepared, options, argv=masked(argv), oversight=oversight)
    print(ended.log, file=sys.stderr)
    if ended.exit_code not in (0, 2) or (ended.exit_code == 2 and not options.detailed_exitcode):
        print("plan: not written, because the dry run did not end well", file=sys.stderr)
        return ended.exit_code
    plan = saved_plan(prepared, options, collector, words, answers, seal=seal)
    write_plan(place, plan)
    changes, open_ = plan.count("change"), plan.count("unknown")
    hosts = len(plan.hosts_that_change)
    known = (
        f"{changes} change{'s' * (changes != 1)}, {open_} known only when it runs, on {hosts} host{'s' * (hosts != 1)}"
    )
    print(f"plan: {place}: {known}; apply it with: pbrun apply {place}", file=sys.stderr)
    return ended.exit_code
