"""What a tool is: two functions and what they exchange."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.site import Site
from benchmarks.workloads import Workload


@dataclass(frozen=True, slots=True)
class Child:
    """A command to measure. `family`: it works in several processes, whose memory counts together."""

    command: tuple[str, ...]
    environment: Mapping[str, str]
    family: bool = False


def environment(site: Site) -> dict[str, str]:
    """This process's own. An installed program has its bytecode; without it each run would compile 250 files first."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**inherited, "XDG_STATE_HOME": str(site.folder / "state"), "PYTHONPATH": str(Path.cwd())}


def nothing(_: Site) -> None:
    """Leave all as it is."""


@dataclass(frozen=True, slots=True)
class Tool:
    """`prepare` writes the files a run needs; `wrong` says what its output (a file) lacks, or "" when all is there;
    `tidy` ends what a run leaves behind; `environment` is the virtual environment it lives in, or ""."""

    name: str
    prepare: Callable[[Workload, Site], Child]
    wrong: Callable[[Workload, Site, Path], str]
    tidy: Callable[[Site], None] = nothing
    environment: str = ""
