"""`pbrun log list`: which runs there were, the newest first."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from runner.cli import flags

if TYPE_CHECKING:
    from runner.journal.runs import LoggedRun

DESCRIPTION: Final = """\
Lists the runs in the log folder (or in a log file), the newest first. A run is 'crashed' if it has no end and nothing
runs any more: 'pbrun --resume' goes on with it.
"""

EXAMPLES: Final = """
  pbrun log list
  pbrun log list -n 5 --json
  pbrun log list nightly.jsonl
"""
HEADS: Final = ("RUN", "STARTED", "OUTCOME", "HOSTS", "TOOK", "COMMIT", "PLAYBOOK")


def run(words: Sequence[str], argv: Sequence[str]) -> int:  # noqa: ARG001
    """Print the list; the exit code. Raises `PbrunError`s."""
    found = parser().read(words)
    some = list(islice(_runs(found.file), found.number or None))
    if found.json:
        for one in some:
            print(json.dumps(_as_data(one)))
        return 0
    rows = [HEADS, *(_as_row(one) for one in some)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADS))]
    for row in rows if some else ():
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())
    if not some:
        print("no run has been logged yet")
    return 0


def parser() -> flags.Parser:
    """The options."""
    made = flags.Parser("pbrun log list", DESCRIPTION, EXAMPLES, usage="pbrun log list [FILE] [-n N] [--json]")
    made.add_argument("file", nargs="?", metavar="FILE", help="a log (default: all in the log folder)")
    made.add_argument("-n", "--number", type=int, default=20, metavar="N", help="at most so many (20; 0: all)")
    made.add_argument("--json", action="store_true", help="a JSON object a line")
    return made


def _runs(file: str | None) -> Iterator[LoggedRun]:
    from runner.journal import runs_folder
    from runner.journal.runs import logs, runs_in

    for path in [Path(file)] if file else logs(runs_folder(os.environ)):
        yield from reversed(runs_in(path))


def _as_data(one: LoggedRun) -> dict[str, Any]:
    from runner.model import moment
    from runner.reports.words import playbooks

    start = one.start
    return {
        "run": one.run,
        "started": moment.iso(one.began),
        "outcome": one.outcome,
        "exit_code": one.end.exit_code if one.end else None,
        "hosts": len(one.hosts),
        "duration_s": round(one.duration_s, 3),
        "commit": start.git.get("commit") if start else None,
        "check": bool(start and start.check),
        "playbooks": playbooks(start),
        "argv": list(start.argv) if start else [],
        "log": str(one.path),
    }


def _as_row(one: LoggedRun) -> tuple[str, ...]:
    from runner.reporters import visible
    from runner.reports.words import duration, playbooks, when

    commit = str(one.start.git.get("commit") or "")[:10] if one.start else ""
    named = visible(", ".join(playbooks(one.start)) or " ".join(one.start.argv if one.start else ()))
    outcome = f"{one.outcome} (check)" if one.start and one.start.check else one.outcome
    return one.run, when(one.began), visible(outcome), str(len(one.hosts)), duration(one.duration_s), commit, named
