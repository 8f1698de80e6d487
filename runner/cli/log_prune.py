"""`pbrun log prune`: removes old logs; nothing else ever does."""

from __future__ import annotations

import argparse
import os
import re
import time
from collections.abc import Sequence
from typing import Final

from runner.cli import flags
from runner.errors import OptionError

DESCRIPTION: Final = """\
Removes logs of the state folder, with their keys: those that are neither among the newest --keep nor younger than
--older-than. A log that is being written stays, and so does that of a run that can be resumed, but for --unfinished.
"""

EXAMPLES: Final = """
  pbrun log prune --keep 100 --dry-run
  pbrun log prune --older-than 30d
  pbrun log prune --keep 20 --older-than 7d         what is older than a week, but for the newest 20
"""
UNITS: Final = {"m": 60, "h": 3600, "d": 86400, "w": 604800}


def age(text: str) -> float:
    """A time span (`30d`, `12h`, `2w`) in seconds, for argparse."""
    found = re.fullmatch(r"(\d+)([mhdw])", text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no time span: write 90m, 12h, 30d or 2w")
    return float(int(found[1]) * UNITS[found[2]])


def parser() -> flags.Parser:
    """The options."""
    made = flags.Parser("pbrun log prune", DESCRIPTION, EXAMPLES, usage="pbrun log prune [options]")
    made.add_argument("--keep", type=flags.positive, metavar="N", help="the newest N stay")
    made.add_argument("--older-than", type=age, metavar="AGE", help="what is younger stays (90m, 12h, 30d, 2w)")
    made.add_argument("--unfinished", action="store_true", help="also runs that could be resumed")
    made.add_argument("--dry-run", action="store_true", help="only say what would be removed")
    return made


def run(words: Sequence[str], argv: Sequence[str]) -> int:  # noqa: ARG001
    """Remove them; the exit code. Raises `PbrunError`s."""
    from runner.journal import runs_folder
    from runner.journal.runs import logs, removed, runs_in

    found = parser().read(words)
    if found.keep is None and found.older_than is None:
        raise OptionError("say which logs may go: --keep N, --older-than AGE, or both")
    for log in list(logs(runs_folder(os.environ)))[found.keep or 0 :]:
        runs = runs_in(log)
        young = found.older_than is not None and runs and runs[-1].ended > time.time() - found.older_than
        going_on = any(one.going or (one.resumable and not found.unfinished) for one in runs)
        if young or going_on:
            continue
        if found.dry_run:
            print(f"would remove {log}")
        elif removed(log):
            print(f"removed {log}")
    return 0
