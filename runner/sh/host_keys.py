"""Keys of hosts in a text of the form of `~/.ssh/known_hosts` (what known_hosts computes), without ssh-keygen.

The form is that of https://man.openbsd.org/sshd.8#SSH_KNOWN_HOSTS_FILE_FORMAT; what is done to it is what
https://docs.ansible.com/ansible/latest/collections/ansible/builtin/known_hosts_module.html says.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from typing import Final, NamedTuple

from runner.errors import StepError
from runner.model.quick import dataclass
from runner.sh.lines import split_text

SALT_BYTES: Final = 20
_HASHED: Final = "|1|"


@dataclass(frozen=True, slots=True)
class Entry:
    """A line; `marker` is `@cert-authority`, `@revoked` or ""."""

    marker: str
    hosts: str
    type: str
    key: str

    @property
    def is_plain(self) -> bool:
        """Whether it is a host's own key."""
        return not self.marker.startswith(("@cert-authority", "@revoke"))

    def same(self, other: Entry) -> bool:
        """Whether both say the same of a host that both are about; two hashes of its name always do."""
        hosts = self.hosts == other.hosts or (self.hosts.startswith(_HASHED) and other.hosts.startswith(_HASHED))
        return hosts and (self.marker, self.type, self.key) == (other.marker, other.type, other.key)


class Place(NamedTuple):
    """What a text has of a host: whether anything, whether the key must be written, and the line that it replaces."""

    found: bool
    write: bool
    line: int | None


def parse(line: str) -> Entry | None:
    """The entry of a line; None for a comment and what is none."""
    words = line.split()
    if not words or words[0].startswith("#"):
        return None
    marker = words.pop(0) if words[0].startswith("@") else ""
    return Entry(marker, *words[:3]) if len(words) >= 3 else None


def names(entry: Entry, host: str) -> bool:
    """Whether the entry is about the host (lower case): by its hash, or by patterns of which none with `!` fits."""
    if entry.hosts.startswith(_HASHED):
        return _fits_hash(entry.hosts, host)
    fits = False
    for pattern in entry.hosts.lower().split(","):
        if _glob(pattern.removeprefix("!")).fullmatch(host):
            if pattern.startswith("!"):
                return False
            fits = True
    return fits


def _glob(pattern: str) -> re.Pattern[str]:
    parts = {"*": ".*", "?": "."}
    return re.compile("".join(parts.get(character) or re.escape(character) for character in pattern), re.DOTALL)


def _fits_hash(field: str, host: str) -> bool:
    try:
        salt, digest = (base64.b64decode(part) for part in field.split("|")[2:4])
    except (ValueError, binascii.Error):
        return False
    return hmac.compare_digest(_digest(salt, host), digest)


def _digest(salt: bytes, host: str) -> bytes:
    return hmac.new(salt, host.encode("utf-8", "surrogateescape"), hashlib.sha1).digest()


def hashed(key: str, host: str, salt: bytes) -> str:
    """The user's line with the host's name made unreadable."""
    words = key.split()
    at = 1 if words and words[0].startswith("@") else 0
    if at < len(words):
        parts = (base64.b64encode(data).decode() for data in (salt, _digest(salt, host)))
        words[at] = _HASHED + "|".join(parts)
    return " ".join(words)


def check(key: str, host: str) -> None:
    """Raises StepError for a key that is none, or another host's."""
    if re.search(r"\S\s*,", host):
        raise StepError(
            "Comma separated list of names is not supported. "
            "Please pass a single name to lookup in the known_hosts file."
        )
    entries = [entry for line in key.splitlines() if (entry := parse(line))]
    if not any(names(entry, host) for entry in entries):
        raise StepError("Host parameter does not match hashed host field in supplied key")


def look(lines: list[str], host: str, key: str) -> Place:
    """Where the host's key is in the text: the very same, or another one of the same type."""
    new = parse(key)
    found = False
    for number, line in enumerate(lines):
        entry = parse(line)
        if entry is None or not names(entry, host):
            continue
        found = True
        if new is not None and new.same(entry):
            return Place(True, False, number)
        if new is not None and entry.is_plain and entry.type == new.type:
            return Place(True, True, number)
    return Place(found, found and new is not None, None)


def present(text: str, host: str, key: str) -> str:
    """The text with the host's key, in place of another one of its type; at the end if it is written."""
    lines = split_text(text)
    place = look(lines, host, key)
    if place.found and not place.write:
        return text
    if place.line is not None:
        del lines[place.line]
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    return "".join([*lines, key if key.endswith("\n") else key + "\n"])


def absent(text: str, host: str, key: str) -> str:
    """The text without the host's key of this type; without `key`, without all of the host's own keys."""
    lines = split_text(text)
    if not key:
        gone = [(entry := parse(line)) is not None and not entry.marker and names(entry, host) for line in lines]
        return "".join(line for line, goes in zip(lines, gone, strict=True) if not goes)
    place = look(lines, host, key)
    if place.line is None:
        return text
    return "".join(lines[: place.line] + lines[place.line + 1 :])
