"""What people and programs see of a run: one file a reporter, each with `create(context) -> Reporter`.

A reporter sees `Record`s only, after the log has them, so secrets are masked already. What came from hosts is escaped
before it reaches a terminal (`visible`). A screen that is gone must not stop a run: see `Stream`.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from typing import Final, TextIO

from runner.model.call import Status
from runner.model.event import Record
from runner.model.quick import dataclass
from runner.model.settings import Settings
from runner.reporters._ci import service
from runner.reporters._diffs import unified
from runner.reporters._stream import Stream
from runner.reporters._visible import visible

PIPE_WIDTH: Final = 79  # what Ansible takes when its output is no terminal


@dataclass(frozen=True, slots=True)
class ReporterContext:
    """Where a reporter writes, and how. `width` in columns; `line` gives a record's line in the log (with newline).

    `ci`: the service whose job this is, as `_ci.service` names it; `ci_root`: the folder of the repository there.
    Results that are `hidden` are not shown. `diff_context`: how many lines around a difference are."""

    out: TextIO
    err: TextIO
    line: Callable[[Record], bytes]
    is_tty: bool = False
    colour: bool = False
    width: int = PIPE_WIDTH
    verbosity: int = 0
    diff: bool = False
    check: bool = False
    hidden: frozenset[Status] = frozenset()
    diff_context: int = 3
    custom_stats: bool = False
    ci: str = ""
    ci_root: str = ""


def context_for(
    out: TextIO,
    err: TextIO,
    line: Callable[[Record], bytes],
    environ: Mapping[str, str],
    *,
    verbosity: int = 0,
    diff: bool = False,
    check: bool = False,
    settings: Settings | None = None,
) -> ReporterContext:
    """The context for these streams. Colour is for terminals that are not dumb, unless `NO_COLOR` is set
    (https://no-color.org) or `FORCE_COLOR` or the settings `force_color` and `nocolor` say otherwise."""
    settings = settings or Settings()
    is_tty = out.isatty()
    colour = is_tty and environ.get("TERM", "dumb") != "dumb"
    if settings.force_color or environ.get("FORCE_COLOR"):
        colour = True
    if environ.get("NO_COLOR") or settings.nocolor:
        colour = False
    width = max(PIPE_WIDTH, shutil.get_terminal_size().columns - 1) if is_tty else PIPE_WIDTH
    shown = {Status.SKIPPED: settings.display_skipped_hosts, Status.OK: settings.display_ok_hosts}
    hidden = frozenset(status for status, wanted in shown.items() if not wanted)
    return ReporterContext(
        out,
        err,
        line,
        is_tty,
        colour,
        width,
        verbosity,
        diff,
        check,
        hidden,
        settings.diff_context,
        settings.show_custom_stats,
        service(environ),
        environ.get("GITHUB_WORKSPACE", ""),
    )


def default_name(context: ReporterContext, environ: Mapping[str, str]) -> str:
    """The reporter if none is chosen: `live` on a terminal that can move its cursor, else `plain`."""
    return "live" if context.is_tty and environ.get("TERM", "dumb") != "dumb" and not environ.get("CI") else "plain"


__all__ = ["PIPE_WIDTH", "ReporterContext", "Stream", "context_for", "default_name", "unified", "visible"]
