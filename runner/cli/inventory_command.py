"""`pbrun inventory`: hosts, groups and variables of inventories, with the options and the output of ansible-inventory.

Source: https://docs.ansible.com/ansible/latest/cli/ansible-inventory.html
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.cli import flags
from runner.cli.configured import configured
from runner.cli.faults import tell
from runner.errors import EnvironmentFault, InputErrors, OptionError
from runner.model.settings import Settings

if TYPE_CHECKING:
    from runner.inventory.dump import View

DESCRIPTION = """\
Prints hosts, groups and variables of inventories, as ansible-inventory does. Nothing is connected to.
"""

EXAMPLES = """
  pbrun inventory -i prod.yaml --graph              groups and hosts as a tree
  pbrun inventory -i prod.yaml --graph web --vars   … of one group, with variables
  pbrun inventory -i prod.yaml --host web1          all variables of a host
  pbrun inventory -i prod.yaml --list --export -y --output merged.yaml
"""


def run(words: Sequence[str], argv: Sequence[str]) -> int:  # noqa: ARG001
    """Print what is asked for; the exit code."""
    found = _parser().read(words)
    if sum(map(bool, (found.list, found.host, found.graph))) != 1:
        raise OptionError("say what to print: one of --list, --host NAME and --graph")
    settings = configured(found.verbosity)
    text = _shown(found, _view(found, settings))
    if found.output is None:
        print(text, end="" if text.endswith("\n") else "\n")
        return 0
    try:
        Path(found.output).write_text(text, encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise EnvironmentFault(f"cannot write {found.output}: {error.strerror or error}") from None
    return 0


def _parser() -> flags.Parser:
    usage = "pbrun inventory --list | --host NAME | --graph [GROUP] -i INV [options]"
    made = flags.Parser("pbrun inventory", DESCRIPTION, EXAMPLES, usage=usage)
    made.add_argument("group", nargs="?", metavar="GROUP", help="with --graph: begin at this group")
    group = made.add_argument_group("what to print")
    group.add_argument("--list", action="store_true", help="everything, as an inventory script prints it")
    group.add_argument("--host", metavar="NAME", help="the variables of one host")
    group.add_argument("--graph", action="store_true", help="groups and hosts as a tree")
    group = made.add_argument_group("how to print it")
    group.add_argument("-y", "--yaml", action="store_true", help="YAML instead of JSON")
    group.add_argument("--vars", action="store_true", help="with --graph: variables, too")
    group.add_argument("--export", action="store_true", help="each variable where it is set, not merged into hosts")
    group.add_argument("--output", type=flags.not_empty, metavar="FILE", help="write it to a file")
    flags.add_target_flags(made)
    made.add_argument("--playbook-dir", "--basedir", metavar="DIR", help="read group_vars and host_vars here, too")
    flags.add_vault_flags(made)
    made.add_argument("-v", "--verbose", dest="verbosity", action="count", default=0, help="show more")
    return made


def _view(found: argparse.Namespace, settings: Settings) -> View:
    """The inventory that is asked for; warnings are on stderr. Raises `InputErrors`."""
    from runner.cli.extra_vars import read_extra_vars
    from runner.cli.options import inventories
    from runner.cli.vault_secrets import keyring, settings_of
    from runner.configuration.doubts import as_set
    from runner.inventory.dump import View
    from runner.load.inventory import load_inventory, read_limit_files
    from runner.load.sources import Sources
    from runner.load.vars_files import load_beside

    vault = keyring(found, settings_of(settings))
    record = Sources(vault=vault)
    extra_vars = read_extra_vars(found.extra_vars or (), vault)
    inventory, doubts = load_inventory(
        inventories(found, settings), record=record, settings=settings, extra_vars=extra_vars
    )
    folder = found.playbook_dir or settings.playbook_dir
    beside, wrong = load_beside(folder or ".", record)
    problems = as_set([*doubts, *wrong], settings)
    if any(problem.level == "error" for problem in problems):
        raise InputErrors(problems)
    tell(problems)
    export = found.export or settings.inventory_export
    hosts = None
    if found.limit is not None and found.list:
        from runner.inventory.patterns import match

        files = read_limit_files(found.limit, record)
        hosts = frozenset(match("all", inventory, limit=found.limit, limit_files=files))
    return View(inventory, beside, extra_vars, export, folder is not None, hosts)


def _shown(found: argparse.Namespace, view: View) -> str:
    from runner.inventory import dump
    from runner.inventory.patterns import resolve

    if found.graph:
        group = found.group or "all"
        if group not in view.inventory.groups:
            from runner.registry import nearest

            hint = nearest(group, view.inventory.groups)
            raise OptionError(f"there is no group {group!r}" + (f" ({hint})" if hint else ""))
        return "\n".join(dump.as_graph(view, group, found.vars))
    if found.list:
        return _written(dump.as_tree(view) if found.yaml else dump.as_script(view), found.yaml)
    hosts = resolve(found.host, view.inventory).hosts
    if len(hosts) != 1:
        raise OptionError(f"--host wants one host; {found.host!r} is {len(hosts) or 'none'} of the inventory's")
    from runner.inventory.implicit import find_host

    host = find_host(view.inventory, hosts[0])
    return _written(view.host_vars(host) if host else {}, found.yaml)


def _written(value: Any, as_yaml: bool) -> str:
    if as_yaml:
        from runner.syntax.yaml_text import dump

        return dump(value, default_flow_style=False)
    return json.dumps(_plain(value), sort_keys=True, indent=4, ensure_ascii=False)


def _plain(value: Any) -> Any:
    """What JSON can hold: an encrypted value goes out encrypted, as Ansible writes it; dates are text."""
    from datetime import date

    from runner.model.values import Vaulted

    if isinstance(value, Vaulted):
        return {"__ansible_vault": str(value)}
    if isinstance(value, dict):
        return {name if isinstance(name, str) else str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value.isoformat() if isinstance(value, date) else value
