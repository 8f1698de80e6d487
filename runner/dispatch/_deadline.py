"""Ending what a step has started on its host: every process below the session's shell."""

from __future__ import annotations

import time
from typing import Final

from runner.dispatch._shell import Started
from runner.errors import ConnectionLost
from runner.sh.ending import END_BELOW

WAIT_S: Final = 10.0


def kill_below(begun: Started, pid: int) -> None:
    """Kill all processes below `pid` through a shell that reads its stdin. Raises `ConnectionLost`.

    Returns when the shell has done it, after `WAIT_S` at the latest; what ran on its own (setsid, and its parent is
    gone) is not found.
    """
    deadline = time.monotonic() + WAIT_S
    try:
        begun.process.write(f"{{\n{END_BELOW}pb_end_below {pid}\nexit 0\n}}\n".encode())
        begun.process.close_stdin()
        while begun.process.read(max(0.0, deadline - time.monotonic())) is not None:
            pass
    except (TimeoutError, ConnectionLost):
        return
    finally:
        begun.process.close()
