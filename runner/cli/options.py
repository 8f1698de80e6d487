"""From parsed flags to one `Options` value."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable
from typing import Any

from runner.cli.configured import configured
from runner.cli.flags import engine
from runner.errors import OptionError
from runner.model.options import Options
from runner.model.settings import Settings


def split_tags(given: Iterable[str]) -> tuple[str, ...]:
    """Tags as given with `-t a,b -t c`: each once, in the order of their first mention."""
    return tuple(dict.fromkeys(tag for part in given for word in part.split(",") if (tag := word.strip())))


def run_tags(found: argparse.Namespace, settings: Settings) -> tuple[str, ...]:
    """The tags to run, those of settings among them: `all` by default. `--list-tags` alone also lists tasks that are
    tagged `never`."""
    given = split_tags((*settings.run_tags, *(found.tags or ())))
    if given:
        return given
    return ("never", "all") if found.list_tags and not (found.skip_tags or settings.skip_tags) else ("all",)


def inventories(found: argparse.Namespace, settings: Settings) -> tuple[str, ...]:
    """The inventories: given, set, or the system's own if there is one."""
    given = found.inventories or settings.inventory
    return (
        tuple(given) if found.inventories or "inventory" in settings.origins else tuple(filter(os.path.exists, given))
    )


def configured_engine(settings: Settings) -> str:
    """What carries the trips, as set. Raises `OptionError`."""
    try:
        return engine(settings.engine)
    except argparse.ArgumentTypeError as error:
        raise OptionError(f"engine in {settings.origins.get('engine', 'the settings')}: {error}") from None


def output(found: argparse.Namespace, settings: Settings) -> str | None:
    """How to show the run. A callback of Ansible that prints JSON is what our reporter of that name does."""
    as_json = settings.stdout_callback.rpartition(".")[2] == "json"
    return found.output or settings.output or ("json" if as_json else None)


def check_together(found: argparse.Namespace) -> None:
    """Raises `OptionError` for flags that contradict one another."""
    if found.detailed_exitcode and not found.check:
        raise OptionError("--detailed-exitcode needs --check: it says whether changes are pending")
    for flag, file in (("ask_pass", "connection_password_file"), ("ask_become_pass", "become_password_file")):
        if getattr(found, flag) and getattr(found, file):
            words = [f"--{name.replace('_', '-')}" for name in (flag, file)]
            raise OptionError(f"{words[0]} and {words[1]} exclude each other")


def to_options(
    found: argparse.Namespace, *, asks: bool = True, settings: Settings | None = None, **more: Any
) -> Options:
    """The flags every run has, as `Options`; `more` sets further fields. What no flag says, settings may.

    `asks`: passwords are asked for and read (not when the command only lists). Raises `OptionError` and `InputErrors`.
    """
    check_together(found)
    settings = settings or configured(found.verbosity)
    from runner.cli.extra_vars import read_extra_vars
    from runner.cli.passwords import read_passwords
    from runner.cli.vault_secrets import keyring, settings_of

    connection_password, become_password = read_passwords(found, settings) if asks else (None, None)
    vault = keyring(found, settings_of(settings))
    extra_vars = read_extra_vars(found.extra_vars or (), vault)
    return Options(
        inventories=inventories(found, settings),
        limit=found.limit,
        extra_vars=extra_vars,
        check=found.check,
        diff=found.diff or settings.diff_always,
        forks=found.forks or settings.forks,
        engine=found.engine or configured_engine(settings),
        user=found.user or settings.remote_user,
        become=found.become or settings.become,
        become_user=found.become_user or settings.become_user,
        become_method=found.become_method or settings.become_method,
        become_password=become_password,
        connection_password=connection_password,
        private_key=found.private_key or settings.private_key_file,
        connection=found.connection or settings.transport,
        timeout_s=found.timeout or settings.timeout,
        ssh_common_args=found.ssh_common_args or settings.ssh_common_args,
        ssh_extra_args=found.ssh_extra_args or settings.ssh_extra_args,
        verbosity=found.verbosity + settings.verbosity,
        strict=found.strict or settings.strict,
        log=found.log or settings.log,
        log_sync=found.log_sync,
        output=output(found, settings),
        detailed_exitcode=found.detailed_exitcode,
        stream=found.stream,
        lock=found.lock or found.lock_wait is not None,
        lock_wait_s=found.lock_wait or 0.0,
        vault=vault,
        settings=settings,
        **more,
    )


def playbook_options(found: argparse.Namespace) -> Options:
    """`Options` of `pbrun PLAYBOOK...`."""
    settings = configured(found.verbosity)
    only_looks = found.syntax_check or found.list_hosts or found.list_tasks or found.list_tags
    return to_options(
        found,
        asks=not only_looks,
        settings=settings,
        playbooks=tuple(found.playbooks),
        tags=run_tags(found, settings),
        skip_tags=split_tags((*settings.skip_tags, *(found.skip_tags or ()))),
        start_at_task=found.start_at_task,
        step=found.step,
        force_handlers=found.force_handlers or settings.force_handlers,
        strategy=found.strategy,
    )
