"""`pbrun log ACTION`: what can be made of the logs of runs that are over."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Final

from runner.cli import flags
from runner.errors import OptionError

ACTIONS: Final[Mapping[str, str]] = {
    "diff": "in what two runs differ",
    "export": "make an OpenTelemetry trace of a run",
    "list": "the runs there were, the newest first",
    "prune": "remove old logs",
    "report": "make an HTML page, JUnit XML, Markdown or SARIF of a run",
    "show": "what a run did, task by task and host by host",
    "verify": "look whether a log is as it was written",
}

DESCRIPTION: Final = """\
Reads the logs of runs (see docs/log.md). Nothing is connected to.

actions ('pbrun log ACTION --help' says more):
{actions}
"""

EXAMPLES: Final = """
  pbrun log list
  pbrun log show last --failed
  pbrun log report last --html report.html
  pbrun log export last --otlp http://localhost:4318
  pbrun log verify last
"""


def run(words: Sequence[str], argv: Sequence[str]) -> int:
    """Do what is asked; the exit code. Raises `PbrunError`s."""
    if not words or words[0].startswith("-"):
        actions = "\n".join(f"  {name:<10}{text}" for name, text in ACTIONS.items())
        top = flags.Parser("pbrun log", DESCRIPTION.format(actions=actions), EXAMPLES, usage="pbrun log ACTION …")
        top.read(words)
        raise OptionError(f"what shall be done? {', '.join(ACTIONS)}\nTry 'pbrun log --help'.")
    if words[0] not in ACTIONS:
        raise OptionError(f"pbrun log cannot {words[0]!r} (there are {', '.join(ACTIONS)})")
    code: int = importlib.import_module(f"runner.cli.log_{words[0]}").run(words[1:], argv)
    return code
