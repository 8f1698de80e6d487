"""`pbrun log report`: pages and files for people and CI systems, made from a run's log alone."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from runner.cli import flags
from runner.errors import EnvironmentFault, OptionError

if TYPE_CHECKING:
    from runner.history import Run

DESCRIPTION: Final = """\
Makes reports of a run from its log, without asking any host. The same log gives the same bytes every time.
RUN is a log file, the id of a run (or its beginning), or 'last'. OUT is a file, or - for standard output.
"""

EXAMPLES: Final = """
  pbrun log report last --html report.html             one page that needs nothing else
  pbrun log report run.jsonl --junit junit.xml --markdown summary.md
  pbrun log report run.jsonl --markdown - >> "$GITHUB_STEP_SUMMARY"
  pbrun log report check.jsonl --sarif drift.sarif --repository .
"""


def run(words: Sequence[str], argv: Sequence[str]) -> int:  # noqa: ARG001
    """Make the reports that are asked for; the exit code. Raises `PbrunError`s."""
    found = parser().read(words)
    wanted = {name: getattr(found, name) for name in _MAKERS if getattr(found, name) is not None}
    if not wanted:
        raise OptionError(f"say what to make: {', '.join(f'--{name} OUT' for name in _MAKERS)}")
    if list(wanted.values()).count("-") > 1:
        raise OptionError("only one report can go to standard output")
    history = history_of(found.run)
    for name, out in wanted.items():
        write(out, _MAKERS[name](history, found))
    return 0


def parser() -> flags.Parser:
    """The options."""
    made = flags.Parser("pbrun log report", DESCRIPTION, EXAMPLES, usage="pbrun log report RUN --html OUT [options]")
    made.add_argument("run", metavar="RUN", help="a log file, a run's id, or 'last'")
    group = made.add_argument_group("what to make (several may be made at once)")
    for name, text in (
        ("html", "a page to read, with everything in one file"),
        ("junit", "JUnit XML, as CI systems read it"),
        ("markdown", "a summary for a pull request, no longer than GitHub takes"),
        ("sarif", "SARIF 2.1.0 for code scanning: what a --check run would change, and what failed"),
    ):
        group.add_argument(f"--{name}", type=flags.not_empty, metavar="OUT", help=text)
    made.add_argument(
        "--repository",
        type=flags.not_empty,
        metavar="DIR",
        help="with --sarif: the folder that places are relative to (default: where the run was started)",
    )
    return made


def history_of(wanted: str) -> Run:
    """The run that a word means; the last one of a file. Raises `PbrunError`s."""
    from runner.history import gathered
    from runner.journal import read

    path = log_of(wanted)
    try:
        return gathered(read(path, lambda note: print(f"pbrun: {note}", file=sys.stderr)))
    except ValueError:
        raise OptionError(f"{path} holds no run") from None


def log_of(wanted: str) -> Path:
    """The log that a word means: a file, a run's id or its beginning, or `last`. Raises `OptionError`."""
    from runner.journal import runs_folder
    from runner.journal.runs import logs, logs_of

    if Path(wanted).is_file():
        return Path(wanted)
    folder = runs_folder(os.environ)
    known = list(islice(logs(folder), 1)) if wanted == "last" else logs_of(wanted, folder)
    if len(known) > 1:
        raise OptionError(f"{wanted!r} is the beginning of {len(known)} runs: say more of the id")
    if not known or "/" in wanted:
        raise OptionError(f"there is no log file {wanted!r}, nor a run of this name in {folder}")
    return known[0]


def _html(history: Run, _found: argparse.Namespace) -> str:
    from runner.reports.html import page

    return page(history)


def _junit(history: Run, _found: argparse.Namespace) -> str:
    from runner.reports.junit import junit

    return junit(history)


def _markdown(history: Run, _found: argparse.Namespace) -> str:
    from runner.reports.markdown import markdown

    return markdown(history)


def _sarif(history: Run, found: argparse.Namespace) -> str:
    from runner.reports.sarif import sarif

    started = history.start.cwd if history.start else ""
    return sarif(history, str(Path(found.repository).resolve()) if found.repository else started)


_MAKERS: Final[Mapping[str, Callable[[Run, argparse.Namespace], str]]] = {
    "html": _html,
    "junit": _junit,
    "markdown": _markdown,
    "sarif": _sarif,
}


def write(out: str, text: str) -> None:
    """To a file, in UTF-8 whatever the locale is. Raises `EnvironmentFault`."""
    data = text.encode("utf-8", "replace")
    if out == "-":
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        return
    try:
        Path(out).write_bytes(data)
    except OSError as error:
        raise EnvironmentFault(f"cannot write {out}: {error.strerror or error}") from None
