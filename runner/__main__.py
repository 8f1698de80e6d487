"""`python -m runner` is `pbrun`: the process as a whole."""

import gc
import sys

from runner.cli.main import main

# A run makes many objects that stay and few cycles; the collector would look at all of them again and again.
YOUNG_OBJECTS = 50_000


def start() -> int:
    """Run the process's command line; its exit code."""
    gc.set_threshold(YOUNG_OBJECTS, 20, 20)
    code = main()
    gc.freeze()  # the process ends: the interpreter's last collection, 90 ms for one host, would free what goes anyway
    return code


if __name__ == "__main__":
    sys.exit(start())
