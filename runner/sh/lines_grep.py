"""Python patterns as patterns of `grep -E`, where both find the same lines."""

from __future__ import annotations

import re
from typing import Final

# One piece of a pattern that POSIX EREs know, or that has an equal there
# (https://pubs.opengroup.org/onlinepubs/9699919799/basedefs/V1_chap09.html#tag_09_04). Lazy quantifiers find the same
# lines as greedy ones. What could match a newline (`\\s`, `[^a]`) is not here: grep never sees one.
_PIECE: Final = re.compile(
    r"""
    (?P<plain>[^\\\[\](){}.*+?|^$\n\0]+)
  | (?P<known>[.|^$()](?!\?))
  | (?P<repeat>(?:[*+?]|\{\d{1,3}(?:,\d{0,3})?\})\??(?![*+?{]))
  | \\(?P<class>[dw])
  | \\(?P<literal>[^\w\s])
  | (?P<set>\[[\w\ ,;:!@\#%&=<>"'`~/.*+?|(){}$-]+\])
    """,
    re.VERBOSE | re.ASCII,
)

_CLASSES: Final = {
    "d": "[0-9]",
    "w": "[[:alnum:]_]",
}


def grep_pattern(pattern: str) -> str | None:
    """The ERE that finds a line exactly when Python's `pattern` with MULTILINE does; None when that is not sure."""
    if not pattern.isascii():
        return None
    made: list[str] = []
    at, before = 0, ""
    while at < len(pattern):
        piece = _PIECE.match(pattern, at)
        if piece is None:
            return None
        kind, text = str(piece.lastgroup), piece[str(piece.lastgroup)]
        # A quantifier at the start of something means itself, or nothing, depending on the grep.
        if kind == "repeat" and before in ("", "(", "|", "^"):
            return None
        made.append(_translated(kind, text))
        at, before = piece.end(), text
    return "".join(made) or None


def _translated(kind: str, text: str) -> str:
    if kind == "class":
        return _CLASSES[text]
    if kind == "literal":
        return f"[{text}]" if text not in "^\\" else f"\\{text}"
    if kind == "repeat":
        return text[:-1] if len(text) > 1 and text.endswith("?") else text
    return text
