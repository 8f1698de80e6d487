"""paramiko's transport, tuned: a fixed choice of algorithms, the host key pinned, the socket read in large pieces.

The only file that uses paramiko's inner parts; each use says which and why (paramiko >= 4, < 6).
"""

from __future__ import annotations

import contextlib
import logging
import socket
import zlib
from collections.abc import Sequence
from typing import Any, ClassVar, Final

from paramiko import Channel, Message, Transport
from paramiko.common import cMSG_CHANNEL_REQUEST, cMSG_USERAUTH_REQUEST
from paramiko.compress import ZlibDecompressor
from paramiko.ssh_exception import SSHException

WINDOW_SIZE: Final = 4 << 20
PACKET_SIZE: Final = 32768
# How much one look at the socket asks for. Python sets so much memory aside before it waits, for each connection, so it
# is little until much arrives.
RECEIVE_LEAST: Final = 1 << 12
RECEIVE_MOST: Final = 1 << 16
# paramiko's thread looks up from its socket this often; the socket is shut down to wake it at the end.
IDLE_WAKE_S: Final = 5.0

# Compression that begins after the login, the one that OpenSSH's sshd allows unless told otherwise (sshd_config(5)).
COMPRESSION: Final = "zlib@openssh.com"
# Quick rather than small: over 100 MB/s for text, more than a window carries over any link that is worth compressing.
COMPRESSION_LEVEL: Final = 2

CIPHERS: Final = (
    "aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes128-ctr", "aes192-ctr", "aes256-ctr",
)  # fmt: skip
MACS: Final = (
    "hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com", "hmac-sha2-256", "hmac-sha2-512",
)  # fmt: skip
KEX: Final = (
    "curve25519-sha256@libssh.org", "mlkem768x25519-sha256", "ecdh-sha2-nistp256", "ecdh-sha2-nistp384",
    "ecdh-sha2-nistp521", "diffie-hellman-group16-sha512", "diffie-hellman-group-exchange-sha256",
    "diffie-hellman-group14-sha256",
)  # fmt: skip
HOST_KEYS: Final = (
    "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "rsa-sha2-512", "rsa-sha2-256",
)  # fmt: skip

CERTIFICATE: Final = "-cert-v01@openssh.com"


def quiet() -> None:
    """paramiko logs whole tracebacks at ERROR; what matters of them reaches the user as one line of ours."""
    logger = logging.getLogger("paramiko")
    logger.setLevel(logging.CRITICAL + 1)
    logger.propagate = False


class _Reader:
    """The socket below paramiko, read in larger pieces than packets: paramiko itself asks twice for each."""

    def __init__(self, sock: Any) -> None:
        self._sock = sock
        self._recv = sock.recv
        self._held = b""
        self._at = 0
        self._size = RECEIVE_LEAST
        self.send = sock.send
        self.settimeout = sock.settimeout

    def recv(self, size: int) -> bytes:
        held, at = self._held, self._at
        if at == len(held):
            held, at = self._recv(self._size), 0
            self._held = held
            if len(held) == self._size:
                self._size = min(2 * self._size, RECEIVE_MOST)
            elif len(held) < RECEIVE_LEAST:
                self._size = RECEIVE_LEAST
        self._at = at + size
        if self._at >= len(held):
            self._held, self._at = b"", 0
            return held[at:] if at else held
        return held[at : self._at]

    def close(self) -> None:
        # A tunnel's channel speaks to its jump host when it closes, which may be gone.
        with contextlib.suppress(OSError, EOFError, SSHException):
            self._sock.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


class _Deflate:
    """What is sent, compressed with one dictionary for all packets (paramiko's own forgets it after each)."""

    def __init__(self) -> None:
        self._zlib = zlib.compressobj(COMPRESSION_LEVEL)

    def __call__(self, data: bytes) -> bytes:
        return self._zlib.compress(data) + self._zlib.flush(zlib.Z_SYNC_FLUSH)


