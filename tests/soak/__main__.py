"""`python -m tests.soak --hours H [--seed S] [--hosts N] [--only RUN]`: runs over chaos, and figures.

Every run has a playbook, faults of the network and a blow to the machine that its number and the seed make up. What was
broken off is resumed, under chaos again and at last without; then each host is counted. Every second run is made by
one process that lives through all of them. A finding keeps the run's folder, and `--only RUN` does that run again.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.soak.soak import Soak


def main() -> int:
    """Run; 1 if anything was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--hours", type=float, default=0.02, help="end after this time")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--hosts", type=int, default=3)
    parser.add_argument("--only", type=int, metavar="RUN", help="make this run alone")
    parser.add_argument("--folder", type=Path, help="where runs are kept (default: a new one in the temporary folder)")
    given = parser.parse_args()
    folder = given.folder or Path(tempfile.mkdtemp(prefix="soak-"))
    folder.mkdir(parents=True, exist_ok=True)
    end = time.monotonic() + given.hours * 3600
    with Soak(folder, given.seed, given.hosts) as soak:
        number = given.only or 1
        while number == (given.only or number) and time.monotonic() < end:
            soak.one(number)
            number += 1
            if number % 25 == 0:
                print(soak.summary(), flush=True)
        soak.finish()
        print(soak.summary(), flush=True)
        print(soak.growth(), flush=True)
        return 1 if soak.findings else 0


if __name__ == "__main__":
    sys.exit(main())
