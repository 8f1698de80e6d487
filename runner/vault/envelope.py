"""The text form of encrypted data: a header line, and lines of 80 hex digits. Standard library only.

Source: https://docs.ansible.com/ansible/latest/vault_guide/vault_using_encrypted_content.html#format-of-files-encrypted-with-ansible-vault
"""

from __future__ import annotations

import binascii
from typing import Final

from runner.errors import VaultError
from runner.model.quick import dataclass

MARK: Final = b"$ANSIBLE_VAULT"
CIPHER: Final = "AES256"
DEFAULT_ID: Final = "default"
WIDTH: Final = 80


@dataclass(frozen=True, slots=True)
class Envelope:
    """Encrypted data without its wrapping. `vault_id` is "" where the header names none (format 1.1)."""

    salt: bytes
    mac: bytes
    data: bytes
    vault_id: str = ""


def is_vault(data: bytes) -> bool:
    """Whether `data` says that it is encrypted."""
    return data.startswith(MARK + b";")


def read(text: bytes) -> Envelope:
    """Unwrap format 1.1 or 1.2. Raises VaultError that says what is damaged."""
    header, *lines = text.strip().splitlines() or [b""]
    parts = [part.strip().decode("utf-8", "replace") for part in header.split(b";")]
    if not is_vault(header) or len(parts) < 3:
        raise VaultError("is not vault data", "it begins with '$ANSIBLE_VAULT;1.1;AES256'")
    version, cipher, vault_id = parts[1], parts[2], parts[3] if len(parts) > 3 else ""
    if version not in ("1.1", "1.2"):
        raise VaultError(f"is vault data of the format {version!r}, which is not known", "known are 1.1 and 1.2")
    if cipher != CIPHER:
        raise VaultError(f"is encrypted with the cipher {cipher!r}, which is not known", f"known is {CIPHER}")
    for number, line in enumerate(lines, 2):
        _unhex(line.strip(), f"line {number} of it is not hex")
    inner = _unhex(b"".join(line.strip() for line in lines), "its hex digits are not even in number")
    fields = inner.split(b"\n", 2)
    if len(fields) != 3:
        raise VaultError("is damaged vault data: it ends too early", _DAMAGED)
    salt, mac, data = (_unhex(field, "what is inside is not hex") for field in fields)
    return Envelope(salt, mac, data, vault_id)


def write(envelope: Envelope) -> bytes:
    """Wrap: format 1.2 with a vault id, format 1.1 with none or with `default`. Ends in a newline."""
    header = b";".join([MARK, b"1.1", CIPHER.encode()])
    if envelope.vault_id not in ("", DEFAULT_ID):
        header = b";".join([MARK, b"1.2", CIPHER.encode(), envelope.vault_id.encode()])
    inner = b"\n".join(binascii.hexlify(part) for part in (envelope.salt, envelope.mac, envelope.data))
    text = binascii.hexlify(inner)
    lines = [text[at : at + WIDTH] for at in range(0, len(text), WIDTH)]
    return b"\n".join([header, *lines, b""])


_DAMAGED: Final = "restore it from a copy; all lines between the header and the end belong to it"


def _unhex(text: bytes, why: str) -> bytes:
    try:
        return binascii.unhexlify(text)
    except binascii.Error:
        raise VaultError(f"is damaged vault data: {why}", _DAMAGED) from None
