"""Runs pbrun in processes forked from one that has imported all of it: as separate as any, without a start's cost.

Where it matters how a process starts (its interpreter, its imports, its closed files), tests run `python -m runner`.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import multiprocessing.forkserver
import os
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from multiprocessing.context import ForkServerContext
from pathlib import Path

ROOT = Path(__file__).parents[1]
TIMEOUT_S = 100.0


@cache
def _context() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.whole_program"])
    with contextlib.chdir(ROOT):
        multiprocessing.forkserver.ensure_running()
    return context


def run_forked(words: Sequence[str], folder: Path, environment: Mapping[str, str], output: Path) -> tuple[int, str]:
    """Exit code and output (both streams as one) of `pbrun WORDS` in `folder`, with this environment alone.

    Raises TimeoutError when it takes longer than `TIMEOUT_S`.
    """
    child = _context().Process(target=_become, args=(list(words), str(folder), dict(environment), str(output)))
    child.start()
    child.join(TIMEOUT_S)
    if child.exitcode is None:
        child.kill()
        child.join()
        raise TimeoutError(f"pbrun ran for more than {TIMEOUT_S:g} s: {output.read_text(errors='replace')}")
    return child.exitcode, output.read_text(encoding="utf-8", errors="replace")


def _become(words: list[str], folder: str, environment: dict[str, str], output: str) -> None:
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (file, 1), (file, 2)):
        os.dup2(source, target)
    sys.argv = ["pbrun", *words]
    # Only here: the process that asks for runs does not need it.
    from runner.__main__ import start

    sys.exit(start())
