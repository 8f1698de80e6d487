"""known_hosts files: read whole and tolerantly, matched as OpenSSH does (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT)."""

from __future__ import annotations

import base64
import binascii
import fnmatch
import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from runner.model.quick import dataclass

HASH_MARK: Final = "|1|"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: `names` as written (patterns, or one hashed name), `marker` "" or `revoked` or `cert-authority`."""

    names: str
    key_type: str
    key: bytes
    marker: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What known_hosts says about one host: its keys (blob → where it stands) by type, revoked keys, and the keys of
    authorities whose certificates count for it."""

    keys: tuple[Entry, ...] = ()
    revoked: frozenset[bytes] = frozenset()
    authorities: frozenset[bytes] = frozenset()

    @property
    def key_types(self) -> tuple[str, ...]:
        """The key types known for the host, without repeats, in the files' order."""
        return tuple(dict.fromkeys(entry.key_type for entry in self.keys))


def fingerprint(key: bytes) -> str:
    """The SHA-256 fingerprint as `ssh-keygen -l` prints it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")


def lookup_name(host: str, port: int) -> str:
    """The name under which a host stands in known_hosts: `[host]:port` when the port is not 22."""
    return host.lower() if port == 22 else f"[{host.lower()}]:{port}"


def parse(text: str, path: str = "known_hosts") -> tuple[Entry, ...]:
    """Every line that makes sense; others (comments, protocol 1 keys, garbage) are passed over, as OpenSSH does."""
    found = (_entry(line.split(), f"{path}:{number}") for number, line in enumerate(text.splitlines(), 1))
    return tuple(entry for entry in found if entry is not None)


def read(paths: Iterable[str]) -> tuple[Entry, ...]:
    """The entries of several files; files that do not exist are empty. Raises OSError for others."""
    entries: list[Entry] = []
    for path in paths:
        file = Path(path)
        if file.exists():
            entries.extend(parse(file.read_bytes().decode("utf-8", "replace"), path))
    return tuple(entries)


def verdict(entries: Iterable[Entry], name: str) -> Verdict:
    """What `entries` say about `name` (see `lookup_name`). Certificate authorities are no host keys."""
    keys: list[Entry] = []
    revoked: set[bytes] = set()
    authorities: set[bytes] = set()
    for entry in entries:
        if not _matches(entry.names, name):
            continue
        if entry.marker == "revoked":
            revoked.add(entry.key)
        elif entry.marker:
            authorities.add(entry.key)
        else:
            keys.append(entry)
    return Verdict(tuple(keys), frozenset(revoked), frozenset(authorities))


def line(name: str, key_type: str, key: bytes) -> str:
    """One line to add to a file."""
    return f"{name} {key_type} {base64.b64encode(key).decode()}\n"


def _entry(words: Sequence[str], place: str) -> Entry | None:
    if not words or words[0].startswith("#"):
        return None
    marker = ""
    if words[0].startswith("@"):
        marker, words = words[0][1:], words[1:]
    if len(words) < 3 or marker not in ("", "revoked", "cert-authority"):
        return None
    try:
        key = base64.b64decode(words[2], validate=True)
    except (binascii.Error, ValueError):
        return None
    return Entry(words[0], words[1], key, marker, place)


def _matches(names: str, name: str) -> bool:
    if names.startswith(HASH_MARK):
        return _hash_matches(names, name)
    matched = False
    for pattern in names.lower().split(","):
        if pattern.startswith("!"):
            if _glob(pattern[1:], name):
                return False
        elif _glob(pattern, name):
            matched = True
    return matched


def _glob(pattern: str, name: str) -> bool:
    """`*` and `?` only: brackets belong to `[host]:port` and mean themselves."""
    if "*" not in pattern and "?" not in pattern:
        return pattern == name
    return re.match(fnmatch.translate(pattern.replace("[", "[[]")), name) is not None


def _hash_matches(names: str, name: str) -> bool:
    """HashKnownHosts: `|1|base64(salt)|base64(HMAC-SHA1(salt, name))`."""
    try:
        salt, digest = (base64.b64decode(part) for part in names[len(HASH_MARK) :].split("|", 1))
    except (binascii.Error, ValueError):
        return False
    return hmac.compare_digest(hmac.new(salt, name.encode(), hashlib.sha1).digest(), digest)
