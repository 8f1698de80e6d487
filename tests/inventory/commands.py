"""The inventories and command lines of `commands.yaml`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any, Final

from tests.yaml_file import read_yaml

RECORDED: Final = Path(__file__).parent / "commands.json"


def load() -> dict[str, Any]:
    """Each case with its `files` and `args`."""
    cases: dict[str, Any] = read_yaml(Path(__file__).parent / "commands.yaml")
    return cases


def words(line: str) -> list[str]:
    """A command line: the inventory `hosts` and what the case asks."""
    return ["-i", "hosts", *shlex.split(line)]


def write(folder: Path, files: dict[str, str]) -> None:
    """The files of a case; what begins with `#!` can be run."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        if text.startswith("#!"):
            path.chmod(0o755)
