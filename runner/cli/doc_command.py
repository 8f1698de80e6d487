"""`pbrun doc MODULE...`: what a module does, from its own definition."""

from __future__ import annotations

from collections.abc import Sequence

from runner.cli import flags
from runner.errors import OptionError

DESCRIPTION = """\
Prints what modules do, their options with types and defaults, an example, and the keys of their results.
Names may be short or qualified (ansible.builtin.copy). No inventory is read.
"""

EXAMPLES = """
  pbrun doc copy
  pbrun doc ansible.posix.mount
  pbrun doc --list
  pbrun doc --list docker          only names with this in them
  pbrun doc --json copy template   for programs
"""


def run(words: Sequence[str], argv: Sequence[str]) -> int:  # noqa: ARG001
    """Print the modules' pages; the exit code. Raises OptionError for an unknown one."""
    made = flags.Parser("pbrun doc", DESCRIPTION, EXAMPLES, usage="pbrun doc MODULE... | --list [TEXT...]")
    made.add_argument("modules", nargs="*", metavar="MODULE", help="modules (with --list: parts of names)")
    made.add_argument("-l", "--list", action="store_true", help="one line for each module")
    made.add_argument("-j", "--json", action="store_true", help="print JSON")
    found = made.read(words)
    if not found.modules and not found.list:
        made.error("name a module, or use --list")
    from runner import registry
    from runner.cli import doc_text

    known = registry.names("modules")
    if found.list:
        chosen = [name for name in known if all(part in registry.full("modules", name) for part in found.modules)]
        if not chosen:
            raise OptionError(f"no module has {' and '.join(map(repr, found.modules))} in its name")
    else:
        chosen = [registry.own("modules", word) for word in found.modules]
    for word, name in zip(found.modules, chosen, strict=False):
        if name not in known:
            hint = registry.absent("modules", word)
            raise OptionError(f"there is no module {word!r}" + (f" ({hint})" if hint else "; see 'pbrun doc --list'"))
    if found.json:
        print(doc_text.as_json(chosen))
    elif found.list:
        print(doc_text.as_list(chosen))
    else:
        print("\n\n".join(doc_text.page(name) for name in chosen))
    return 0
