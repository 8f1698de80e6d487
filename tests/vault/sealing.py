"""Encrypted files and values for tests."""

from __future__ import annotations

import textwrap
from pathlib import Path

from runner.vault.keyring import Keyring, VaultSecret

PASSWORD = "open sesame"


def seal(text: str, vault_id: str = "", password: str = PASSWORD) -> str:
    """`text` as vault data."""
    return Keyring().seal(text.encode(), VaultSecret(vault_id, password.encode())).decode()


def inline(text: str, indent: int) -> str:
    """`text` as an encrypted value in YAML, its lines indented by `indent`."""
    return "!vault |\n" + textwrap.indent(seal(text), " " * indent)


def write(folder: Path, files: dict[str, str]) -> None:
    """Files by their paths in `folder`, and `pw` with the password."""
    for name, text in {"pw": PASSWORD + "\n", **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
