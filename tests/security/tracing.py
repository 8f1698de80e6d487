"""Whether processes can be traced here: some containers forbid it."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache

import pytest


@cache
def can_trace() -> bool:
    """Whether strace is there and allowed to trace."""
    return shutil.which("strace") is not None and not subprocess.run(["strace", "-o", "/dev/null", "true"]).returncode


def needs_trace() -> None:
    """Skip the test where nothing can be traced."""
    if shutil.which("strace") is None:
        pytest.skip("needs strace")
    if not can_trace():
        pytest.skip("this system cannot trace processes")
