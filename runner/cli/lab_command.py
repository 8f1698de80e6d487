"""`pbrun lab reset|list`: the hosts of `ansible_connection: lab`."""

from __future__ import annotations

import os
from collections.abc import Sequence

from runner.cli import flags
from runner.errors import OptionError

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
    from runner import lab
    from runner.journal.place import state_home
    from runner.registry import nearest

    folder = state_home(os.environ) / "pbrun" / "lab"
    known = lab.known(folder)
    unknown = [name for name in found.hosts if name not in known]
    if unknown:
        hint = nearest(unknown[0], known)
        raise OptionError(f"the lab has no host {unknown[0]!r}" + (f" ({hint})" if hint else ""))
    if found.action == "list":
        for name in found.hosts or sorted(known):
            print(f"{name}\t{known[name]}")
        return 0
    forgotten = lab.reset(folder, found.hosts)
    print(f"forgotten: {', '.join(forgotten)}" if forgotten else "the lab has no hosts")
    return 0
