"""Lines `user:hash` of a file for basic authentication, hashed and checked here (what htpasswd computes).

The schemes are those of https://httpd.apache.org/docs/2.4/misc/password_encryptions.html and whatever passlib has.
"""

from __future__ import annotations

import hmac
from typing import Any, Final

from runner.errors import StepError
from runner.sh.lines import split_text

# What a stored hash may be, beside the wanted scheme; plain text is tried last.
_KNOWN: Final = ("apr_md5_crypt", "sha256_crypt", "sha512_crypt", "md5_crypt", "ldap_sha1", "des_crypt")
# passlib's names for "what that server knows best".
_PORTABLE: Final = {
    "portable": "apr_md5_crypt",
    "portable_apache22": "apr_md5_crypt",
    "portable_apache24": "apr_md5_crypt",
    "host_apache22": "apr_md5_crypt",
    "host_apache24": "bcrypt",
    "linux_apache22": "sha256_crypt",
    "linux_apache24": "bcrypt",
}


def present(text: str, user: str, password: str, scheme: str) -> str:
    """The text with the user and the password; as it is when that is what it says. Raises StepError."""
    if not user or any(character in user for character in ":\r\n\t\0"):
        raise StepError("user contains invalid characters")
    scheme = _PORTABLE.get(scheme, scheme)
    _scheme(scheme)
    lines = [line for line in split_text(text) if line.strip()]
    at = next((number for number, line in enumerate(lines) if _user(line) == user), None)
    if at is not None and _fits(password, lines[at].rstrip("\r\n").partition(":")[2], scheme):
        return text
    line = f"{user}:{_hash(password, scheme)}\n"
    if at is not None:
        lines[at] = line
    else:
        if lines and not lines[-1].endswith("\n"):
            lines[-1] += "\n"
        lines.append(line)
    return "".join(lines)


def absent(text: str, user: str) -> str:
    """The text without the user."""
    if not any(_user(line) == user for line in split_text(text)):
        return text
    return "".join(line for line in split_text(text) if line.strip() and _user(line) != user)


def _user(line: str) -> str | None:
    return None if line.startswith("#") or ":" not in line else line.partition(":")[0]


def _scheme(name: str) -> Any:
    """passlib's handler of a scheme; None for bcrypt and plain text, which need none. Raises StepError."""
    if name in ("bcrypt", "plaintext"):
        return None
    try:
        import passlib.hash
    except ImportError:
        raise StepError("htpasswd needs the Python package passlib here: pip install 'pbrun[filters]'") from None
    found = getattr(passlib.hash, name, None) if name.isidentifier() and not name.startswith("_") else None
    if not hasattr(found, "verify"):
        raise StepError(f"hash_scheme: there is no scheme {name!r} (apr_md5_crypt, bcrypt, sha256_crypt, ldap_sha1 …)")
    return found


def _hash(password: str, scheme: str) -> str:
    if scheme == "plaintext":
        return str.__str__(password)
    try:
        if scheme == "bcrypt":
            package = _bcrypt()
            return str(package.hashpw(password.encode(), package.gensalt(prefix=b"2b")).decode()).replace("b", "y", 1)
        return str(_scheme(scheme).hash(str.__str__(password)))
    except (ValueError, TypeError, RuntimeError) as error:
        # The error's own text might hold the password.
        raise StepError(f"the password cannot be hashed with {scheme}: {type(error).__name__}") from None


def _fits(password: str, stored: str, scheme: str) -> bool:
    """Whether the stored hash, of whatever scheme, is the password's."""
    if stored.startswith(("$2a$", "$2b$", "$2y$")):
        try:
            return bool(_bcrypt().checkpw(password.encode(), b"$2b$" + stored[4:].encode()))
        except ValueError:
            return False
    for name in (scheme, *_KNOWN):
        handler = _scheme(name)
        if handler is not None and handler.identify(stored):
            try:
                return bool(handler.verify(str.__str__(password), stored))
            except (ValueError, TypeError):
                return False
    return hmac.compare_digest(password.encode(), stored.encode("utf-8", "surrogateescape"))


def _bcrypt() -> Any:
    """The package itself: passlib 1.7 does not work with its newer versions."""
    try:
        import bcrypt
    except ImportError:
        raise StepError("bcrypt needs the Python package bcrypt here") from None
    return bcrypt
