"""One line of a file made present or absent, as bytes in and bytes out (what lineinfile computes).

The rules are those of https://docs.ansible.com/ansible/latest/collections/ansible/builtin/lineinfile_module.html, found
out by trial; patterns are Python's `re` on bytes. One fault is not copied: a line that goes after the last one, when
that one has no newline (or ends in a lone carriage return), starts a line of its own here.
"""

from __future__ import annotations

import io
import re

from runner.model.quick import dataclass

NEWLINE = b"\n"


@dataclass(frozen=True, slots=True)
class Wish:
    """What the line shall be and where. At most one of `regexp` and `search` is set, and at most one of `after` and
    `before` (`EOF`, `BOF` or a regular expression; neither means the end). `backrefs` needs `regexp`."""

    line: bytes | None = None
    regexp: bytes | None = None
    search: bytes | None = None
    after: bytes | None = None
    before: bytes | None = None
    backrefs: bool = False
    firstmatch: bool = False


@dataclass(frozen=True, slots=True)
class Edit:
    """The new content, what was done in Ansible's words ("" = nothing), and how many lines were found."""

    content: bytes
    msg: str
    found: int = 0


def split(content: bytes) -> list[bytes]:
    """Lines with their newlines; only `\\n` ends one, as when Python reads a binary file."""
    return io.BytesIO(content).readlines()


def split_text(text: str) -> list[str]:
    """The same for text."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def present(content: bytes, wish: Wish) -> Edit:
    """The content with the line in it. Raises re.error (and IndexError) for patterns or references that are wrong."""
    lines = split(content)
    line = wish.line if wish.line is not None else b""
    matched, match = _find(lines, wish)
    exact, near = (-1, -1) if matched >= 0 else _find_place(lines, wish, line)
    at = matched if matched >= 0 else exact
    if at >= 0:
        msg = _replace(lines, at, match.expand(line) if wish.backrefs and match else line)
    elif wish.backrefs:
        msg = ""
    elif b"BOF" in (wish.before, wish.after):
        lines.insert(0, line + NEWLINE)
        msg = "line added"
    elif near < 0:
        _append(lines, line)
        msg = "line added"
    else:
        msg = _insert(lines, near, line, after=bool(wish.after))
    return Edit(b"".join(lines), msg)


def _find(lines: list[bytes], wish: Wish) -> tuple[int, re.Match[bytes] | None]:
    """The line that `regexp` or `search` finds: the last one, or the first with `firstmatch`; -1 if none."""
    at, match = -1, None
    pattern = re.compile(wish.regexp) if wish.regexp is not None else None
    for number, current in enumerate(lines):
        found = pattern.search(current) if pattern else None
        if found or (wish.search is not None and wish.search in current):
            at, match = number, found
            if wish.firstmatch:
                break
    return at, match


def _find_place(lines: list[bytes], wish: Wish, line: bytes) -> tuple[int, int]:
    """Where the very line stands (the last one; -1: nowhere), and where a new one goes by `after`/`before`."""
    pattern = _place_pattern(wish)
    exact = near = -1
    for number, current in enumerate(lines):
        if current.rstrip(b"\r\n") == line:
            exact = number
        elif pattern is not None and pattern.search(current):
            near = number + 1 if wish.after else number
            if wish.firstmatch:
                break
    return exact, near


def _place_pattern(wish: Wish) -> re.Pattern[bytes] | None:
    """The pattern of `after` or `before`; None for the words and for an empty text, which matches no place."""
    if wish.after not in (None, b"BOF", b"EOF"):
        return re.compile(wish.after) if wish.after else None
    if wish.before not in (None, b"BOF"):
        return re.compile(wish.before) if wish.before else None
    return None


def _replace(lines: list[bytes], at: int, line: bytes) -> str:
    new = line if line.endswith(NEWLINE) else line + NEWLINE
    if lines[at] == new:
        return ""
    lines[at] = new
    return "line replaced"


def _append(lines: list[bytes], line: bytes) -> None:
    if lines and not lines[-1].endswith(NEWLINE):
        lines.append(NEWLINE)
    lines.append(line + NEWLINE)


def _insert(lines: list[bytes], near: int, line: bytes, *, after: bool) -> str:
    """Insert at `near`; not after a place where the very line already follows."""
    if near == len(lines):
        _append(lines, line)
        return "line added"
    if after and lines[near].rstrip(b"\r\n") == line:
        return ""
    lines.insert(near, line + NEWLINE)
    return "line added"


def absent(content: bytes, wish: Wish) -> Edit:
    """The content without the lines that `regexp` matches, that hold `search`, or that are `line`. Raises re.error."""
    lines = split(content)
    pattern = re.compile(wish.regexp) if wish.regexp is not None else None

    def goes(current: bytes) -> bool:
        if pattern is not None:
            return bool(pattern.search(current))
        if wish.search is not None:
            return wish.search in current
        return current.rstrip(b"\r\n") == wish.line

    kept = [current for current in lines if not goes(current)]
    found = len(lines) - len(kept)
    return Edit(b"".join(kept), f"{found} line(s) removed" if found else "", found)
