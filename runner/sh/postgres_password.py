"""Whether a password is the one PostgreSQL has stored, by its verifier: MD5, SCRAM-SHA-256, or as it is.

https://www.postgresql.org/docs/current/catalog-pg-authid.html, RFC 5802 (SCRAM), RFC 4013 (SASLprep).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import stringprep
import unicodedata
from typing import Final

_SCRAM: Final = re.compile(r"SCRAM-SHA-256\$(\d+):([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+):([A-Za-z0-9+/=]+)")
_MD5: Final = re.compile(r"md5[0-9a-f]{32}")
_PROHIBITED: Final = (
    stringprep.in_table_c12,
    stringprep.in_table_c21_c22,
    stringprep.in_table_c3,
    stringprep.in_table_c4,
    stringprep.in_table_c5,
    stringprep.in_table_c6,
    stringprep.in_table_c7,
    stringprep.in_table_c8,
    stringprep.in_table_c9,
)


def is_stored(password: str, stored: str | None, user: str, *, encrypted: bool) -> bool:
    """Whether `password` of `user` needs no change; `password` may itself be a verifier, and "" means none."""
    if not password or stored is None:
        return not password and stored is None
    if _SCRAM.fullmatch(password) or _MD5.fullmatch(password) or not encrypted:
        return hmac.compare_digest(password.encode("utf-8", "surrogateescape"), stored.encode("utf-8", "replace"))
    scram = _SCRAM.fullmatch(stored)
    if scram:
        return _fits_scram(password, scram)
    made = hashlib.md5((password + user).encode("utf-8", "surrogateescape"), usedforsecurity=False).hexdigest()
    return stored == f"md5{made}"


def _fits_scram(password: str, stored: re.Match[str]) -> bool:
    try:
        salt, key = base64.b64decode(stored[2]), base64.b64decode(stored[4])
    except binascii.Error:
        return False
    prepared = prepare(password).encode("utf-8", "surrogateescape")
    salted = hashlib.pbkdf2_hmac("sha256", prepared, salt, int(stored[1]))
    return hmac.compare_digest(hmac.digest(salted, b"Server Key", "sha256"), key)


def prepare(password: str) -> str:
    """The password as SASLprep makes it; as it is where that is not allowed, as the server does."""
    mapped = "".join(
        " " if stringprep.in_table_c12(letter) else letter
        for letter in password
        if not stringprep.in_table_b1(letter) or stringprep.in_table_c12(letter)
    )
    normal = unicodedata.normalize("NFKC", mapped)
    if not normal or any(test(letter) for test in _PROHIBITED for letter in normal):
        return password
    if any(stringprep.in_table_a1(letter) for letter in normal):
        return password
    return normal if _directions_fit(normal) else password


def _directions_fit(normal: str) -> bool:
    """RFC 3454, section 6: text from right to left begins and ends so, and has nothing from left to right."""
    if not any(stringprep.in_table_d1(letter) for letter in normal):
        return True
    ends = stringprep.in_table_d1(normal[0]) and stringprep.in_table_d1(normal[-1])
    return ends and not any(stringprep.in_table_d2(letter) for letter in normal)