class Wire(Transport):
    """paramiko's transport with a fixed choice of algorithms and a host key that cannot change at a rekey."""

    pinned: bytes | None = None
    _compression_info: ClassVar = {
        **Transport._compression_info,  # type: ignore[attr-defined]
        COMPRESSION: (_Deflate, ZlibDecompressor),
    }

    def __init__(self, sock: Any, known_types: Sequence[str], *, certificates: bool = False) -> None:
        sock = _Reader(sock)
        super().__init__(sock, default_window_size=WINDOW_SIZE, default_max_packet_size=PACKET_SIZE)
        self.link = sock
        options = self.get_security_options()
        options.ciphers = _supported(CIPHERS, options.ciphers)
        options.digests = _supported(MACS, options.digests)
        options.kex = _supported(KEX, options.kex)
        options.key_types = _supported(_order(known_types), options.key_types)
        self._certificates = certificates
        self.certificate = b""
        self._asked = False
        # Only until the login is over: afterwards this would cost every packet something.
        self._send_message = self._send_noting

    def _send_noting(self, message: Message) -> None:
        self._asked = self._asked or message.asbytes()[:1] == cMSG_USERAUTH_REQUEST
        Transport._send_message(self, message)  # type: ignore[attr-defined]

    def _auth_trigger(self) -> None:
        """paramiko believes a server that says "authenticated" before anybody has asked (as in CVE-2018-10933)."""
        if not self._asked:
            raise SSHException("the server said that the login is done before it was asked for")
        self.__dict__.pop("_send_message", None)
        super()._auth_trigger()  # type: ignore[misc]

    def _verify_key(self, host_key: bytes, sig: bytes) -> None:
        """paramiko checks the signature only; a server could swap its key at a rekey (CVE-2026-60002)."""
        super()._verify_key(host_key, sig)  # type: ignore[misc]
        self.certificate = host_key if CERTIFICATE.encode() in host_key[:64] else b""
        blob = self.get_host_key_blob()
        if self.pinned is not None and blob != self.pinned:
            raise SSHException("the host key changed during the connection")
        self.pinned = blob

    @property
    def preferred_keys(self) -> tuple[str, ...]:
        """What paramiko offers: certificates come first where one can count, and otherwise not at all."""
        plain = tuple(self._preferred_keys)  # type: ignore[attr-defined]
        return (*(f"{name}{CERTIFICATE}" for name in plain if self._certificates), *plain)

    def get_host_key_blob(self) -> bytes:
        """The key the server has just proved to have."""
        return self.host_key.asbytes() if self.host_key is not None else b""

    def compress(self) -> None:
        """Before the handshake: offer to compress what follows the login (never the login itself)."""
        self._preferred_compression = (COMPRESSION, "none")

    def calm(self) -> None:
        """After the login: wake up rarely, so that idle connections cost nothing."""
        with contextlib.suppress(OSError):
            self.link.settimeout(IDLE_WAKE_S)

    def request(self, channel: Channel, kind: str, *fields: Any, reply: bool = False) -> None:
        """A channel request whose reply is not waited for: paramiko's own wait costs a round trip and has no deadline.
        With `reply`, the channel's `event_ready` is set when the host does it, and the channel is closed when not."""
        message = Message()
        message.add_byte(cMSG_CHANNEL_REQUEST)
        message.add_int(channel.remote_chanid)
        message.add_string(kind)
        message.add_boolean(reply)
        for item in fields:
            if isinstance(item, int):
                message.add_int(item)
            else:
                message.add_string(item)
        self._send_user_message(message)  # type: ignore[attr-defined]

    def hang_up(self) -> None:
        """Close at once; shutting the socket down wakes the reading thread."""
        with contextlib.suppress(OSError, EOFError, SSHException, AttributeError):
            self.link.shutdown(socket.SHUT_RDWR)
        self.close()


def _supported(wanted: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for name in wanted if name in known)


def _order(known_types: Sequence[str]) -> tuple[str, ...]:
    """The types that known_hosts has come first, so that the server shows a key that can be checked (ssh does so)."""
    first: list[str] = []
    for name in known_types:
        first += ["rsa-sha2-512", "rsa-sha2-256"] if name == "ssh-rsa" else [name]
    return tuple(dict.fromkeys([*(name for name in first if name in HOST_KEYS), *HOST_KEYS]))
