"""The entry point: picks the subcommand, and turns whatever goes wrong into plain words and an exit code.

Heavy imports happen inside functions: `pbrun --version` and `--help` must be quick.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence

COMMANDS = {
    "play": "run playbooks (the default: `pbrun PLAYBOOK...`)",
    "exec": "run one command on hosts",
    "put": "copy a file or folder to hosts",
    "get": "fetch a file from hosts",
    "graph": "print the plan of playbooks",
    "lab": "forget or list the lab's hosts",
}

INTERRUPTED = 99
BROKEN_PIPE = 141


def command_of(words: Sequence[str]) -> tuple[str, list[str]]:
    """The subcommand's name and its words; a first word that is no subcommand's name belongs to `play`."""
    if words and words[0] in COMMANDS:
        return words[0], list(words[1:])
    return "play", list(words)


def run(words: Sequence[str]) -> int:
    """Run one command line; its exit code."""
    if list(words) == ["--version"]:
        from runner import __version__

        print(f"pbrun {__version__}")
        return 0
    name, rest = command_of(words)
    module = importlib.import_module(f"runner.cli.{name}_command")
    try:
        code: int = module.run(rest, list(words))
    except SystemExit as stop:  # argparse's --help
        code = stop.code if isinstance(stop.code, int) else 0
    sys.stdout.flush()
    return code


def main(argv: Sequence[str] | None = None) -> int:
    """`pbrun` with the given words (by default those of the process); returns the exit code, raises nothing."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        return run(words)
    except KeyboardInterrupt:
        print("pbrun: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone; Python must not fail again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except Exception as error:
        from runner.cli.faults import report

        return report(error)
