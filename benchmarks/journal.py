"""`python -m benchmarks.journal`: what the log costs a run, for each `--log-sync`, on hosts answered from memory."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.simulate import Remembered, World, write_files
from runner.engine import execute
from runner.model.options import Options
from runner.preparation import prepare

WAYS: Final = ("none", "batch", "always")


def seconds(world: World, folder: Path, way: str) -> tuple[float, int]:
    """How long the run takes whose hosts answer at once, and how many lines its log has."""
    playbook, inventory = write_files(world, folder)
    log = folder / f"{way}-{time.monotonic_ns()}.jsonl"
    options = Options((playbook,), (inventory,), log=str(log), log_sync=way, forks=world.forks, output="plain")
    prepared = prepare(options)
    start = time.perf_counter()
    ended = execute(prepared, options, make=lambda *_: Remembered(world))
    took = time.perf_counter() - start
    if ended.exit_code:
        raise SystemExit(f"the simulated run ended with {ended.exit_code}")
    return took, log.read_bytes().count(b"\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run each way several times, in turns, and print the best of each."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.journal", description=__doc__)
    parser.add_argument("--hosts", type=int, default=50)
    parser.add_argument("--tasks", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", help="where the logs are written (default: the current folder's file system)")
    found = parser.parse_args(argv)
    world = World(found.hosts, found.tasks)
    best: dict[str, tuple[float, int]] = {}
    with tempfile.TemporaryDirectory(prefix="pbrun-journal-", dir=found.folder or ".") as folder:
        for _ in range(found.rounds):
            for way in WAYS:
                with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
                    made = seconds(world, Path(folder), way)
                best[way] = min(made, best.get(way, made))
    floor = best["none"][0]
    print(f"{'--log-sync':<11} {'run':>9} {'lines':>7} {'a line':>10}   more than none")
    for way, (took, lines) in best.items():
        each = took / lines * 1e6
        print(f"{way:<11} {took:>7.3f} s {lines:>7} {each:>7.1f} us   {(took - floor) / lines * 1e6:.1f} us a line")
    return 0


if __name__ == "__main__":
    sys.exit(main())
