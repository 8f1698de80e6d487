"""The vault secrets of a run: they open encrypted files and values, and remember what the log has to mask."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import field

from runner.errors import VaultError
from runner.model.quick import dataclass
from runner.model.values import Decrypted, Vaulted
from runner.vault import cipher, envelope
from runner.vault.envelope import DEFAULT_ID, Envelope

_WRONG = "the password is wrong, or the data was changed after it was encrypted"


@dataclass(frozen=True, slots=True)
class VaultSecret:
    """A password and the id it goes by."""

    vault_id: str
    password: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Opened:
    """What was inside: the plain bytes, the secret that fitted, and the vault id of the header ("" if it has none)."""

    data: bytes = field(repr=False)
    secret: VaultSecret
    vault_id: str


class Keyring:
    """Secrets in the order in which they are tried. `match_ids`: only those of the header's id are.

    The id of a header is a hint, not part of what is signed, so by default every secret is tried, those of the same
    id first (https://docs.ansible.com/ansible/latest/vault_guide/vault_managing_passwords.html).
    """

    def __init__(self, secrets: Sequence[VaultSecret] = (), *, match_ids: bool = False) -> None:
        self.secrets = tuple(secrets)
        self.match_ids = match_ids
        self._keys: dict[tuple[bytes, bytes], cipher.Keys] = {}
        self._revealed: dict[str, Decrypted] = {}
        self._known: dict[str, None] = {}
        self._tell: Callable[[str], None] = lambda _text: None

    def open(self, data: bytes) -> Opened:
        """Decrypt vault data. Raises VaultError: not vault data, damaged, no secret, or none that fits."""
        found = envelope.read(data)
        for secret in self._candidates(found.vault_id or DEFAULT_ID):
            plain = cipher.decrypt(found, self._keys_of(secret.password, found.salt))
            if plain is not None:
                return Opened(plain, secret, found.vault_id)
        raise self._refusal(found)

    def decrypt(self, data: bytes) -> bytes:
        """What is inside vault data. Raises VaultError."""
        return self.open(data).data

    def seal(self, plain: bytes, secret: VaultSecret, salt: bytes | None = None) -> bytes:
        """`plain` as vault data under the id of `secret`."""
        salt = salt or cipher.new_salt()
        return envelope.write(cipher.encrypt(plain, self._keys_of(secret.password, salt), salt, secret.vault_id))

    def reveal(self, value: Vaulted) -> Decrypted:
        """The text of an encrypted value; worked out once. Raises VaultError."""
        ciphertext = str(value)
        made = self._revealed.get(ciphertext)
        if made is None:
            text = self.open(ciphertext.encode("utf-8", "surrogateescape")).data.decode("utf-8", "surrogateescape")
            made = self._revealed[ciphertext] = Decrypted(text, ciphertext)
            self.note([text])
        return made

    def note(self, texts: Iterable[str]) -> None:
        """Learn texts that no log and no screen may show."""
        for text in texts:
            if text not in self._known:
                self._known[text] = None
                self._tell(text)

    def listen(self, tell: Callable[[str], None]) -> None:
        """From now on `tell` hears every text noted; first those that are known already."""
        self._tell = tell
        for text in self._known:
            tell(text)

    def _candidates(self, vault_id: str) -> list[VaultSecret]:
        same = [secret for secret in self.secrets if secret.vault_id == vault_id]
        return same if self.match_ids else same + [secret for secret in self.secrets if secret.vault_id != vault_id]

    def _keys_of(self, password: bytes, salt: bytes) -> cipher.Keys:
        if (password, salt) not in self._keys:
            self._keys[password, salt] = cipher.derive(password, salt)
        return self._keys[password, salt]

    def _refusal(self, found: Envelope) -> VaultError:
        named = f" under the vault id {found.vault_id!r}" if found.vault_id else ""
        place = f"--vault-id {found.vault_id}@FILE" if found.vault_id else "--vault-password-file FILE"
        if not self.secrets:
            return VaultError(f"is encrypted{named}, and no vault password was given", f"give it with {place} or -J")
        ids = list(dict.fromkeys(secret.vault_id for secret in self.secrets))
        if found.vault_id and found.vault_id not in ids:
            known = f"there are secrets for {', '.join(ids)}"
            if self.match_ids:
                return VaultError(f"is encrypted{named}, which no secret is for ({known})", f"give one with {place}")
            return VaultError(f"is encrypted{named}, and no secret opens it ({known})", f"give one with {place}")
        return VaultError(f"is encrypted{named}, and no secret opens it", _WRONG)


def encrypt_with(plain: bytes, password: bytes, salt: bytes | None, vault_id: str) -> bytes:
    """`plain` as vault data under a password that is no secret of the run (the filter `vault`)."""
    return Keyring().seal(plain, VaultSecret(vault_id, password), salt)


def decrypt_with(data: bytes, password: bytes, vault_id: str) -> bytes:
    """The reverse. Raises VaultError."""
    return Keyring([VaultSecret(vault_id, password)]).decrypt(data)
