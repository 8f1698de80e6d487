"""One setting that somebody made, as it was written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import Any

from runner.model.quick import dataclass
from runner.model.settings import Row
from runner.model.span import Problem, Span


@dataclass(frozen=True, slots=True)
class Given:
    """`value` of `row`: text, or what TOML made of it. `base` is the folder of relative paths."""

    row: Row
    value: Any
    span: Span
    origin: str
    base: str


@dataclass(frozen=True, slots=True)
class Source:
    """All that one source sets, what is wrong in it, and remarks that only the curious want to see."""

    given: Sequence[Given] = ()
    problems: Sequence[Problem] = ()
    remarks: Sequence[Problem] = field(default=())
