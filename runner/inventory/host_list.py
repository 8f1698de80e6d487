"""Host lists on the command line: `-i web1,web2,`, with ranges and ports as in a file."""

from __future__ import annotations

from runner.inventory.draft import Draft
from runner.model.span import Span


def read(draft: Draft, text: str) -> None:
    """Add the hosts of `a,b:2222,c[1:3],` to the draft; they are in no group."""
    span = Span("<command line>")
    for part in _split(text):
        draft.pattern(part, "ungrouped", (), span)


def _split(text: str) -> list[str]:
    return [part for part in (piece.strip() for piece in text.split(",")) if part]
