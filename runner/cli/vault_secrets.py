"""Vault passwords: from prompts, files and scripts, as the command line and the environment name them.

Source: https://docs.ansible.com/ansible/latest/vault_guide/vault_managing_passwords.html
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from runner.cli.passwords import ask
from runner.errors import EnvironmentFault, OptionError, VaultError
from runner.model.quick import dataclass
from runner.model.settings import Settings
from runner.vault.envelope import DEFAULT_ID, is_vault
from runner.vault.keyring import Keyring, VaultSecret

PROMPT = "prompt"
# What `-J` asks, which programs that answer it look for, differs from what a prompt for an id asks.
PLAIN_PROMPT = "prompt_ask_vault_pass"
_UNKNOWN_ID = 2


@dataclass(frozen=True, slots=True)
class VaultSettings:
    """Where vault passwords come from, beside the flags. `identities` come before the flags' ids, `password_file`
    behind them; `default_id` is the id of a password that has none."""

    identities: tuple[str, ...] = ()
    password_file: str = ""
    ask: bool = False
    match_ids: bool = False
    default_id: str = DEFAULT_ID
    encrypt_id: str = ""
    salt: str = ""


def settings_of(settings: Settings) -> VaultSettings:
    """What configuration and environment say about vault passwords."""
    return VaultSettings(
        settings.vault_identity_list,
        settings.vault_password_file or "",
        settings.ask_vault_pass,
        settings.vault_id_match,
        settings.vault_identity or DEFAULT_ID,
        settings.vault_encrypt_identity or "",
        settings.vault_encrypt_salt or "",
    )


def keyring(found: argparse.Namespace, settings: VaultSettings) -> Keyring:
    """The secrets that flags and settings name, read; none named gives an empty keyring. Raises `OptionError`."""
    sources = named(found, settings)
    return Keyring(read_secrets(sources, settings.default_id), match_ids=settings.match_ids)


def named(found: argparse.Namespace, settings: VaultSettings) -> list[str]:
    """The sources (`ID@SOURCE` or `SOURCE`) in the order in which their secrets are tried."""
    files = [*(found.vault_password_files or ()), *([settings.password_file] if settings.password_file else [])]
    sources = [*settings.identities, *(found.vault_ids or ()), *(f"{settings.default_id}@{name}" for name in files)]
    if found.ask_vault_pass or (settings.ask and not sources):
        sources.append(f"{settings.default_id}@{PLAIN_PROMPT}")
    return sources


def read_secrets(sources: Sequence[str], default_id: str = DEFAULT_ID, *, new: bool = False) -> list[VaultSecret]:
    """The secrets of all sources. `new`: prompts ask twice, for a password that encrypts.

    A source that cannot be read is no more than a warning as long as another one can: the file may not be there for
    everybody. Raises `EnvironmentFault` if none can be, and `OptionError` for a prompt without a terminal.
    """
    made: list[VaultSecret] = []
    wrong: list[EnvironmentFault] = []
    for source in sources:
        vault_id, sign, place = source.partition("@")
        vault_id, place = (vault_id or default_id, place) if sign else (default_id, source)
        if place in (PROMPT, PLAIN_PROMPT):
            made.append(VaultSecret(vault_id, _asked(vault_id, place, new)))
            continue
        try:
            made.append(VaultSecret(vault_id, from_place(place, vault_id, Keyring(made))))
        except EnvironmentFault as error:
            wrong.append(error)
    if wrong and not made:
        raise wrong[-1]
    for unread in wrong:
        print(f"pbrun: warning: {unread}", file=sys.stderr)
    return made


def _asked(vault_id: str, place: str, new: bool) -> bytes:
    """What the user types. Raises `OptionError`."""
    plain = place == PLAIN_PROMPT
    flag = "-J" if plain else f"--vault-id {vault_id}@{PROMPT}"
    answers = [ask(prompt, flag).reveal().strip() for prompt in _prompts("" if plain else vault_id, new)]
    if not answers[0]:
        raise OptionError(f"{flag}: no password was given")
    if answers[0] != answers[-1]:
        raise OptionError(f"{flag}: the passwords do not match")
    return answers[0].encode("utf-8", "surrogateescape")


def _prompts(vault_id: str, new: bool) -> tuple[str, ...]:
    """What is asked, in ansible-vault's words, which programs that type passwords wait for."""
    if not vault_id:
        return ("New Vault password: ", "Confirm New Vault password: ") if new else ("Vault password: ",)
    named = f"ault password ({vault_id}): "
    return (f"New v{named}", f"Confirm new v{named}") if new else (f"V{named}",)


def from_place(name: str, vault_id: str, earlier: Keyring) -> bytes:
    """The password in a file, or printed by the file if it is executable; a script whose name ends in `-client` is
    told the id. A file may be encrypted with the secrets `earlier`. Raises `EnvironmentFault`."""
    path = Path(name).expanduser()
    try:
        if path.is_dir():
            raise EnvironmentFault(f"the vault password file {name} is a folder")
        if os.access(path, os.X_OK) and path.is_file():
            data = _printed(path.absolute(), vault_id)
        else:
            data = path.read_bytes().strip()
            data = earlier.decrypt(data) if is_vault(data) else data
    except OSError as error:
        raise EnvironmentFault(f"cannot read the vault password file {name}: {error.strerror}") from None
    except VaultError as error:
        raise EnvironmentFault(f"the vault password file {name} {error}") from None
    password = data.strip(b"\r\n")
    if not password:
        raise EnvironmentFault(f"the vault password file {name} is empty")
    return password


def _printed(path: Path, vault_id: str) -> bytes:
    """What a script prints. Its stderr is the user's, so that it may ask something. Raises `EnvironmentFault`."""
    import subprocess

    client = path.stem.endswith("-client")
    command = [str(path), "--vault-id", vault_id] if client else [str(path)]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    except OSError as error:
        hint = "if it is no script, take away its executable bit"
        raise EnvironmentFault(f"the vault password script {path} cannot be run: {error.strerror} ({hint})") from None
    if client and done.returncode == _UNKNOWN_ID:
        raise EnvironmentFault(f"the vault password script {path} knows no password for the vault id {vault_id!r}")
    if done.returncode:
        raise EnvironmentFault(f"the vault password script {path} failed with exit code {done.returncode}")
    return done.stdout
