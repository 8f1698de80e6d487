"""A playbook of one task, for `exec`, `put` and `get`: the same way through planner, executor and log as any other."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from runner.cli import flags
from runner.cli.options import to_options
from runner.model.playbook import Play, Playbook, Task
from runner.model.span import Span

PLACE = Span("<command line>")


def one_task(pattern: str, name: str, module: str, args: Mapping[str, Any]) -> Playbook:
    """The playbook that runs `module` once on the hosts of `pattern`. What `args` hold is literal text."""
    task = Task(id=f"{module}-1", name=name, action=module, module=module, args=dict(args), span=PLACE)
    # Relative names are meant from where the user stands, so the play stands there too.
    path = str(Path.cwd() / "command line")
    play = Play(id="play-1", name=name, hosts=pattern, span=PLACE, path=path, gather_facts=False, tasks=(task,))
    return Playbook(plays=(play,))


def parser(command: str, description: str, examples: str) -> flags.Parser:
    """The flags that `exec`, `put` and `get` share."""
    made = flags.Parser(f"pbrun {command}", description, examples)
    made.add_argument("pattern", metavar="PATTERN", help="which hosts: a group, a host, 'web:db', 'all:!db' …")
    flags.add_target_flags(made)
    flags.add_run_flags(made)
    flags.add_vault_flags(made)
    flags.add_connection_flags(made)
    return made


def run_it(
    found: argparse.Namespace,
    argv: Sequence[str],
    name: str,
    module: str,
    args: Mapping[str, Any],
    check: Callable[[Sequence[str]], None] = lambda _hosts: None,
) -> int:
    """Run the one task; the exit code. A pattern that matches no host is an error; `check` may refuse the hosts."""
    from runner.cli.carry_out import carry_out

    options = to_options(found)
    return carry_out(options, argv, one_task(found.pattern, name, module, args), pattern=found.pattern, check=check)


def here(name: str) -> str:
    """A path of the controller, absolute; a `/` at its end, which has a meaning, stays."""
    path = str(Path(name).expanduser().absolute())
    return path + "/" if name.endswith("/") and path != "/" else path
