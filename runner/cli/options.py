"""From parsed flags to one `Options` value."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import Any

from runner.errors import OptionError
from runner.model.options import Options


def split_tags(given: Iterable[str]) -> tuple[str, ...]:
    """Tags as given with `-t a,b -t c`: each once, in the order of their first mention."""
    return tuple(dict.fromkeys(tag for part in given for word in part.split(",") if (tag := word.strip())))


def run_tags(found: argparse.Namespace) -> tuple[str, ...]:
    """The tags to run: `all` by default; `--list-tags` alone also lists tasks that are tagged `never`."""
    given = split_tags(found.tags or ())
    if given:
        return given
    return ("never", "all") if found.list_tags and not found.skip_tags else ("all",)


def check_together(found: argparse.Namespace) -> None:
    """Raises `OptionError` for flags that contradict one another."""
    if found.detailed_exitcode and not found.check:
        raise OptionError("--detailed-exitcode needs --check: it says whether changes are pending")
    for flag, file in (("ask_pass", "connection_password_file"), ("ask_become_pass", "become_password_file")):
        if getattr(found, flag) and getattr(found, file):
            words = [f"--{name.replace('_', '-')}" for name in (flag, file)]
            raise OptionError(f"{words[0]} and {words[1]} exclude each other")


def to_options(found: argparse.Namespace, *, asks: bool = True, **more: Any) -> Options:
    """The flags every run has, as `Options`; `more` sets further fields.

    `asks`: passwords are asked for and read (not when the command only lists). Raises `OptionError` and `InputErrors`.
    """
    check_together(found)
    from runner.cli.extra_vars import read_extra_vars
    from runner.cli.passwords import read_passwords
    from runner.cli.vault_secrets import keyring

    connection_password, become_password = read_passwords(found) if asks else (None, None)
    vault = keyring(found)
    extra_vars = read_extra_vars(found.extra_vars or (), vault)
    return Options(
        inventories=tuple(found.inventories or ()),
        limit=found.limit,
        extra_vars=extra_vars,
        check=found.check,
        diff=found.diff,
        forks=found.forks,
        user=found.user,
        become=found.become,
        become_user=found.become_user,
        become_method=found.become_method,
        become_password=become_password,
        connection_password=connection_password,
        private_key=found.private_key,
        connection=found.connection,
        timeout_s=found.timeout,
        ssh_common_args=found.ssh_common_args,
        ssh_extra_args=found.ssh_extra_args,
        verbosity=found.verbosity,
        strict=found.strict,
        log=found.log,
        output=found.output,
        detailed_exitcode=found.detailed_exitcode,
        vault=vault,
        **more,
    )


def playbook_options(found: argparse.Namespace) -> Options:
    """`Options` of `pbrun PLAYBOOK...`."""
    only_looks = found.syntax_check or found.list_hosts or found.list_tasks or found.list_tags
    return to_options(
        found,
        asks=not only_looks,
        playbooks=tuple(found.playbooks),
        tags=run_tags(found),
        skip_tags=split_tags(found.skip_tags or ()),
        start_at_task=found.start_at_task,
        step=found.step,
        force_handlers=found.force_handlers,
        strategy=found.strategy,
    )
