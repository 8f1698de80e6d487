"""`pbrun get PATTERN SRC DEST`: a file from hosts."""

from __future__ import annotations

from collections.abc import Sequence

from runner.cli import one_task
from runner.errors import OptionError

DESCRIPTION = """\
Fetches a file from hosts, as the module `fetch` does: it becomes DEST/HOST/SRC here, so that hosts do not overwrite one
another. With --flat it becomes DEST itself (DEST/NAME if DEST ends in /), for one host.
"""

EXAMPLES = """
  pbrun get web -i prod.yaml /var/log/nginx/error.log logs/
  pbrun get db1 -i prod.yaml /etc/hosts hosts.db1 --flat
"""


def run(words: Sequence[str], argv: Sequence[str]) -> int:
    """Fetch; the exit code."""
    made = one_task.parser("get", DESCRIPTION, EXAMPLES)
    made.usage = "pbrun get PATTERN SRC DEST -i INV [options]"
    made.add_argument("src", metavar="SRC", help="a file on the hosts")
    made.add_argument("dest", metavar="DEST", help="a folder here")
    made.add_argument("--flat", action="store_true", help="no folder for each host")
    found = made.read(words)

    def check(hosts: Sequence[str]) -> None:
        """One file of several hosts would be that of the last."""
        if found.flat and len(hosts) > 1:
            raise OptionError(f"--flat suits one host: {len(hosts)} hosts would overwrite one another's {found.dest}")

    args = {"src": found.src, "dest": one_task.here(found.dest), "flat": found.flat}
    return one_task.run_it(found, argv, f"get {found.src} {found.dest}", "fetch", args, check)
