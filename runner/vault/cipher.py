"""AES256 of Ansible Vault: PBKDF2-HMAC-SHA256, AES-CTR and an HMAC; the only home of `cryptography`, imported late.

Source: https://docs.ansible.com/ansible/latest/vault_guide/vault_using_encrypted_content.html#ansible-vault-payload-format-1-1-1-2
"""

from __future__ import annotations

import hmac
from hashlib import pbkdf2_hmac
from typing import Final

from runner.model.quick import dataclass
from runner.vault.envelope import Envelope

ITERATIONS: Final = 10_000
SALT_BYTES: Final = 32
_KEY: Final = 32
_BLOCK: Final = 16


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    """What a password and a salt give: a key for the cipher, one for the HMAC, and where the counter begins."""

    cipher: bytes
    mac: bytes
    counter: bytes


def new_salt() -> bytes:
    """A fresh salt."""
    import secrets  # it brings `random` along, and most runs encrypt nothing

    return secrets.token_bytes(SALT_BYTES)


def derive(password: bytes, salt: bytes) -> Keys:
    """The keys of a password; takes some milliseconds, on purpose."""
    made = pbkdf2_hmac("sha256", password, salt, ITERATIONS, 2 * _KEY + _BLOCK)
    return Keys(made[:_KEY], made[_KEY : 2 * _KEY], made[2 * _KEY :])


def encrypt(plain: bytes, keys: Keys, salt: bytes, vault_id: str = "") -> Envelope:
    """Encrypt `plain`, which is filled up to whole blocks as PKCS#7 says (RFC 5652, 6.3)."""
    fill = _BLOCK - len(plain) % _BLOCK
    data = _counter_mode(plain + bytes([fill]) * fill, keys)
    return Envelope(salt, _mac(data, keys), data, vault_id)


def decrypt(envelope: Envelope, keys: Keys) -> bytes | None:
    """The plain bytes; None if the keys are wrong or the data was changed: the HMAC tells nothing more."""
    if not hmac.compare_digest(_mac(envelope.data, keys), envelope.mac):
        return None
    padded = _counter_mode(envelope.data, keys)
    return padded[: -padded[-1]] if padded else b""


def _mac(data: bytes, keys: Keys) -> bytes:
    return hmac.digest(keys.mac, data, "sha256")


def _counter_mode(data: bytes, keys: Keys) -> bytes:
    """AES-CTR both ways (NIST SP 800-38A, 6.5)."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    stream = Cipher(algorithms.AES(keys.cipher), modes.CTR(keys.counter)).encryptor()
    return stream.update(data) + stream.finalize()
