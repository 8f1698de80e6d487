"""docs/compared.md says what is compared with ansible-core, and that is enough."""

from __future__ import annotations

from tests.modules import compared


def test_the_page_is_up_to_date() -> None:
    assert compared.PAGE.read_text(encoding="utf-8") == compared.page(), "python -m tests.modules.compared"


def test_the_modules_people_use_are_compared_key_by_key() -> None:
    assert len(compared.in_results()) >= 45
    assert not {*compared.in_results()} - {*compared.modules()}
