"""The files of versions that were tried together agree with the ranges that `pyproject.toml` names."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
WANTED = [Requirement(text) for text in (*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["filters"])]
PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^ ;\\\n]+)(?: *; *(?P<marker>[^\\\n]+))?", re.MULTILINE)


def pins(name: str) -> dict[str, Version]:
    """The versions that a file pins for this interpreter."""
    found = PIN.finditer((ROOT / "constraints" / name).read_text())
    return {
        pin["name"].lower(): Version(pin["version"])
        for pin in found
        if not pin["marker"] or Marker(pin["marker"].strip()).evaluate()
    }


def test_what_is_locked_is_allowed() -> None:
    locked = pins("locked.txt")
    outside = [str(one) for one in WANTED if locked[one.name.lower()] not in one.specifier]
    assert not outside, "run `make locks`"


def test_the_oldest_versions_are_the_lower_bounds() -> None:
    oldest = pins("oldest.txt")
    bounds = {
        one.name.lower(): Version(part.version) for one in WANTED for part in one.specifier if part.operator == ">="
    }
    assert set(bounds) == {one.name.lower() for one in WANTED}, "every dependency has a lower bound"
    assert {name: oldest[name] for name in bounds} == bounds, "run `make locks`"


def test_every_locked_file_has_a_hash() -> None:
    text = (ROOT / "constraints" / "locked.txt").read_text()
    starts = [match.start() for match in PIN.finditer(text)]
    assert len(starts) > len(WANTED)
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        assert "--hash=sha256:" in text[start:end], text[start : start + 60]
