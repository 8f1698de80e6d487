"""Host certificates of OpenSSH: whether an authority of known_hosts vouches for a host's key, by its name and in time.

Source: OpenSSH's PROTOCOL.certkeys; ssh-keygen(1), CERTIFICATES; sshd(8), SSH_KNOWN_HOSTS FILE FORMAT.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from paramiko import Message, PKey
from paramiko.ssh_exception import SSHException

MARK: Final = "-cert-v01@openssh.com"
_HOST: Final = 2
_KEY_FIELDS: Final = {"ssh-ed25519": "b", "ssh-rsa": "mm"}
_MOST_PRINCIPALS: Final = 256


def refusal(blob: bytes, authorities: Collection[bytes], revoked: Collection[bytes], name: str, now_s: float) -> str:
    """Why this certificate proves nothing about the host `name` (as in known_hosts); "" if it does."""
    message = Message(blob)
    kind = message.get_text().removesuffix(MARK)
    message.get_binary()  # what makes it unlike any other
    for field in _KEY_FIELDS.get(kind, "bb"):
        message.get_mpint() if field == "m" else message.get_binary()
    message.get_int64()  # its number
    is_host = message.get_int() == _HOST
    message.get_binary()  # what its maker calls it
    principals = _texts(message.get_binary())
    after_s, before_s = message.get_int64(), message.get_int64()
    critical = message.get_binary()
    message.get_binary()
    message.get_binary()
    authority = message.get_binary()
    signed = blob[: len(blob) - len(message.get_remainder())]
    signature = message.get_binary()
    if authority not in authorities:
        return "no authority in known_hosts signed it"
    if authority in revoked:
        return "its authority is revoked"
    if not is_host:
        return "it is not one of a host"
    if critical:
        return "it has conditions that are not known here"
    if not after_s <= now_s < before_s:
        return "it is not valid now"
    if _bare(name) not in principals:
        return f"it is for {', '.join(sorted(principals)) or 'no host'}"
    return "" if _fits(authority, signed, signature) else "its signature is wrong"


def _fits(authority: bytes, signed: bytes, signature: bytes) -> bool:
    try:
        key = PKey.from_type_string(Message(authority).get_text(), authority)
        return bool(key.verify_ssh_sig(signed, Message(signature)))
    except (SSHException, ValueError):
        return False


def _texts(data: bytes) -> frozenset[str]:
    message, found = Message(data), set[str]()
    while message.get_remainder() and len(found) < _MOST_PRINCIPALS:
        found.add(message.get_text().lower())
    return frozenset(found)


def _bare(name: str) -> str:
    """The host of `[host]:port`."""
    return name[1:].partition("]")[0] if name.startswith("[") else name
