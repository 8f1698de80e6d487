"""`pbrun lab reset|list`: the hosts of `ansible_connection: lab`."""

from __future__ import annotations

from collections.abc import Sequence

from runner.cli import flags

DESCRIPTION = """\
The lab's hosts are SSH servers on 127.0.0.1 that pbrun starts for a run. Each has a home folder that stays.
"""

EXAMPLES = """
  pbrun lab list          the lab's hosts and their folders
  pbrun lab reset         forget all of them
  pbrun lab reset web1    forget one
"""


def run(words: Sequence[str], argv: Sequence[str]) -> int:  # noqa: ARG001
    """List or forget the lab's hosts; the exit code."""
    made = flags.Parser("pbrun lab", DESCRIPTION, EXAMPLES, usage="pbrun lab list | reset [HOST...]")
    made.add_argument("action", choices=("list", "reset"))
    made.add_argument("hosts", nargs="*", metavar="HOST", help="only these hosts")
    found = made.read(words)
    raise NotImplementedError(found.action)
