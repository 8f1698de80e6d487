"""Writes the golden files anew: `python -m tests.mistakes [FILE...]`."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from tests.mistakes.case import FOLDER, Case, load, write_golden


def main(wanted: Sequence[str]) -> None:
    """Run the cases of the files named (by default of all) and keep what they say."""
    cases = load().values()
    for stem, members in groupby(cases, lambda case: case.stem):
        if not wanted or stem in wanted:
            write_golden(stem, {case.title: _told(case) for case in members})
    for path in (FOLDER / "golden").glob("*.txt"):
        if path.stem not in {case.stem for case in cases}:
            path.unlink()


def _told(case: Case) -> str:
    with tempfile.TemporaryDirectory() as place:
        return case.told(Path(place))


main(sys.argv[1:])
