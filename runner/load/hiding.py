"""Lines of source files as a mistake may quote them: without passwords, and not at all where a task is hushed."""

from __future__ import annotations

import re
from typing import Final

from runner.model.values import MASK
from runner.syntax.pointing import ReadLine

HUSHED: Final = "(this line is not shown, for the task says no_log)"
MAX_TASK_LINES: Final = 60
# `db_password: …`, `"api_token": "…"`, also misspelt; references to variables are no secrets and often the mistake.
_NAMED: Final = re.compile(
    r"""(?P<name>[\w-]*(?:pas+w(?:or)?d|passphrase|pass(?![a-z])|secret|token|api_?key|private_?key|authorization|cookie)"""
    r"""[\w-]*["']?\s*[:=]\s*)(?P<value>"[^"]*"?|'[^']*'?|[^\s,{}\[\]"'|>&*!#][^,}]*)""",
    re.IGNORECASE,
)
_ADDRESS: Final = re.compile(r"(?P<name>[a-z][a-z0-9+.-]*://[^/?#\s:@]*:)(?P<value>[^/?#@]+)(?=@)", re.IGNORECASE)
_NO_LOG: Final = re.compile(r"""\bno_log["']?\s*[:=]\s*["']?(?!(?:false|no|off|0)\b)[^\s,}]""", re.IGNORECASE)
_ITEM: Final = re.compile(r"\s*- ")


def hidden(source: str, column: int) -> tuple[str, int]:
    """The line with its passwords masked, and where the column (from 0) is now."""
    for pattern in (_NAMED, _ADDRESS):
        at = 0
        while (found := pattern.search(source, at)) is not None:
            start, end = found.span("value")
            at = end
            if "{{" in found["value"] or "{%" in found["value"]:
                continue
            source = source[:start] + MASK + source[end:]
            at = start + len(MASK)
            column = column if column <= start else max(start, column - (end - at)) if column >= end else start
    return source, column


def is_hushed(path: str, line: int, read_line: ReadLine) -> bool:
    """Whether the task that the line (from 1) belongs to says `no_log`: its lines are those of one item of a list."""
    first = line
    while first > max(1, line - MAX_TASK_LINES) and not _ITEM.match(read_line(path, first) or ""):
        first -= 1
    begin = read_line(path, first) or ""
    indent = len(begin) - len(begin.lstrip())
    for number in range(first, first + MAX_TASK_LINES):
        text = read_line(path, number)
        if text is None or (number > first and text.strip() and len(text) - len(text.lstrip()) <= indent):
            return False
        if _NO_LOG.search(text):
            return True
    return False
