"""The way from options to an exit code that all commands share: prepare, show doubts, execute."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from runner.cli.faults import tell
from runner.errors import InputErrors, PbrunError
from runner.model.options import Options
from runner.model.playbook import Playbook
from runner.model.span import Problem

if TYPE_CHECKING:
    from runner.engine import Prepared


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
    shut = prepared.locked()
    if shut:
        raise InputErrors(shut)
    end_in_order_when_told_to()
    ended = execute(prepared, options, reporter_context=None, argv=masked(argv))
    print(f"log: {ended.log_path}", file=sys.stderr)
    return ended.exit_code
