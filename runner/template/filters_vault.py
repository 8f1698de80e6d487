"""Filters that encrypt and decrypt text with a password of their own.

Source: https://docs.ansible.com/ansible/latest/collections/ansible/builtin/vault_filter.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from runner.errors import TemplateError, VaultError
from runner.model.values import Decrypted
from runner.template.filters_text import as_bytes, as_text
from runner.template.markers import Missing, Undecryptable, type_name

FILTER_ID: Final = "filter_default"


def vault_filters(
    encrypt: Callable[[bytes, bytes, bytes | None, str], bytes] | None,
    decrypt: Callable[[bytes, bytes, str], bytes] | None,
) -> dict[str, Callable[..., Any]]:
    """`vault` and `unvault`, with the cipher of another room."""

    def vault(
        data: Any,
        secret: Any,
        salt: Any = None,
        vault_id: str = FILTER_ID,
        wrap_object: bool = False,
        vaultid: Any = None,
    ) -> str:
        if encrypt is None:
            raise TemplateError("the filter 'vault' is not available here: no cipher was given")
        plain, password = _bytes(data, "vault", "what it encrypts"), _bytes(secret, "vault", "the secret")
        if plain.startswith(b"$ANSIBLE_VAULT"):
            raise TemplateError("vault: its input is encrypted already", kind="type")
        made = encrypt(plain, password, None if salt is None else as_bytes(as_text(salt)), str(vaultid or vault_id))
        return Decrypted(plain.decode("utf-8", "surrogateescape"), made.decode()) if wrap_object else made.decode()

    def unvault(vault: Any, secret: Any, vault_id: str = FILTER_ID, vaultid: Any = None) -> Any:
        if decrypt is None:
            raise TemplateError("the filter 'unvault' is not available here: no cipher was given")
        if isinstance(vault, Undecryptable):
            vault = vault.ciphertext
        for part in (vault, secret, vault_id, vaultid):
            if isinstance(part, Missing):
                return part
        text = vault.ciphertext if isinstance(vault, Decrypted) and vault.ciphertext else vault
        data, password = _bytes(text, "unvault", "what it decrypts"), _bytes(secret, "unvault", "the secret")
        if not data.startswith(b"$ANSIBLE_VAULT"):
            return as_text(vault)
        try:
            return Decrypted(decrypt(data, password, str(vaultid or vault_id)).decode("utf-8", "surrogateescape"))
        except VaultError:
            # What the error knows of is the run's secrets; here only one counts.
            raise TemplateError("unvault: the secret does not open it, or it is damaged", kind="type") from None

    return {"vault": vault, "unvault": unvault}


def _bytes(value: Any, name: str, what: str) -> bytes:
    if not isinstance(value, str | bytes):
        raise TemplateError(f"{name}: {what} has to be text, not {type_name(value)}", kind="type")
    return as_bytes(value)
