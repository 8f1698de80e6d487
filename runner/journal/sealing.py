"""The key of a run: what must not stand in its log is encrypted with it (AES-256-GCM), and it lies in a file beside.

Who has the log alone cannot read those values, so that the log can be shipped; who has both can go on with the run.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from runner.errors import EnvironmentFault
from runner.journal.keep import about
from runner.journal.place import fault, sync_folder
from runner.model.event import Kept

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12


def key_file(log: Path, run: str) -> Path:
    """Where the key of a run lies, beside its log."""
    return log.with_name(f"{log.name}.key-{run}")


class Sealing:
    """The key of one run. Its file is made when the first value is encrypted."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._key: bytes | None = None

    def seal(self, data: bytes, belongs_to: bytes) -> str:
        """`data`, encrypted. Raises JournalFault when the key's file cannot be made."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        if self._key is None:
            self._key = self._read() or self._made()
        nonce = secrets.token_bytes(NONCE_BYTES)
        return base64.b64encode(nonce + AESGCM(self._key).encrypt(nonce, data, belongs_to)).decode()

    def opened(self, kept: Kept) -> Mapping[str, Any]:
        """What was kept, in the clear. Raises EnvironmentFault: the key is gone, or not the one of this log."""
        if not kept.sealed:
            return kept.exact
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        if self._key is None:
            self._key = self._read()
        if self._key is None:
            raise EnvironmentFault(f"what the log keeps encrypted cannot be read: its key is gone ({self.path})")
        data = base64.b64decode(kept.sealed)
        try:
            plain = AESGCM(self._key).decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], about(kept))
        except InvalidTag:
            raise EnvironmentFault(f"what the log keeps encrypted was not written with the key {self.path}") from None
        made: Mapping[str, Any] = json.loads(plain)
        return made

    def _read(self) -> bytes | None:
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise fault(self.path, "read the key beside", error) from None
        with os.fdopen(descriptor, "rb") as file:
            found = os.fstat(file.fileno())
            if found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o077:
                raise EnvironmentFault(f"the key {self.path} must belong to you and be readable by nobody else")
            text = file.read()
        try:
            key = base64.b64decode(text, validate=True)
        except binascii.Error:
            key = b""
        if len(key) != KEY_BYTES:
            raise EnvironmentFault(f"the key {self.path} is damaged")
        return key

    def _made(self) -> bytes:
        key = secrets.token_bytes(KEY_BYTES)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            with os.fdopen(os.open(self.path, flags, 0o600), "wb") as file:
                file.write(base64.b64encode(key))
                file.flush()
                os.fsync(file.fileno())
            sync_folder(self.path.parent)
        except OSError as error:
            with contextlib.suppress(OSError):
                self.path.unlink()
            raise fault(self.path, "write the key beside", error) from None
        return key
