"""Problems as text: place, message, the source line with a caret under it, and the hint."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Final

from runner.load.hiding import HUSHED, hidden, is_hushed
from runner.model.span import NOWHERE, Problem, Span
from runner.syntax.pointing import ReadLine, point

MAX_WIDTH: Final = 160


def in_order(problems: Iterable[Problem], read_line: ReadLine) -> list[Problem]:
    """Each at the word it is about and each once; file by file (in order of first mention), from top to bottom."""
    found = [replace(problem, span=point(problem.span, problem.word, read_line)) for problem in each_once(problems)]
    files: dict[str, int] = {}
    for problem in found:
        files.setdefault(problem.span.path, len(files))
    return sorted(found, key=lambda one: (files[one.span.path], one.span.line, one.span.column))


def each_once(problems: Iterable[Problem]) -> list[Problem]:
    """Without repetitions: a file that lies beside inventory and playbook is read for both, by two names."""
    found: dict[tuple[object, ...], Problem] = {}
    for problem in problems:
        span = problem.span
        found.setdefault((Path(span.path).absolute(), span.line, span.column, problem.message), problem)
    return list(found.values())


def render_problem(problem: Problem, read_line: ReadLine) -> str:
    """`file:line:column: message`, the source line, a caret line, and `hint: …`; plain text without colours.

    `read_line(path, number)` gives a line of a file (from 1), or None.
    """
    span = problem.span
    level = "warning: " if problem.level == "warning" else ""
    place = "" if span.path == NOWHERE.path else f"{short(span)}: "
    lines = [f"{place}{level}{_visible(problem.message)}"]
    source = read_line(span.path, span.line) if place else None
    if source is not None and source.strip():
        if is_hushed(span.path, span.line, read_line):
            lines.append(f"    {HUSHED}")
        else:
            lines += _excerpt(*hidden(source.rstrip("\n"), span.column - 1))
    if problem.hint:
        lines.append(f"  hint: {_visible(problem.hint)}")
    return "\n".join(lines)


def short(span: Span) -> Span:
    """The place with its path from the working folder, where that is shorter."""
    path = Path(span.path)
    here = Path.cwd()
    return replace(span, path=str(path.relative_to(here))) if path.is_relative_to(here) else span


def _excerpt(source: str, column: int) -> list[str]:
    """The line and the caret under `column` (from 0); a long line is cut around it."""
    column = min(max(column, 0), len(source))
    start = max(0, column - MAX_WIDTH // 2) if len(source) > MAX_WIDTH else 0
    shown = _visible(source[start : start + MAX_WIDTH])
    before = _visible(source[start:column])
    pad = sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in before)
    return [f"    {shown}", f"    {' ' * pad}^"]


def _visible(text: str) -> str:
    """Text without anything that could move the cursor or the words: tabs become a space, other controls a mark."""
    return "".join(_shown(char) for char in text)


def _shown(char: str) -> str:
    if char == "\t":
        return " "
    if char == "\n":
        return " "
    return "\N{REPLACEMENT CHARACTER}" if unicodedata.category(char) in ("Cc", "Cf", "Cs") else char
