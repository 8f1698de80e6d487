"""`pbrun exec PATTERN -- COMMAND…`: one command on hosts."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from typing import Any

from runner.cli import one_task
from runner.errors import OptionError

DESCRIPTION = """\
Runs one command on hosts and shows what each of them printed.

Several words are a command and its arguments: no shell reads them, so nothing in them is special. One single word that
holds blanks or characters that mean something to a shell is a line for the host's shell; so is everything with --shell.
The command is literal text: braces in it are no templates.
"""

EXAMPLES = """
  pbrun exec web -i prod.yaml -- uptime
  pbrun exec web:db -i prod.yaml -b -- systemctl restart nginx
  pbrun exec all -i prod.yaml -- 'df -h / | tail -1'
  pbrun exec all -i prod.yaml --shell -- echo '$HOSTNAME' '>>' /tmp/log
"""

_MEANS_SOMETHING = re.compile(r"[^\w@%+=:,./-]")


def split(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """What stands before and after the first `--`."""
    place = words.index("--") if "--" in words else len(words)
    return list(words[:place]), list(words[place + 1 :])


def call_of(command: Sequence[str], shell: bool) -> tuple[str, dict[str, Any]]:
    """The module and its arguments for the words of a command."""
    if shell:
        return "shell", {"cmd": " ".join(command)}
    if len(command) == 1 and _MEANS_SOMETHING.search(command[0]):
        return "shell", {"cmd": command[0]}
    return "command", {"argv": list(command), "expand_argument_vars": False}


def run(words: Sequence[str], argv: Sequence[str]) -> int:
    """Run the command; the exit code."""
    made = one_task.parser("exec", DESCRIPTION, EXAMPLES)
    made.usage = "pbrun exec PATTERN -i INV [options] -- COMMAND..."
    made.add_argument("command", nargs="*", metavar="COMMAND", help="the command, best after '--'")
    made.add_argument("--shell", action="store_true", help="let the host's shell read the words, joined by blanks")
    before, after = split(words)
    found = made.read(before)
    command = [*found.command, *after]
    if not command:
        raise OptionError("no command is given: pbrun exec PATTERN -i INV -- COMMAND…")
    module, args = call_of(command, found.shell)
    shown = " ".join(command) if module == "shell" else shlex.join(command)
    found.output = "json" if found.output == "json" else "answers"
    return one_task.run_it(found, argv, shown, module, args)
