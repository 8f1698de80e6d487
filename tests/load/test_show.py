"""Problems as text."""

from __future__ import annotations

import pytest

from runner.load.show import render_problem
from runner.model.span import NOWHERE, Problem, Span

LINES = {1: "- hosts: all", 2: "  task:\t[]", 3: "x" * 300 + "HERE" + "y" * 300, 4: "", 5: "日本: \x1b[31m"}


def shown(problem: Problem) -> str:
    return render_problem(problem, lambda _path, number: LINES.get(number))


def test_place_line_caret_and_hint() -> None:
    problem = Problem(Span("site.yml", 2, 3), "'task' is not a keyword of a play", "did you mean 'tasks'?")
    assert shown(problem) == (
        "site.yml:2:3: 'task' is not a keyword of a play\n      task: []\n      ^\n  hint: did you mean 'tasks'?"
    )


def test_warnings_say_so() -> None:
    assert shown(Problem(Span("f", 1, 1), "m", level="warning")).splitlines()[0] == "f:1:1: warning: m"


@pytest.mark.parametrize("line", [4, 99])
def test_without_a_source_line(line: int) -> None:
    assert shown(Problem(Span("f", line, 1), "m")) == f"f:{line}:1: m"


def test_nowhere() -> None:
    assert shown(Problem(NOWHERE, "m")) == "m"


def test_long_lines_are_cut_around_the_caret() -> None:
    _, source, caret = shown(Problem(Span("f", 3, 301), "m")).splitlines()
    assert len(source) == 164
    assert source[caret.index("^") :].startswith("HERE")


def test_wide_and_hostile_characters() -> None:
    _, source, caret = shown(Problem(Span("f", 5, 3), "m")).splitlines()
    assert "\x1b" not in source
    assert caret == " " * 8 + "^"


def test_a_column_beyond_the_end() -> None:
    assert shown(Problem(Span("f", 1, 500), "m")).splitlines()[2] == " " * 16 + "^"
