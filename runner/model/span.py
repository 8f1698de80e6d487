"""Places in source files, and what is wrong there."""

from __future__ import annotations

from typing import Literal

from runner.model.quick import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """One place in a source; `line` and `column` count from 1."""

    path: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


NOWHERE = Span("<none>")


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake or warning: where, what, and a hint that helps to mend it. `word`: what it is about, if that stands
    somewhere behind the place. `kind` names those that settings are about."""

    span: Span
    message: str
    hint: str = ""
    level: Literal["error", "warning"] = "error"
    kind: Literal["", "duplicate_key", "no_inventory"] = ""
    word: str = ""
