"""The steps that `--resume` does not simply run again are those that its page names."""

from __future__ import annotations

from pathlib import Path

from runner import registry

PAGE = Path(registry.__file__).parents[1] / "docs" / "resume.md"


def test_modules_that_may_not_run_twice_are_named() -> None:
    files = (Path(registry.__file__).parent / "modules").glob("*.py")
    unsafe = {file.stem for file in files if "Effect.UNSAFE" in file.read_text()}
    (named,) = [line.split() for line in PAGE.read_text().splitlines() if line.startswith("    command ")]
    assert unsafe == set(named)
