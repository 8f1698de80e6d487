"""`pbrun vault ACTION`: make, read and change encrypted files and values, with the options of ansible-vault.

Source: https://docs.ansible.com/ansible/latest/cli/ansible-vault.html
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from runner.cli import flags
from runner.errors import OptionError

DESCRIPTION = """\
Encrypts and decrypts files and values; what ansible-vault wrote can be read here, and the other way round.

actions ('pbrun vault ACTION --help' says more):
{actions}
"""

EXAMPLES = """
  pbrun vault create group_vars/prod/vault.yml                  a new file, in your editor
  pbrun vault edit group_vars/prod/vault.yml
  pbrun vault encrypt secrets.yml --vault-id prod@prod.pass     a file that exists
  pbrun vault view secrets.yml --vault-id prod@prompt
  pbrun vault encrypt_string hunter2 --name db_password         a value to paste into YAML
  pbrun vault rekey secrets.yml --new-vault-password-file new.pass
  pbrun vault decrypt secrets.yml --output -                    to standard output
"""

ACTIONS: Final[Mapping[str, str]] = {
    "create": "write a new encrypted file in your editor ($EDITOR)",
    "edit": "change encrypted files in your editor",
    "view": "show what is in encrypted files",
    "encrypt": "encrypt files that exist",
    "decrypt": "decrypt files for good",
    "rekey": "change the password of encrypted files",
    "encrypt_string": "encrypt values for use in YAML",
}
_EXAMPLES: Final[Mapping[str, str]] = {
    "create": "  pbrun vault create vault.yml --vault-id prod@prompt",
    "edit": "  pbrun vault edit vault.yml --vault-password-file ~/.vault_pass",
    "view": "  pbrun vault view vault.yml -J",
    "encrypt": "  pbrun vault encrypt a.yml b.yml --vault-id prod@prod.pass\n"
    "  cat key.pem | pbrun vault encrypt --output key.vault",
    "decrypt": "  pbrun vault decrypt vault.yml\n  pbrun vault decrypt vault.yml --output - | less",
    "rekey": "  pbrun vault rekey vault.yml --vault-password-file old --new-vault-password-file new\n"
    "  pbrun vault rekey vault.yml --vault-id old@prompt --new-vault-id new@prompt",
    "encrypt_string": "  pbrun vault encrypt_string --vault-id prod@prod.pass --name db_password hunter2\n"
    "  printf %s hunter2 | pbrun vault encrypt_string --stdin-name db_password\n"
    "  pbrun vault encrypt_string --prompt --name db_password",
}
_ENCRYPTS: Final = ("create", "encrypt", "encrypt_string", "rekey")


def run(words: Sequence[str], argv: Sequence[str]) -> int:  # noqa: ARG001
    """Do what is asked; the exit code. Raises `PbrunError`s."""
    if not words or words[0].startswith("-"):
        top = _top()
        if not words:
            raise OptionError(f"what shall be done? {', '.join(ACTIONS)}\nTry 'pbrun vault --help'.")
        top.read(words)
        raise OptionError("the action must come first: pbrun vault ACTION …")
    action, rest = words[0], words[1:]
    if action not in ACTIONS:
        from runner.registry import nearest

        hint = nearest(action, ACTIONS) or "there are " + ", ".join(ACTIONS)
        raise OptionError(f"pbrun vault cannot {action!r} ({hint})")
    found = parser(action).read(rest)
    from runner.cli.carry_out import end_in_order_when_told_to

    end_in_order_when_told_to()
    before = os.umask(0o077)
    try:
        _doer(action)(found)
    finally:
        os.umask(before)
    return 0


def _top() -> flags.Parser:
    actions = "\n".join(f"  {name:<15}{text}" for name, text in ACTIONS.items())
    usage = "pbrun vault ACTION [options] [FILE...]"
    return flags.Parser("pbrun vault", DESCRIPTION.format(actions=actions), EXAMPLES, usage=usage)


def parser(action: str) -> flags.Parser:
    """The flags of one action."""
    about = ACTIONS[action]
    made = flags.Parser(f"pbrun vault {action}", f"{about[0].upper()}{about[1:]}.", _EXAMPLES[action])
    what = ("strings", "TEXT", "what to encrypt") if action == "encrypt_string" else ("files", "FILE", "files")
    made.add_argument(what[0], nargs="*", metavar=what[1], help=f"{what[2]}; '-' is standard input")
    made.add_argument("-v", "--verbose", dest="verbosity", action="count", default=0, help="accepted, shows nothing")
    flags.add_vault_flags(made)
    if action in ("encrypt", "decrypt", "encrypt_string"):
        made.add_argument("--output", metavar="FILE", help="write there; '-' is standard output")
    if action in _ENCRYPTS or action == "edit":
        made.add_argument("--encrypt-vault-id", metavar="ID", help="which of several vault ids encrypts")
    if action == "create":
        made.add_argument("--skip-tty-check", action="store_true", help="open the editor without a terminal, too")
    if action == "rekey":
        one = made.add_mutually_exclusive_group()
        one.add_argument("--new-vault-id", type=flags.vault_id, metavar="[ID@]SOURCE", help="the new password")
        one.add_argument("--new-vault-password-file", metavar="FILE", help="… in a file or from a script")
    if action == "encrypt_string":
        made.add_argument("-n", "--name", dest="names", action="append", metavar="NAME", help="the variable's name")
        made.add_argument("--stdin-name", metavar="NAME", help="the name of what comes from standard input")
        made.add_argument("-p", "--prompt", action="store_true", help="ask for the text")
        made.add_argument("--show-input", action="store_true", help="show what is typed then")
    return made


def _doer(action: str) -> Callable[[argparse.Namespace], None]:
    if action == "encrypt_string":
        from runner.cli.vault_strings import encrypt_string

        return encrypt_string
    from runner.cli import vault_actions

    doer: Callable[[argparse.Namespace], None] = getattr(vault_actions, action)
    return doer
