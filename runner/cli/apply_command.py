"""`pbrun apply FILE`: does what a saved plan says, or refuses and names what has changed since."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from runner.cli import flags, plan_command
from runner.errors import OptionError, PbrunError
from runner.model.options import Options

if TYPE_CHECKING:
    from runner.asking import Answers
    from runner.plans.foretell import Foreteller
    from runner.plans.saved import SavedPlan
    from runner.preparation import Prepared

DESCRIPTION = """\
Does what a plan of 'pbrun plan' says. First everything is read again and a dry run looks at each host again: if a file,
a variable, what would be done, or what is found on a host is not as it was for the plan, nothing is run, and what
differs is said.
"""

EXAMPLES = """
  pbrun apply plan.json
  pbrun apply plan.json -e db_password=...          a secret of the command line, which a plan does not keep

exit codes:
  those of a run; 3 the plan does not hold any more (nothing was run)
"""
SHOWN: Final = 50


class PlanRefused(PbrunError):
    """The plan does not hold any more."""

    exit_code = 3


def parser() -> flags.Parser:
    """The flags of `pbrun apply`: how to run and to connect, but not what to do."""
    made = flags.Parser("pbrun apply", DESCRIPTION, EXAMPLES, usage="pbrun apply FILE [options]")
    made.add_argument("plan", metavar="FILE", help="what 'pbrun plan -o FILE' wrote")
    made.add_argument(
        "-e", "--extra-vars", action="append", metavar="VARS", help="variables that the plan does not keep"
    )
    flags.add_run_flags(made)
    flags.add_vault_flags(made)
    flags.add_connection_flags(made)
    return made


def run(words: Sequence[str], argv: Sequence[str]) -> int:
    """Check that the plan holds, and carry it out; the exit code. Raises `PbrunError`s."""
    from runner.cli.carry_out import end_in_order_when_told_to, told
    from runner.cli.masking import masked
    from runner.engine import execute
    from runner.plans.foretell import Foreteller
    from runner.preparation import prepare
    from runner.start import Oversight

    found = parser().read(words)
    if found.check:
        raise OptionError("--check: 'pbrun apply' makes a dry run anyway, before it changes anything")
    plan = opened(found.plan)
    checking, given = options_of(plan, words)
    end_in_order_when_told_to()
    print(f"plan: {found.plan} of {plan.made}: looking whether it still holds …", file=sys.stderr)
    answers = ensure_it_holds(plan, checking, given, masked(argv))
    options = to_run(checking)
    options = replace(options, diff=found.diff or options.diff)
    # Read once more: a dry run leaves nothing behind that the run could take for its own.
    prepared = prepare(options)
    refuse(found_sources(plan, prepared, options))
    foreteller = Foreteller(plan)
    oversight = Oversight(plan=plan.digest, foretell=foreteller, answers=answers)
    code = told(execute(prepared, options, argv=masked(argv), words=argv, oversight=oversight))
    tell_predictions(foreteller)
    return code


def tell_predictions(foreteller: Foreteller) -> None:
    """Say how often the plan was right."""
    print(
        f"plan: {foreteller.right} as foretold, {foreteller.wrong} not, {foreteller.open} could not be foretold",
        file=sys.stderr,
    )


def to_go_on(words: Sequence[str], digest: str) -> tuple[Options, SavedPlan]:
    """The options of a run that applied the plan of that digest and goes on, and the plan. Raises PlanRefused for
    another plan."""
    plan = opened(parser().read(words).plan)
    if plan.digest != digest:
        raise PlanRefused("the file holds another plan than the one that was being applied")
    return to_run(options_of(plan, words)[0]), plan


def changed_since(plan: SavedPlan, prepared: Prepared) -> list[str]:
    """What is not as it was for the plan, before a run that applied it goes on: also what it had not come to."""
    from runner.cli.plan_files import saved_plan
    from runner.plans import compare
    from runner.resuming import FRESH, GONE, on_disk

    now = saved_plan(prepared, prepared.options, None, plan.words, {}, seal=plan.seal)
    return compare.sources(plan, replace(now, files={**on_disk(plan.files), **now.files}), GONE, FRESH)


def to_run(checking: Options) -> Options:
    """The options of the run itself, by those of its dry run."""
    return replace(checking, check=False, diff=checking.settings.diff_always, detailed_exitcode=False)


def opened(name: str) -> SavedPlan:
    """The plan in a file. Raises PlanRefused if it is none."""
    from runner.cli.plan_files import read_plan
    from runner.plans.saved import NoPlan

    try:
        return read_plan(Path(name))
    except NoPlan as error:
        raise PlanRefused(f"{name}: {error}") from None


def options_of(plan: SavedPlan, words: Sequence[str]) -> tuple[Options, Mapping[str, str]]:
    """Those of the plan's own words, with what was given now behind them; and what of that answers its questions.

    Raises OptionError."""
    from runner.cli.plan_answers import taken_out

    own = parser().read(words)
    if plan.masked and not own.extra_vars:
        raise OptionError(
            "the plan was made with a secret among its variables, which it does not keep: give it again (-e)"
        )
    more = [word for word in words if word != own.plan]
    found = plan_command.parser().read([*plan.words, *more])
    # Where the log goes and how it looks is for each run to say; so is what its exit code means.
    found.log, found.output, found.detailed_exitcode = own.log, own.output, False
    found.verbosity, found.log_sync = own.verbosity, own.log_sync
    return taken_out(plan, plan_command.options_of(found))


def ensure_it_holds(plan: SavedPlan, options: Options, given: Mapping[str, str], argv: Sequence[str]) -> Answers:
    """Read everything again and look at each host again; the answers to all questions. Raises PlanRefused with all that
    differs."""
    from runner.cli.carry_out import prepared_or_told, refuse_locked
    from runner.cli.plan_answers import asked_again, differing
    from runner.cli.plan_files import saved_plan
    from runner.engine import execute
    from runner.journal.encode import line
    from runner.plans import compare
    from runner.plans.collect import Collector
    from runner.reporters import ReporterContext
    from runner.start import Oversight

    prepared = prepared_or_told(options)
    refuse_locked(prepared)
    refuse(found_sources(plan, prepared, options))
    answers = asked_again(plan, prepared, given)
    refuse(differing(plan, answers))
    collector = Collector()
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        ended = execute(
            prepared,
            replace(options, output="plain"),
            reporter_context=ReporterContext(nowhere, nowhere, line),
            argv=argv,
            oversight=Oversight((collector,), bytes.fromhex(plan.seal), answers=answers),
        )
    now = saved_plan(prepared, options, collector, plan.words, answers, seal=plan.seal)
    # What is read in the course of a run (templates, included files) is known only now.
    refuse([*compare.sources(plan, now), *compare.steps(plan, now)])
    if ended.exit_code:
        raise PlanRefused(f"the dry run did not end well (exit code {ended.exit_code}); nothing was run")
    return answers


def found_sources(plan: SavedPlan, prepared: Prepared, options: Options) -> list[str]:
    """What has changed of the files that are read before a run begins, and of the variables."""
    from runner.cli.plan_files import saved_plan
    from runner.plans import compare

    now = saved_plan(prepared, options, None, plan.words, {}, seal=plan.seal)
    read = {name: digest for name, digest in plan.files.items() if name in now.files}
    return compare.sources(replace(plan, files=read), now)


def refuse(differences: Sequence[str]) -> None:
    """Raises PlanRefused if there are any."""
    if not differences:
        return
    more = len(differences) - SHOWN
    lines = [f"  {text}" for text in differences[:SHOWN]] + ([f"  … and {more} more"] if more > 0 else [])
    text = "\n".join(lines)
    raise PlanRefused(f"the plan does not hold any more, nothing was run:\n{text}\nMake a new one with 'pbrun plan'.")
