"""What went wrong, in plain words on stderr; a fault of pbrun itself goes to a file with its details."""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from runner.errors import InputErrors, PbrunError
from runner.model.span import Problem

INTERNAL_ERROR = 250


def report(error: Exception) -> int:
    """Tell the user about `error`; returns the exit code."""
    if isinstance(error, InputErrors):
        show_problems(error)
        return error.exit_code
    if isinstance(error, PbrunError):
        print(f"pbrun: {error}", file=sys.stderr)
        return error.exit_code
    if isinstance(error, OSError) and error.filename is None and error.errno in (errno.ENOSPC, errno.EIO, errno.EFBIG):
        print(f"pbrun: the output cannot be written: {(error.strerror or str(error)).lower()}", file=sys.stderr)
        return 1
    place = write_details(error)
    where = f"details are in {place}" if place else "details could not be written"
    print(f"pbrun: internal error ({type(error).__name__}); please report it, {where}", file=sys.stderr)
    return INTERNAL_ERROR


def tell(problems: Iterable[Problem]) -> list[Problem]:
    """Each problem on stderr with its line, a caret and a hint. Returns them as they were told: in order, each once."""
    from runner.load.lines import Lines
    from runner.load.show import in_order, render_problem

    read_line = Lines()
    told = in_order(problems, read_line)
    for problem in told:
        print(render_problem(problem, read_line), file=sys.stderr)
    return told


def show_problems(error: InputErrors) -> None:
    """Every mistake, and how many there are."""
    problems = tell(error.problems)
    count = sum(problem.level == "error" for problem in problems) or len(problems)
    print(f"pbrun: {count} mistake{'s' if count != 1 else ''} found; nothing was run", file=sys.stderr)


def write_details(error: Exception) -> Path | None:
    """Write the traceback (0600) into the state folder; the file's path, or None when that is impossible.

    A traceback names code, not values, so arguments and variables do not get into it; the error's own text may.
    """
    import traceback

    from runner.journal.place import make_private_folder, state_home

    name = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()) + f"-{os.getpid()}.txt"
    try:
        folder = state_home(os.environ) / "pbrun" / "faults"
        make_private_folder(folder)
        handle = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
            file.write("".join(traceback.format_exception(error)))
    except (OSError, PbrunError):
        return None
    return folder / name
