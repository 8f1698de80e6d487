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
    "plan": "keep in a file what a run would do",
    "apply": "do what a kept plan says, or refuse if something changed",
    "exec": "run one command on hosts",
    "retry": "run again what failed in an earlier run",
    "put": "copy a file or folder to hosts",
    "get": "fetch a file from hosts",
    "inventory": "print hosts, groups and variables",
    "config": "print the settings that hold, and where they were made",
    "graph": "print the plan of playbooks",
    "doc": "print what a module does, its options and results",
    "log": "make reports of runs that are over",
    "vault": "encrypt and decrypt files and values",
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

        print(f"pbrun {__version__}", flush=True)
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
        open_what_is_closed()
        return run(words)
    except KeyboardInterrupt:
        print("pbrun: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        _let_go_of_stdout()  # whoever read it has gone
        return BROKEN_PIPE
    except Exception as error:
        from runner.cli.faults import report

        code = report(error)
        _let_go_of_stdout()
        return code


def open_what_is_closed() -> None:
    """Standard streams that we were started without (`>&-`) lead nowhere; otherwise the next file opened, such as the
    log, would take their number and whatever is printed."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            nowhere = os.open(os.devnull, os.O_RDWR)
            os.dup2(nowhere, number)
            if nowhere > 2:
                os.close(nowhere)
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, "w" if number else "r", encoding="utf-8", closefd=False))  # noqa: SIM115


def _let_go_of_stdout() -> None:
    """What cannot be written must not fail once more when Python flushes at its end."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
