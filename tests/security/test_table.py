"""docs/safety.md is what rules.yaml says, and names only tests that exist."""

from __future__ import annotations

from tests.security import table


def test_the_page_is_up_to_date() -> None:
    assert table.PAGE.read_text(encoding="utf-8") == table.page(), "python -m tests.security.table"


def test_every_test_that_is_named_exists() -> None:
    assert table.unknown_tests() == []
    assert not table._exists("security/test_table.py", "test_that_is_not_there")


def test_every_rule_is_there_and_fewer_are_not_shown_than_were() -> None:
    numbers = [f"S{n}" for n in range(1, 24)] + [f"F{n}" for n in range(1, 51)]
    assert list(table.rules()) == numbers
    states = [table.state(rule) for rule in table.rules().values()]
    assert states.count("open") <= 5
    assert states.count("kept") >= 47
