"""Texts for a page of bounded size: equal ones are stored once, long ones are cut when there are too many."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Final

from runner.reports.words import cut

LADDER: Final = (65_536, 16_384, 4_096, 1_024, 256, 80, 0)  # characters left of a text
# Bytes that the texts of each kind may take.
BUDGETS: Final[Mapping[str, int]] = {
    "name": 600_000,
    "failure": 900_000,
    "diff": 700_000,
    "output": 1_300_000,
    "values": 300_000,
}
LEFT_OUT: Final = "[… {} characters are in the log …]"


def encoded(value: object) -> str:
    """JSON that may stand in a `<script>`: nothing in it can end the element or begin a comment
    (https://html.spec.whatwg.org/multipage/scripting.html#restrictions-for-contents-of-script-elements)."""
    made = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return made.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


class Texts:
    """Numbers for texts, in the order in which they come; 0 is no text."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, str], int] = {}

    def number(self, kind: str, text: str) -> int:
        """The number of a text of a kind of `BUDGETS`."""
        if not text:
            return 0
        return self._numbers.setdefault((kind, text), len(self._numbers) + 1)

    def table(self) -> list[str]:
        """The texts by number, cut so that each kind keeps within its budget."""
        kept: list[str] = [""] * (len(self._numbers) + 1)
        for kind, budget in BUDGETS.items():
            mine = [(number, text) for (of, text), number in self._numbers.items() if of == kind]
            limit = _limit([text for _number, text in mine], budget)
            for number, text in mine:
                kept[number] = shortened(text, limit)
        return kept


def shortened(text: str, limit: int) -> str:
    """`text` in `limit` characters, with a note of what is left out."""
    return cut(text, limit) if limit else LEFT_OUT.format(len(text))


def _limit(texts: list[str], budget: int) -> int:
    """The largest step of the ladder with which all texts keep within the budget; the smallest if none does."""
    return next((limit for limit in LADDER if _fits(texts, limit, budget)), 0)


def _fits(texts: Iterable[str], limit: int, budget: int) -> bool:
    size = 0
    for text in texts:
        size += len(encoded(shortened(text, limit)).encode("utf-8", "replace")) + 1
        if size > budget:
            return False
    return True
