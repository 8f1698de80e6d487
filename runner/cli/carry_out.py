"""The way from options to an exit code that all commands share: prepare, show doubts, execute."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from runner.cli.faults import tell
from runner.errors import InputErrors, PbrunError
from runner.model.options import Options
from runner.model.playbook import Playbook
from runner.model.span import Problem

if TYPE_CHECKING:
    from runner.engine import Ended, Prepared
    from runner.model.past import Policy
    from runner.plans.saved import SavedPlan
    from runner.resuming import BrokenOff


def prepared_or_told(options: Options, playbook: Playbook | None = None, look: bool = False) -> Prepared:
    """Everything read and planned (`look`: as far as a listing needs it); warnings are on stderr.

    Raises `InputErrors` and `OptionError`."""
    from runner.preparation import prepare

    try:
        prepared = prepare(options, playbook=playbook, look=look)
    except InputErrors as error:
        raise InputErrors(discreet(options, error.problems)) from None
    tell(discreet(options, prepared.problems))
    return prepared


def discreet(options: Options, problems: Sequence[Problem]) -> list[Problem]:
    """The problems without the words that were encrypted."""
    if not problems or options.vault is None:
        return list(problems)
    from runner.journal.redact import Redactor

    redactor = Redactor()
    options.vault.listen(redactor.add)
    return [replace(p, message=redactor.text(p.message), hint=redactor.text(p.hint)) for p in problems]


def refuse_locked(prepared: Prepared) -> None:
    """Raises InputErrors for the files of variables that hosts of some play need and that no secret opens."""
    shut = prepared.locked()
    if shut:
        raise InputErrors(shut)


def end_in_order_when_told_to() -> None:
    """SIGTERM and SIGHUP end a run as Ctrl-C does, so that its log has an end; `nohup` keeps its meaning."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)


def carry_out(
    options: Options,
    argv: Sequence[str],
    playbook: Playbook | None = None,
    pattern: str = "",
    check: Callable[[Sequence[str]], None] = lambda _hosts: None,
) -> int:
    """Run the playbooks (or the one given); the exit code.

    `pattern`: hosts that must not be none, as `exec`, `put` and `get` have nothing to do without one; `check` may
    refuse them with a `PbrunError`.
    """
    from runner.cli.masking import masked
    from runner.engine import execute

    prepared = prepared_or_told(options, playbook)
    hosts = prepared.hosts_of(0) if pattern else ()
    if pattern and not hosts:
        limit = f" within --limit {options.limit!r}" if options.limit else ""
        raise PbrunError(f"no host matches {pattern!r}{limit}; nothing was run")
    check(hosts)
    refuse_locked(prepared)
    end_in_order_when_told_to()
    words = argv if playbook is None else ()
    return told(execute(prepared, options, reporter_context=None, argv=masked(argv), words=words))


def go_on(
    broken: BrokenOff,
    options: Options,
    argv: Sequence[str],
    policy: Policy | None,
    anyway: bool,
    plan: SavedPlan | None = None,
) -> int:
    """Go on with a run that was broken off; the exit code. `anyway`: also if something has changed since. `plan`: the
    one that the run applies."""
    from runner.cli.apply_command import changed_since, tell_predictions
    from runner.cli.masking import masked
    from runner.cli.resume_command import allow, refuse, tell_undecided
    from runner.engine import INDETERMINATE, execute
    from runner.plans.foretell import Foreteller
    from runner.resuming import Resumption, changes, find
    from runner.start import Oversight

    prepared = prepared_or_told(options)
    found = changes(broken, prepared)
    for text in changed_since(plan, prepared) if plan is not None else ():
        if text not in found and f"{Path.cwd()}/{text}" not in found:
            found.append(text)
    (allow if anyway else refuse)(found)
    refuse_locked(prepared)
    end_in_order_when_told_to()
    resumption = Resumption(broken, broken.past(policy), tuple(found))
    foreteller = Foreteller(plan, broken.standing()) if plan is not None else None
    ended = execute(
        prepared, options, argv=masked(argv), resumption=resumption, oversight=Oversight(foretell=foreteller)
    )
    code = told(ended)
    if foreteller is not None:
        tell_predictions(foreteller)
    if code == INDETERMINATE:
        over = find(ended.log_path, os.environ, ended=True)
        assert over is not None
        tell_undecided(over)
    return code


def told(ended: Ended) -> int:
    """Say where the log is, and how to go on if the run was broken off; the exit code."""
    print(ended.log, file=sys.stderr)
    if ended.resume:
        print(f"to go on: pbrun --resume {ended.resume}", file=sys.stderr)
    return ended.exit_code
