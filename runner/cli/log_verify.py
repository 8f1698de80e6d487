"""`pbrun log verify`: whether a log is as it was written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from runner.cli import flags
from runner.cli.log_report import log_of
from runner.errors import OptionError

DESCRIPTION: Final = """\
Looks whether a log is as it was written: each line names the hash of the line before it, so that lines that were
changed, dropped, swapped, repeated or put in are found, and each place is said. With --head, which a run prints at its
end, also lines that are missing at the end, and a log that was written anew.
RUN is a log file, the id of a run (or its beginning), or 'last'.
"""

EXAMPLES: Final = """
  pbrun log verify last
  pbrun log verify run.jsonl --head 0f3a…             the 64 digits that the run printed at its end

exit codes: 0 the log is whole, 7 it is not
"""
NOT_WHOLE: Final = 7
SHOWN: Final = 50


def run(words: Sequence[str], argv: Sequence[str]) -> int:  # noqa: ARG001
    """Look, and say what is wrong; the exit code. Raises `PbrunError`s."""
    from runner.journal.verify import lines_of, verify

    found = parser().read(words)
    head = found.head.lower() if found.head is not None else None
    if head is not None and not re.fullmatch("[0-9a-f]{64}", head):
        raise OptionError(f"--head {found.head!r}: it has 64 digits (0-9, a-f), as a run prints it at its end")
    path = log_of(found.run)
    verdict = verify(lines_of(path), head)
    for number, what in verdict.faults[:SHOWN]:
        print(f"{path}:{number}: {what}")
    if len(verdict.faults) > SHOWN:
        print(f"… and {len(verdict.faults) - SHOWN} more")
    for name in verdict.open:
        print(f"the run {name} has no end: it was killed, it is still running, or its end was cut off")
    if verdict.faults:
        many = len(verdict.faults)
        print(f"{path} is not whole: {many} place{'s are' if many > 1 else ' is'} not as written")
        return NOT_WHOLE
    later = f", {verdict.after} of them added by later runs" if verdict.after else ""
    runs = f"{verdict.runs} run{'s' if verdict.runs > 1 else ''}"
    print(f"{path} is whole: {verdict.lines} lines{later}, {runs}, head {verdict.head}")
    if head is None:
        print("without --head nobody can tell whether lines are missing at its end, or all of it was written anew")
    return 0


def parser() -> flags.Parser:
    """The options."""
    made = flags.Parser("pbrun log verify", DESCRIPTION, EXAMPLES, usage="pbrun log verify RUN [--head HASH]")
    made.add_argument("run", metavar="RUN", help="a log file, a run's id, or 'last'")
    made.add_argument("--head", metavar="HASH", help="the hash of the log's last line, as the run printed it")
    return made
