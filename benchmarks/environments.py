"""The peers' virtual environments: made once, with pinned versions, in a cache folder."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import runner

CONSTRAINTS = Path(__file__).with_name("peers.txt")
PACKAGES: Mapping[str, tuple[str, ...]] = {"ansible": ("ansible-core", "mitogen"), "pyinfra": ("pyinfra",)}


def default_folder() -> Path:
    """Below the user's cache folder, as the XDG base directory specification has it."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pbrun-benchmarks"


def make_environment(folder: Path, name: str) -> None:
    """Make an environment in `folder/name`, unless one with these versions is there. Raises CalledProcessError."""
    mark = folder / name / "constraints.txt"
    if mark.exists() and mark.read_text() == CONSTRAINTS.read_text():
        return
    subprocess.run([sys.executable, "-m", "venv", "--clear", folder / name], check=True)
    pip: list[str | Path] = [
        folder / name / "bin" / "python",
        "-m",
        "pip",
        "install",
        "-q",
        "--disable-pip-version-check",
    ]
    subprocess.run([*pip, "-c", CONSTRAINTS, *PACKAGES[name]], check=True)
    mark.write_text(CONSTRAINTS.read_text())


def versions() -> Mapping[str, str]:
    """The version of each tool that has one, by the tool's name."""
    pinned = dict(line.split("==") for line in CONSTRAINTS.read_text().splitlines() if "==" in line)
    return {
        "pbrun": runner.__version__,
        "floor": f"paramiko {importlib.metadata.version('paramiko')}",
        "pyinfra": pinned["pyinfra"],
        "mitogen": pinned["mitogen"],
        "ansible": pinned["ansible-core"],
    }
