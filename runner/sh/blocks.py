"""A marked block of lines put into a text, replaced or taken out, as bytes in and bytes out (blockinfile).

The rules are those of https://docs.ansible.com/ansible/latest/collections/ansible/builtin/blockinfile_module.html,
found out by trial; patterns are Python's `re` on bytes.
"""

from __future__ import annotations

import re

from runner.model.quick import dataclass

NEWLINE = b"\n"


@dataclass(frozen=True, slots=True)
class Wish:
    """The lines between the markers (empty: no block), the two marker lines without their newlines, and where a new
    block goes: `after` or `before` (`EOF`, `BOF` or a regular expression; neither means the end)."""

    block: bytes
    begin: bytes
    end: bytes
    after: bytes | None = None
    before: bytes | None = None
    prepend_newline: bool = False
    append_newline: bool = False


def edited(content: bytes, wish: Wish) -> bytes:
    """The content with the block as it shall be. Raises re.error for a pattern that is wrong."""
    lines = content.splitlines(keepends=True)
    pattern = _pattern(wish)
    at = _taken_out(lines, wish)
    if at is None:
        at = _place(lines, content, pattern, wish)
    if at > 0 and not lines[at - 1].endswith(NEWLINE):
        lines[at - 1] += NEWLINE
    block = _marked(wish)
    if wish.prepend_newline and at > 0 and lines[at - 1] != NEWLINE:
        block.insert(0, NEWLINE)
    if wish.append_newline and at < len(lines) and lines[at] != NEWLINE:
        block.append(NEWLINE)
    return b"".join([*lines[:at], *block, *lines[at:]])


def _marked(wish: Wish) -> list[bytes]:
    """The block's lines between its markers; none if it is empty."""
    if not wish.block:
        return []
    text = wish.block if wish.block.endswith(NEWLINE) else wish.block + NEWLINE
    return [wish.begin + NEWLINE, *text.splitlines(keepends=True), wish.end + NEWLINE]


def _taken_out(lines: list[bytes], wish: Wish) -> int | None:
    """Remove the old block (from the last begin to the last end, or the other way round); where it was, if anywhere."""
    marks = [_last(lines, mark + NEWLINE) for mark in (wish.begin, wish.end)]
    if -1 in marks:
        return None
    del lines[min(marks) : max(marks) + 1]
    return min(marks)


def _last(lines: list[bytes], wanted: bytes) -> int:
    return max((number for number, line in enumerate(lines) if line == wanted), default=-1)


def _pattern(wish: Wish) -> re.Pattern[bytes] | None:
    for place, word in ((wish.after, b"EOF"), (wish.before, b"BOF")):
        if place not in (None, word):
            return re.compile(place)
    return None


def _place(lines: list[bytes], content: bytes, pattern: re.Pattern[bytes] | None, wish: Wish) -> int:
    """Where a new block goes: at the last line that matches; with `(?m)` at the first match in the whole text."""
    if pattern is None:
        return 0 if wish.before is not None else len(lines)
    if pattern.flags & re.MULTILINE:
        match = pattern.search(content)
        found = -1 if match is None else content.count(NEWLINE, 0, match.end() if wish.after else match.start())
    else:
        found = max((number for number, line in enumerate(lines) if pattern.search(line)), default=-1)
    if found < 0:
        return len(lines)
    return min(found + 1 if wish.after is not None else found, len(lines))
