"""Finds the word that a mistake is about in its source, so that the caret stands under it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from runner.model.span import Span

ReadLine = Callable[[str, int], str | None]
"""Gives a line of a file (numbers from 1), or None when there is none."""

_REACH: Final = 20  # lines of one value or task that are looked through


def point(span: Span, word: str, read_line: ReadLine) -> Span:
    """The place of `word` at or behind `span`, in `{{ }}` if its line has it there; `span` itself if it is nowhere."""
    if not word:
        return span
    pattern = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)")
    for number in range(span.line, span.line + _REACH):
        line = read_line(span.path, number)
        if line is None:
            break
        found = [match.start() for match in pattern.finditer(line, span.column - 1 if number == span.line else 0)]
        if found:
            start = next((place for place in found if _in_braces(line[:place])), found[0])
            return replace(span, line=number, column=start + 1)
    return span


def _in_braces(before: str) -> bool:
    opened = max(before.rfind("{{"), before.rfind("{%"))
    return opened > max(before.rfind("}}"), before.rfind("%}"))
