"""The flags of the command line, with Ansible's letters and meaning, for argparse.

Source: https://docs.ansible.com/ansible/latest/cli/ansible-playbook.html
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from runner.errors import OptionError

OUTPUTS = ("live", "plain", "json")
LOG_SYNCS = ("always", "batch", "none")
# What else a connection may be called: the lab, and Ansible's names for ssh.
OTHER_CONNECTIONS = ("lab", "smart", "openssh", "paramiko", "paramiko_ssh")


_CHOSEN = re.compile(r"invalid choice: '(?P<word>.*?)' \(choose")


class Parser(argparse.ArgumentParser):
    """argparse, except that a mistake is an `OptionError` (exit 5, not 2) that says what was probably meant."""

    def __init__(self, prog: str, description: str, examples: str, **more: Any) -> None:
        super().__init__(
            prog=prog,
            description=description,
            epilog="examples:\n" + examples.strip("\n"),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            **more,
        )

    def error(self, message: str) -> NoReturn:
        wrong = _CHOSEN.search(message)
        nearest = self.nearest_choice(wrong["word"]) if wrong else ""
        hint = f" ({nearest})" if nearest else ""
        raise OptionError(f"{message}{hint}\nTry '{self.prog} --help'.")

    def read(self, words: Sequence[str]) -> argparse.Namespace:
        """The words as a namespace; options and other words may be mixed. Raises `OptionError`."""
        found, unknown = self.parse_known_intermixed_args(list(words))
        if unknown:
            self.error("; ".join(self.describe_unknown(word) for word in unknown))
        return found

    def describe_unknown(self, word: str) -> str:
        """One unknown word in plain words, with the option that is most like it."""
        if not word.startswith("-"):
            return f"unexpected word {word!r}"
        from runner.registry import nearest

        hint = nearest(word.split("=", maxsplit=1)[0], self._option_string_actions)
        return f"unknown option {word}" + (f" ({hint})" if hint else "")

    def nearest_choice(self, word: str) -> str:
        """A hint for a value that is not among an option's choices."""
        from runner.registry import nearest

        known = [str(choice) for action in self._actions for choice in action.choices or ()]
        return "" if word in known else nearest(word, known)


def positive(text: str) -> int:
    """A whole number of at least 1, for argparse."""
    try:
        number = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return number


