"""The lab's keys: one to log in with, one that all its hosts show; made once, kept 0600."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from runner.errors import EnvironmentFault


def key_file(folder: Path, name: str) -> Path:
    """The private key `name` in OpenSSH's format, made if it is not there. Raises EnvironmentFault.

    Two runs may make it at once: it is written beside and linked into place, and the first one wins.
    """
    path = folder / name
    try:
        if path.exists():
            return path
        beside = folder / f".{name}.{secrets.token_hex(8)}"
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(_new_key())
        try:
            os.link(beside, path)
        except FileExistsError:
            pass
        finally:
            beside.unlink()
    except OSError as error:
        raise EnvironmentFault(f"the lab cannot make its key {path}: {error.strerror}") from None
    return path


def _new_key() -> bytes:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )
