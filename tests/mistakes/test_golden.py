"""Every seeded mistake is told exactly as `golden/` has it.

After a change that is meant, write the golden files anew and read the difference: `python -m tests.mistakes`
(`python -m tests.mistakes FILE` for one file of cases).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mistakes.case import FOLDER, Case, golden, load

CASES = load()


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_what_is_told(case: Case, tmp_path: Path) -> None:
    assert case.told(tmp_path) == golden(case.stem)[case.title], "if it is meant: see the docstring"


def test_no_golden_text_is_left_over() -> None:
    kept = {f"{path.stem}/{title}" for path in (FOLDER / "golden").glob("*.txt") for title in golden(path.stem)}
    assert kept == set(CASES)