def seconds(text: str) -> float:
    """A duration of more than 0 seconds, for argparse."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a duration in seconds")
    return number


def not_empty(text: str) -> str:
    """Any text but none at all, as an unset variable of a shell script gives it."""
    if not text:
        raise argparse.ArgumentTypeError("its value is empty")
    return text


def plug_in(room: str, *more: str) -> Callable[[str], str]:
    """The name of a plug-in of a room (with or without its collection), or one of `more`, for argparse."""

    def check(text: str) -> str:
        from runner.registry import absent, known, names

        if known(room, text):
            return text
        hint = absent(room, text) or f"known: {', '.join((*names(room), *more))}"
        raise argparse.ArgumentTypeError(f"there is no {text!r}: {hint}")

    return check


def engine(text: str) -> str:
    """What carries the trips: a dispatcher, and maybe where it is, for argparse."""
    if text == "threads":
        return text
    from runner.registry import load, names, nearest

    name, colon, address = text.partition(":")
    if name not in names("dispatch"):
        hint = nearest(name, names("dispatch")) or f"known: {', '.join(names('dispatch'))}"
        raise argparse.ArgumentTypeError(f"there is no engine {name!r}: {hint}")
    if colon and (not address or not hasattr(load("dispatch", name), "ADDRESS")):
        raise argparse.ArgumentTypeError(
            f"{text!r}: " + ("nothing follows ':'" if not address else "it has no address")
        )
    return text


def add_target_flags(parser: Parser) -> None:
    """Which hosts, and with which variables."""
    group = parser.add_argument_group("hosts and variables")
    group.add_argument("-i", "--inventory", "--inventory-file", dest="inventories", action="append", metavar="INV",
                       type=not_empty,
                       help="inventory: a file, a folder, a script, or hosts 'a,b,' (repeatable)")  # fmt: skip
    group.add_argument("-l", "--limit", metavar="PATTERN", help="only these of the hosts")
    group.add_argument("-e", "--extra-vars", action="append", metavar="VARS",
                       help="more variables: k=v, YAML or JSON, or @FILE (repeatable)")  # fmt: skip


def add_run_flags(parser: Parser) -> None:
    """How to run, and what to show."""
    group = parser.add_argument_group("the run")
    group.add_argument("-C", "--check", action="store_true", help="a dry run: change nothing, say what would change")
    group.add_argument("-D", "--diff", action="store_true", help="show what changes in files")
    group.add_argument("-f", "--forks", type=positive, metavar="N",
                       help="hosts worked on at the same time (default 50)")  # fmt: skip
    group.add_argument("--engine", type=engine, metavar="ENGINE",
                       help="what carries the work: threads (default); dask[:N], N processes here; dask:HOST:PORT, "
                            "a Dask cluster (see docs/dask.md)")  # fmt: skip
    group.add_argument("--detailed-exitcode", action="store_true",
                       help="with --check: exit 0 no changes, 2 something changes or may run, 1 error")  # fmt: skip
    group.add_argument("--stream", action="store_true",
                       help="show and log the lines of command, shell, script and raw while they run")  # fmt: skip
    group.add_argument(
        "--lock",
        action="store_true",
        help="hold a lock on each host, so that two such runs do not work on it at the same time",
    )
    group.add_argument("--lock-wait", type=seconds, metavar="SECONDS",
                       help="… and wait so long for another holder (default 0: refuse)")  # fmt: skip
    group.add_argument("--strict", action="store_true", help="warnings about the input are errors")
    group.add_argument(
        "--log", type=not_empty, metavar="FILE", help="write the log there (default: the user's state folder)"
    )
    group.add_argument("--log-sync", choices=LOG_SYNCS, default="batch",
                       help="when the log is on disk: after each write (always), before anything is sent (batch, "
                            "default), or at the end of the run (none)")  # fmt: skip
    group.add_argument("--output", choices=OUTPUTS,
                       help="how to show the run (default: live on a terminal, plain elsewhere)")  # fmt: skip
    group.add_argument("-v", "--verbose", dest="verbosity", action="count", default=0, help="show more (up to -vvvv)")


def add_connection_flags(parser: Parser) -> None:
    """How to reach hosts, and whom to become there."""
    group = parser.add_argument_group("connection")
    group.add_argument("-u", "--user", metavar="USER", help="log in as this user")
    group.add_argument("-k", "--ask-pass", action="store_true", help="ask for the login password")
    group.add_argument("--connection-password-file", "--conn-pass-file", metavar="FILE", help="… or read it there")
    group.add_argument("--private-key", "--key-file", metavar="FILE", help="log in with this key")
    group.add_argument("-c", "--connection", type=plug_in("transports", *OTHER_CONNECTIONS), metavar="KIND",
                       help="connection to use (default ssh)")  # fmt: skip
    group.add_argument("-T", "--timeout", type=seconds, metavar="SECONDS", help="give up connecting after this time")
    group.add_argument("--ssh-common-args", metavar="ARGS", help="arguments as ssh takes them (-o, -J …)")
    group.add_argument("--ssh-extra-args", metavar="ARGS", help="more of them")
    group = parser.add_argument_group("another user on the host")
    group.add_argument("-b", "--become", action="store_true", help="run as another user")
    group.add_argument("--become-user", metavar="USER", help="whom to become (default root)")
    group.add_argument(
        "--become-method", type=plug_in("become"), metavar="METHOD", help="how: sudo (default), su, doas"
    )
    group.add_argument("-K", "--ask-become-pass", action="store_true", help="ask for the password that this needs")
    group.add_argument("--become-password-file", "--become-pass-file", metavar="FILE", help="… or read it there")


def add_playbook_flags(parser: Parser) -> None:
    """What of a playbook to run, or only to list."""
    group = parser.add_argument_group("parts of the playbook")
    group.add_argument("-t", "--tags", action="append", metavar="TAGS", help="only tasks with these tags (a,b)")
    group.add_argument("--skip-tags", action="append", metavar="TAGS", help="not the tasks with these tags")
    group.add_argument("--start-at-task", metavar="NAME", help="begin at the task of this name")
    group.add_argument("--step", action="store_true", help="ask before each task")
    group.add_argument("--force-handlers", action="store_true", help="run notified handlers even if a task fails")
    group.add_argument("--strategy", type=plug_in("strategies"), metavar="NAME",
                       help="linear (default), free, host_pinned or dag")  # fmt: skip
    group = parser.add_argument_group("only look (no connection is opened)")
    group.add_argument("--syntax-check", action="store_true", help="read everything, report every mistake, stop")
    group.add_argument("--list-hosts", action="store_true", help="list the hosts of each play")
    group.add_argument("--list-tasks", action="store_true", help="list the tasks that would run")
    group.add_argument("--list-tags", action="store_true", help="list the tags")


def add_vault_flags(parser: argparse.ArgumentParser) -> None:
    """The passwords of what is encrypted."""
    group = parser.add_argument_group("encrypted files and values")
    group.add_argument("--vault-id", dest="vault_ids", action="append", type=vault_id, metavar="[ID@]SOURCE",
                       help="a vault password: 'prompt', a file, or a script (repeatable)")  # fmt: skip
    one = group.add_mutually_exclusive_group()
    one.add_argument("--vault-password-file", "--vault-pass-file", dest="vault_password_files", action="append",
                     metavar="FILE", type=not_empty, help="… of no id, in a file or from a script")  # fmt: skip
    one.add_argument("-J", "--ask-vault-pass", "--ask-vault-password", dest="ask_vault_pass", action="store_true",
                     help="ask for the vault password")  # fmt: skip


def vault_id(text: str) -> str:
    """A vault id with its source, for argparse."""
    if ";" in text.partition("@")[0]:
        raise argparse.ArgumentTypeError(f"{text!r}: a vault id cannot hold ';'")
    return not_empty(text)
