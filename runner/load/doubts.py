"""What is of the right kind and cannot be meant nevertheless: values of keywords, and definitions of variables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from runner import registry
from runner.model.span import Problem
from runner.model.values import TEMPLATE_MARKS
from runner.syntax.yaml import Scalar, Table, Tree, plain
from runner.vars import doubts

_PLUG_INS: Final[Mapping[str, str]] = {"connection": "transports", "become_method": "become"}
# What a negative number counts as.
_NEGATIVE: Final[Mapping[str, str]] = {
    "retries": "there is one attempt then",
    "delay": "it counts as 1",
    **dict.fromkeys(("async", "poll", "throttle", "timeout"), "it counts as 0"),
}


def of_keyword(key: Scalar, value: Tree) -> Problem | None:
    """A warning about a keyword's value that names no plug-in, or a number that is out of bounds."""
    word, text = key.text, value.text if isinstance(value, Scalar) else ""
    if not text or any(mark in text for mark in TEMPLATE_MARKS):
        return None
    room = _PLUG_INS.get(word)
    if room and not registry.known(room, text):
        return Problem(value.span, registry.missing(room, text), doubts.UNUSABLE, "warning")
    if word == "port" and not doubts.is_port(text):
        return Problem(value.span, f"'port' cannot be {text}", "ports are numbers from 1 to 65535", "warning")
    if word in _NEGATIVE and text.startswith("-"):
        return Problem(value.span, f"{word!r} is negative: {text}", _NEGATIVE[word], "warning")
    return None


def of_variables(table: Table) -> list[Problem]:
    """Warnings about a table of variables."""
    found = (doubts.of_variable(key.text, _known(value), key.span) for key, value in table.entries)
    return [problem for problem in found if problem]


def _known(value: Tree) -> object:
    return plain(value) if isinstance(value, Scalar) else None
