"""Filters that hash: checksums, password hashes, name-based UUIDs."""

from __future__ import annotations

import hashlib
import hmac
import string
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from runner.errors import TemplateError
from runner.template.filters_text import as_bytes, as_text

# The namespace that Ansible's to_uuid uses, so that ids stay what they were.
_NAMESPACE: Final = "361E6D51-FAEC-444A-9079-341386DA8E2E"

# Rounds that Ansible asks for, so that a given salt gives the same hash.
_ROUNDS: Final[Mapping[str, int]] = MappingProxyType({"sha256_crypt": 535_000, "sha512_crypt": 656_000})
_SCHEMES: Final[Mapping[str, str]] = MappingProxyType(
    {"md5": "md5_crypt", "blowfish": "bcrypt", "sha256": "sha256_crypt", "sha512": "sha512_crypt"}
)

_BCRYPT_LETTERS: Final = "./" + string.ascii_uppercase + string.ascii_lowercase + string.digits


def digest(value: Any, hashtype: str = "sha1") -> str:
    """A checksum in hex."""
    try:
        made = hashlib.new(hashtype, usedforsecurity=False)
    except ValueError:
        raise TemplateError(f"hash: there is no hash {hashtype!r} here", kind="type") from None
    made.update(as_bytes(value))
    return made.hexdigest()


def sha1(value: Any) -> str:
    """The SHA-1 in hex."""
    return digest(value, "sha1")


def md5(value: Any) -> str:
    """The MD5 in hex."""
    return digest(value, "md5")


def to_uuid(value: Any, namespace: Any = _NAMESPACE) -> str:
    """The UUID (version 5) of a name."""
    import uuid

    try:
        space = namespace if isinstance(namespace, uuid.UUID) else uuid.UUID(namespace)
    except (AttributeError, ValueError) as error:
        raise TemplateError(f"to_uuid: invalid namespace {namespace!r}: {error}", kind="type") from None
    return str(uuid.uuid5(space, as_text(value)))


def schemes() -> tuple[str, ...]:
    """The names that `password_hash` takes."""
    return (*_SCHEMES, *_SCHEMES.values())


def password_hash(
    password: Any,
    hashtype: str = "sha512",
    salt: str | None = None,
    salt_size: int | None = None,
    rounds: int | None = None,
    ident: str | None = None,
) -> str:
    """A password as `/etc/shadow` wants it. Needs the package passlib (not for blowfish)."""
    scheme = _SCHEMES.get(hashtype, hashtype)
    if scheme not in _SCHEMES.values():
        known = ", ".join(_SCHEMES)
        raise TemplateError(f"password_hash: {hashtype!r} is not in the list of supported hashes: {known}", kind="type")
    if scheme == "bcrypt":
        return _bcrypt(as_bytes(password), salt, rounds or 12, ident or "2b")
    given = {"salt": salt, "salt_size": salt_size, "rounds": rounds or _ROUNDS.get(scheme)}
    return _passlib(scheme, as_text(password), {key: value for key, value in given.items() if value})


def salt_from(key: bytes, about: str, hashtype: str, size: int | None = None) -> str:
    """A salt for `password_hash` that is the same for the same key, and looks like any other without it."""
    longest = {"md5_crypt": 8, "bcrypt": 22}.get(_SCHEMES.get(hashtype, hashtype), 16)
    drawn = hmac.digest(key, f"salt {about}".encode("utf-8", "surrogateescape"), "sha256")
    return "".join(_BCRYPT_LETTERS[byte & 0x3F] for byte in drawn[: min(size or longest, longest)])


def _passlib(scheme: str, password: str, settings: Mapping[str, Any]) -> str:
    try:
        from passlib import hash as schemes
    except ImportError:
        raise TemplateError("password_hash needs the Python package passlib (pip install 'pbrun[filters]')") from None
    try:
        return str(getattr(schemes, scheme).using(**settings).hash(password))
    except (ValueError, TypeError) as error:
        # The error's own text might hold the password.
        raise TemplateError(
            f"password_hash: {type(error).__name__}: a salt or option is not valid", kind="type"
        ) from None


def _bcrypt(password: bytes, salt: str | None, rounds: int, ident: str) -> str:
    """Directly with the package bcrypt: passlib 1.7 does not work with its newer versions."""
    try:
        import bcrypt
    except ImportError:
        raise TemplateError("password_hash: blowfish needs the Python package bcrypt") from None
    whole = bcrypt.gensalt(rounds)
    if salt is not None:
        # Of the last letter's six bits two count; bcrypt refuses a salt in which others are set.
        last = _BCRYPT_LETTERS[max(_BCRYPT_LETTERS.find(salt[-1:]), 0) & 0x30]
        whole = f"${ident}${rounds:02d}${salt[:-1]}{last}".encode()
    try:
        made = bcrypt.hashpw(password[:72], whole).decode()
    except ValueError:
        raise TemplateError(
            "password_hash: a blowfish salt has 22 letters, digits, dots or slashes", kind="type"
        ) from None
    return made


FILTERS: Final[Mapping[str, Callable[..., Any]]] = MappingProxyType(
    {
        "hash": digest,
        "checksum": sha1,
        "sha1": sha1,
        "md5": md5,
        "to_uuid": to_uuid,
        "password_hash": password_hash,
    }
)
