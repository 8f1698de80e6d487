"""What people and programs see of a run: one file a reporter, each with `create(context) -> Reporter`.

A reporter sees `Record`s only, after the log has them, so secrets are masked already. What came from hosts is escaped
before it reaches a terminal (`visible`). A screen that is gone must not stop a run: see `Stream`.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TextIO

from runner.model.event import Record
from runner.reporters._stream import Stream
from runner.reporters._visible import visible

PIPE_WIDTH: Final = 79  # what Ansible takes when its output is no terminal


@dataclass(frozen=True, slots=True)
class ReporterContext:
    """Where a reporter writes, and how. `width` in columns; `line` gives a record's line in the log (with newline)."""

    out: TextIO
    err: TextIO
    line: Callable[[Record], bytes]
    is_tty: bool = False
    colour: bool = False
    width: int = PIPE_WIDTH
    verbosity: int = 0
    diff: bool = False
    check: bool = False


def context_for(
    out: TextIO,
    err: TextIO,
    line: Callable[[Record], bytes],
    environ: Mapping[str, str],
    *,
    verbosity: int = 0,
    diff: bool = False,
    check: bool = False,
) -> ReporterContext:
    """The context for these streams. Colour is for terminals that are not dumb, unless `NO_COLOR` is set
    (https://no-color.org) or `FORCE_COLOR` or Ansible's `ANSIBLE_FORCE_COLOR` and `ANSIBLE_NOCOLOR` say otherwise."""
    is_tty = out.isatty()
    colour = is_tty and environ.get("TERM", "dumb") != "dumb"
    if _wanted(environ, "ANSIBLE_FORCE_COLOR") or environ.get("FORCE_COLOR"):
        colour = True
    if environ.get("NO_COLOR") or _wanted(environ, "ANSIBLE_NOCOLOR"):
        colour = False
    width = max(PIPE_WIDTH, shutil.get_terminal_size().columns - 1) if is_tty else PIPE_WIDTH
    return ReporterContext(out, err, line, is_tty, colour, width, verbosity, diff, check)


def default_name(context: ReporterContext, environ: Mapping[str, str]) -> str:
    """The reporter if none is chosen: `live` on a terminal that can move its cursor, else `plain`."""
    return "live" if context.is_tty and environ.get("TERM", "dumb") != "dumb" and not environ.get("CI") else "plain"


def _wanted(environ: Mapping[str, str], name: str) -> bool:
    return environ.get(name, "").strip().lower() in {"1", "true", "yes", "on", "y", "t"}


__all__ = ["PIPE_WIDTH", "ReporterContext", "Stream", "context_for", "default_name", "visible"]
