"""What `pbrun vault` does with files. Several files are all read and worked out before the first one is written."""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from runner.cli import vault_files, vault_secrets
from runner.cli.configured import configured
from runner.cli.replacing import replace_file
from runner.cli.vault_edit import edited
from runner.cli.vault_secrets import VaultSettings
from runner.errors import OptionError, PbrunError, VaultError
from runner.vault.envelope import is_vault
from runner.vault.keyring import Keyring, Opened, VaultSecret


def settings() -> VaultSettings:
    """What configuration and environment say about vault passwords."""
    return vault_secrets.settings_of(configured())


def _or_asked(sources: list[str], ours: VaultSettings) -> list[str]:
    """The sources of secrets; a prompt if there are none."""
    return sources or [f"{ours.default_id}@{vault_secrets.PLAIN_PROMPT}"]


def opening_keys(found: argparse.Namespace, ours: VaultSettings) -> Keyring:
    """The secrets that open; asks for a password if none is named. Raises `OptionError`."""
    sources = _or_asked(vault_secrets.named(found, ours), ours)
    return Keyring(vault_secrets.read_secrets(sources, ours.default_id), match_ids=ours.match_ids)


def encrypting_secret(found: argparse.Namespace, ours: VaultSettings) -> VaultSecret:
    """The secret that encrypts; asks for a new password if none is named. Raises `OptionError`."""
    sources = _or_asked(vault_secrets.named(found, ours), ours)
    secrets = vault_secrets.read_secrets(sources, ours.default_id, new=True)
    return chosen(secrets, found.encrypt_vault_id or ours.encrypt_id)


def chosen(secrets: Sequence[VaultSecret], vault_id: str) -> VaultSecret:
    """The secret of an id, or the only one there is. Raises `OptionError`."""
    ids = ", ".join(dict.fromkeys(secret.vault_id for secret in secrets))
    if not vault_id:
        if len(secrets) > 1:
            raise OptionError(f"several vault ids can encrypt ({ids}): choose one with --encrypt-vault-id")
        return secrets[0]
    matching = [secret for secret in secrets if secret.vault_id == vault_id]
    if not matching:
        raise OptionError(f"--encrypt-vault-id {vault_id}: there is no secret for it, only for {ids}")
    return matching[0]


def seal(plain: bytes, secret: VaultSecret, ours: VaultSettings) -> bytes:
    """`plain`, encrypted. Raises VaultError if it is already."""
    if is_vault(plain):
        raise VaultError("is encrypted already", "`pbrun vault rekey` changes its password")
    return Keyring().seal(plain, secret, ours.salt.encode() or None)


def encrypt(found: argparse.Namespace) -> None:
    """Encrypt files, or standard input."""
    names, ours = _inputs(found, "plaintext"), settings()
    secret = encrypting_secret(found, ours)
    _rewrite(names, found.output, lambda data: seal(data, secret, ours))
    vault_files.say_done("Encryption successful")


def decrypt(found: argparse.Namespace) -> None:
    """Decrypt files, or standard input."""
    names = _inputs(found, "ciphertext")
    keys = opening_keys(found, settings())
    _rewrite(names, found.output, keys.decrypt)
    vault_files.say_done("Decryption successful")


def rekey(found: argparse.Namespace) -> None:
    """Encrypt files anew under another password."""
    _named(found, "rekey")
    ours = settings()
    keys = opening_keys(found, ours)
    wanted = found.encrypt_vault_id or ours.encrypt_id
    sources = [*(ours.identities if wanted else ()), *([found.new_vault_id] if found.new_vault_id else [])]
    if found.new_vault_password_file:
        sources.append(f"{ours.default_id}@{found.new_vault_password_file}")
    secrets = vault_secrets.read_secrets(_or_asked(sources, ours), ours.default_id, new=True)
    secret = chosen(secrets, wanted) if wanted else secrets[0]
    _rewrite(found.files, None, lambda data: seal(keys.decrypt(data), secret, ours))
    print("Rekey successful", file=sys.stderr)


def view(found: argparse.Namespace) -> None:
    """Show files, through a pager on a terminal."""
    _named(found, "view")
    keys = opening_keys(found, settings())
    for data in [data for _, data in _worked_out(found.files, keys.decrypt)]:
        show(data)


def show(data: bytes) -> None:
    """To the user's pager, or to standard output if that is no terminal."""
    pager = shlex.split(os.environ.get("ANSIBLE_PAGER") or os.environ.get("PAGER") or "less")
    if sys.stdout.isatty() and pager and shutil.which(pager[0]):
        environment = {**os.environ, "LESS": os.environ.get("LESS", "FRSX")}
        subprocess.run(pager, input=data, check=False, env=environment)
        return
    sys.stdout.flush()
    sys.stdout.buffer.write(data if data.endswith(b"\n") else data + b"\n")


def create(found: argparse.Namespace) -> None:
    """Write a new file in the editor."""
    if len(found.files) != 1:
        raise OptionError("pbrun vault create makes one file")
    path = Path(found.files[0])
    if path.exists():
        raise PbrunError(f"{path} exists; use `pbrun vault edit`")
    if not (sys.stdout.isatty() or found.skip_tty_check):
        raise OptionError("there is no terminal for the editor (--skip-tty-check opens it all the same)")
    ours = settings()
    secret = encrypting_secret(found, ours)
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, seal(edited(b"", path.suffix), secret, ours))


def edit(found: argparse.Namespace) -> None:
    """Change files in the editor, one after the other; they keep password and vault id."""
    _named(found, "edit")
    ours = settings()
    keys = opening_keys(found, ours)
    for name in found.files:
        opened = _opened(name, keys)
        changed = edited(opened.data, Path(name).suffix)
        if changed != opened.data:
            secret = VaultSecret(opened.vault_id, opened.secret.password)
            replace_file(Path(name), seal(changed, secret, ours))


def _opened(name: str, keys: Keyring) -> Opened:
    try:
        return keys.open(vault_files.read(name))
    except VaultError as error:
        raise PbrunError(f"{name} {error}") from None


def _inputs(found: argparse.Namespace, what: str) -> list[str]:
    if found.output and len(found.files) > 1:
        raise OptionError("--output takes one file only")
    if not found.files and sys.stdin.isatty():
        print(f"Reading {what} input from stdin", file=sys.stderr)
    return found.files or [vault_files.STANDARD]


def _named(found: argparse.Namespace, action: str) -> None:
    if not found.files:
        raise OptionError(f"no file is named: pbrun vault {action} FILE…")


def _rewrite(names: Sequence[str], output: str | None, change: Callable[[bytes], bytes]) -> None:
    """Each file replaced by what `change` makes of it (or that written to `output`), once all of them are made."""
    for name, data in _worked_out(names, change):
        vault_files.write(output or name, data)


def _worked_out(names: Sequence[str], change: Callable[[bytes], bytes]) -> list[tuple[str, bytes]]:
    """What is to be written of each file. Raises `PbrunError` with everything that is wrong, nothing being written."""
    made: list[tuple[str, bytes]] = []
    wrong: list[str] = []
    for name in names:
        try:
            made.append((name, change(vault_files.read(name))))
        except VaultError as error:
            wrong.append(f"{'standard input' if name == vault_files.STANDARD else name} {error}")
        except PbrunError as error:
            wrong.append(str(error))
    if wrong:
        rest = "\nno file was changed" if len(names) > 1 else ""
        raise PbrunError("\npbrun: ".join(wrong) + rest)
    return made
