"""A command line run by the controller's shell, for the lookups `pipe` and `lines`."""

from __future__ import annotations

import subprocess

from runner.errors import StepError


def shell_output(command: str, folder: str) -> bytes:
    """What `command` printed, run in `folder` with an empty stdin; its stderr goes nowhere but into an error.

    Raises StepError when it ends with anything but 0.
    """
    try:
        done = subprocess.run(
            command, shell=True, cwd=folder or None, stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
    except (OSError, ValueError) as error:
        raise StepError(f"{command!r} cannot be run: {error}") from None
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise StepError(f"{command!r} returned {done.returncode}" + (f": {said[-500:]}" if said else ""))
    return done.stdout
