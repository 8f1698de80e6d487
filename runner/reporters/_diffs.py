"""A diff as text, the way Ansible shows it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from runner.model.call import Diff
from runner.reporters._visible import visible

MAX_ROWS: Final = 10_000  # difflib takes time that grows with the square
NO_NEWLINE: Final = "\\ No newline at end of file"
_STYLES: Final = {"+": "added", "-": "removed", "@": "hunk"}


def unified(diff: Diff, context: int = 3) -> Iterator[tuple[str, str]]:
    """The lines of a unified diff with the name of their colour; none if nothing differs. `context`: lines around."""
    if diff.before == diff.after:
        return
    import difflib  # most runs show no difference

    before, after = _rows(diff.before), _rows(diff.after)
    yield _title("--- before", diff.before_header), "removed"
    yield _title("+++ after", diff.after_header), "added"
    if len(before) + len(after) > MAX_ROWS:
        yield f"(too long to be shown: {len(before)} lines before, {len(after)} after)", "dim"
        return
    for number, row in enumerate(difflib.unified_diff(before, after, lineterm="", n=context)):
        if number < 2:  # the file names, which are written above
            continue
        style = _STYLES.get(row[0], "")
        yield visible(row.removesuffix("\n").replace("\t", "        ")), style
        if row[0] in "+- " and not row.endswith("\n"):
            yield NO_NEWLINE, style


def _title(side: str, header: str) -> str:
    return f"{side}: {visible(header)}" if header else side


def _rows(text: str) -> list[str]:
    """Lines by `\\n` only, which each line but the last keeps: `splitlines` also breaks at form feeds."""
    rows = [f"{row}\n" for row in text.split("\n")]
    last = rows.pop().removesuffix("\n")
    return [*rows, last] if last else rows
