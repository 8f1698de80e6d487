"""`pbrun put PATTERN SRC DEST`: a file or folder to hosts."""

from __future__ import annotations

from collections.abc import Sequence

from runner.cli import one_task

DESCRIPTION = """\
Copies a file or a folder to hosts, as the module `copy` does: only what differs is sent. SRC with a / at its end means
what is in that folder.
"""

EXAMPLES = """
  pbrun put web -i prod.yaml nginx.conf /etc/nginx/nginx.conf -b --mode 0644
  pbrun put web -i prod.yaml site/ /srv/www/ --check --diff
"""


def run(words: Sequence[str], argv: Sequence[str]) -> int:
    """Copy; the exit code."""
    made = one_task.parser("put", DESCRIPTION, EXAMPLES)
    made.usage = "pbrun put PATTERN SRC DEST -i INV [options]"
    made.add_argument("src", metavar="SRC", help="a file or folder here")
    made.add_argument("dest", metavar="DEST", help="where to put it on the hosts")
    made.add_argument("--mode", help="file mode there (0644, u=rw,g=r)")
    made.add_argument("--owner", help="its owner")
    made.add_argument("--group", help="its group")
    made.add_argument("--backup", action="store_true", help="keep a copy of what was there")
    found = made.read(words)
    args = {"src": one_task.here(found.src), "dest": found.dest, "backup": found.backup}
    args.update({name: value for name in ("mode", "owner", "group") if (value := getattr(found, name))})
    return one_task.run_it(found, argv, f"put {found.src} {found.dest}", "copy", args)
