"""One ssh connection over paramiko: algorithms, host key pinned for its lifetime, channels without polling.

The only file that uses paramiko's inner parts; each use says which and why (paramiko >= 4, < 6).
"""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from paramiko import Channel, Message, Transport
from paramiko.common import cMSG_CHANNEL_REQUEST
from paramiko.ssh_exception import ChannelException, SSHException

from runner.errors import ConnectionLost, SessionRefused, Unreachable

WINDOW_SIZE: Final = 4 << 20
PACKET_SIZE: Final = 32768
READ_SIZE: Final = 1 << 22
RECEIVE_SIZE: Final = 1 << 16
OPEN_TIMEOUT_S: Final = 30.0
# paramiko's thread looks up from its socket this often; the socket is shut down to wake it at the end.
IDLE_WAKE_S: Final = 5.0

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


def quiet() -> None:
    """paramiko logs whole tracebacks at ERROR; what matters of them reaches the user as one line of ours."""
    logger = logging.getLogger("paramiko")
    logger.setLevel(logging.CRITICAL + 1)
    logger.propagate = False


class _Reader:
    """The socket below paramiko, read in large pieces: paramiko itself asks twice for each packet."""

    def __init__(self, sock: Any) -> None:
        self._sock = sock
        self._recv = sock.recv
        self._held = b""
        self._at = 0
        self.send = sock.send
        self.settimeout = sock.settimeout

    def recv(self, size: int) -> bytes:
        held, at = self._held, self._at
        if at == len(held):
            held, at = self._recv(RECEIVE_SIZE), 0
            self._held = held
        self._at = at + size
        if self._at >= len(held):
            self._at = len(held)
            return held[at:] if at else held
        return held[at : self._at]

    def close(self) -> None:
        # A tunnel's channel speaks to its jump host when it closes, which may be gone.
        with contextlib.suppress(OSError, EOFError, SSHException):
            self._sock.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


class Wire(Transport):
    """paramiko's transport with a fixed choice of algorithms and a host key that cannot change at a rekey."""

    pinned: bytes | None = None

    def __init__(self, sock: Any, known_types: Sequence[str]) -> None:
        sock = _Reader(sock)
        super().__init__(sock, default_window_size=WINDOW_SIZE, default_max_packet_size=PACKET_SIZE)
        self.link = sock
        options = self.get_security_options()
        options.ciphers = _supported(CIPHERS, options.ciphers)
        options.digests = _supported(MACS, options.digests)
        options.kex = _supported(KEX, options.kex)
        options.key_types = _supported(_order(known_types), options.key_types)

    def _verify_key(self, host_key: bytes, sig: bytes) -> None:
        """paramiko checks the signature only; a server could swap its key at a rekey (CVE-2026-60002)."""
        super()._verify_key(host_key, sig)  # type: ignore[misc]
        blob = self.get_host_key_blob()
        if self.pinned is not None and blob != self.pinned:
            raise SSHException("the host key changed during the connection")
        self.pinned = blob

    def get_host_key_blob(self) -> bytes:
        """The key the server has just proved to have."""
        return self.host_key.asbytes() if self.host_key is not None else b""

    def calm(self) -> None:
        """After the login: wake up rarely, so that idle connections cost nothing."""
        with contextlib.suppress(OSError):
            self.link.settimeout(IDLE_WAKE_S)

    def request(self, channel: Channel, kind: str, *fields: Any) -> None:
        """A channel request without a reply: paramiko's own wait for one costs a round trip and has no deadline."""
        message = Message()
        message.add_byte(cMSG_CHANNEL_REQUEST)
        message.add_int(channel.remote_chanid)
        message.add_string(kind)
        message.add_boolean(False)
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


class _Bell:
    """A binary semaphore that paramiko's buffers ring (they expect an Event): one lock, no polling.

    `clear` is nothing: paramiko clears when one stream is empty, though the other may hold something.
    """

    __slots__ = ("_lock",)

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lock.acquire()

    def set(self) -> None:
        with contextlib.suppress(RuntimeError):
            self._lock.release()

    def clear(self) -> None:
        """See the class."""

    def wait(self, timeout_s: float) -> bool:
        return self._lock.acquire(timeout=max(0.0, timeout_s))


class SshConnection:
    """An open, authenticated connection. `release` is called once, when it is closed."""

    def __init__(self, wire: Wire, release: Callable[[], None], silence_s: float) -> None:
        self.wire = wire
        self.silence_s = silence_s
        self._release = release
        self._lock = threading.Lock()
        self._closed = False
        self._reason = ""

    def start(self, command: str, *, tty: bool = False) -> SshProcess:
        """Run a command line through the login shell. Raises `SessionRefused` when the host allows no further
        session on this connection (MaxSessions), `ConnectionLost` when the connection is broken."""
        try:
            channel = self.wire.open_session(timeout=min(OPEN_TIMEOUT_S, self.silence_s))
        except ChannelException as error:
            raise SessionRefused(f"the host refused a session: {error}", "see MaxSessions of its sshd") from None
        except (SSHException, EOFError, OSError) as error:
            raise self.lost(str(error)) from None
        process = SshProcess(self, channel)
        try:
            if tty:
                self.wire.request(channel, "pty-req", "dumb", 200, 50, 0, 0, RAW_MODES)
            self.wire.request(channel, "exec", command)
        except (SSHException, EOFError, OSError) as error:
            raise self.lost(str(error)) from None
        return process

    def open_tunnel(self, address: str, port: int, timeout_s: float) -> Channel:
        """A channel to another host, seen from this one (ProxyJump). Raises `Unreachable`."""
        where = f"cannot connect to {address} port {port} from there"
        try:
            return self.wire.open_channel("direct-tcpip", (address, port), ("127.0.0.1", 0), timeout=timeout_s)
        except ChannelException as error:
            raise Unreachable(f"{where}: {error.text.lower()}") from None
        except (SSHException, EOFError, OSError) as error:
            raise Unreachable(f"{where}: {str(error) or 'the connection broke'}") from None

    def alive(self) -> bool:
        """Whether the connection is open, as far as can be seen from here."""
        return not self._closed and self.wire.is_active()

    def answers(self, within_s: float) -> bool:
        """Whether the host answers a keepalive (F4: a frozen sshd keeps its TCP connection). Closes it if not."""
        if not self.alive():
            return False
        done = threading.Event()

        def ask() -> None:
            with contextlib.suppress(SSHException, EOFError, OSError):
                self.wire.global_request("keepalive@openssh.com", wait=True)
            done.set()

        threading.Thread(target=ask, name="keepalive", daemon=True).start()
        if not done.wait(within_s):
            self._reason = f"the host went silent (no answer to a keepalive in {within_s:g} s)"
            self.close()
        return self.alive()

    def lost(self, why: str = "") -> ConnectionLost:
        """What to raise when the connection broke: the best reason at hand."""
        error = self.wire.get_exception()
        reason = self._reason or _reason(error) or why or "the host closed the connection"
        self._reason = reason
        return ConnectionLost(f"connection lost: {reason}" if not reason.startswith("connection") else reason)

    def close(self) -> None:
        """Close it and everything that runs over it; harmless when closed."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        self.wire.hang_up()
        self._release()


def _reason(error: BaseException | None) -> str:
    if isinstance(error, TimeoutError) or (isinstance(error, OSError) and error.errno == 110):
        return "the network gave no answer any more"
    if isinstance(error, OSError):
        return (error.strerror or str(error)).lower()
    if isinstance(error, EOFError):
        return "the host closed the connection"
    return str(error) if error is not None else ""


def _raw_modes() -> bytes:
    """Terminal modes (RFC 4254, section 8): no echo, no line editing, no signals, no translation either way."""
    off = {"ISIG": 50, "ICANON": 51, "ECHO": 53, "IXON": 38, "ICRNL": 36, "INLCR": 34, "IGNCR": 35, "OPOST": 70}
    return b"".join(bytes((code, 0, 0, 0, 0)) for code in off.values()) + b"\0"


RAW_MODES: Final = _raw_modes()


class SshProcess:
    """A command on the host: both streams drained together, writes with flow control."""

    def __init__(self, connection: SshConnection, channel: Channel) -> None:
        self._connection = connection
        self._channel = channel
        self._bell = _Bell()
        # BufferedPipe.set_event: both buffers ring one bell, which a single reader can wait for.
        channel.in_buffer.set_event(self._bell)  # type: ignore[arg-type]
        channel.in_stderr_buffer.set_event(self._bell)  # type: ignore[arg-type]

    def write(self, data: bytes) -> None:
        """Send to its stdin; blocks while the window is full, not longer than a silent host is waited for."""
        view = memoryview(data)
        half = self._connection.silence_s / 2
        self._channel.settimeout(half)
        while view:
            try:
                sent = self._channel.send(view[:PACKET_SIZE].tobytes())
            except TimeoutError:
                if not self._connection.answers(half):
                    raise self._connection.lost() from None
                continue
            except (OSError, SSHException, EOFError) as error:
                raise self._ended(str(error)) from None
            if sent == 0:
                raise self._ended("the command closed its input")
            view = view[sent:]

    def close_stdin(self) -> None:
        """End of its input."""
        with contextlib.suppress(OSError, SSHException, EOFError):
            self._channel.shutdown_write()

    def read(self, timeout_s: float | None) -> tuple[bytes, bytes] | None:
        """What has arrived on both streams; see `runner.model.ports.Process`."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        half = self._connection.silence_s / 2
        while True:
            found = self._take()
            if found is not None:
                return found if found[0] or found[1] else None
            left = half if deadline is None else min(half, deadline - time.monotonic())
            if self._bell.wait(left):
                continue
            if deadline is not None and time.monotonic() >= deadline:
                found = self._take()
                if found is not None:
                    return found if found[0] or found[1] else None
                raise TimeoutError
            if not self._connection.answers(half):
                raise self._connection.lost()

    def _take(self) -> tuple[bytes, bytes] | None:
        """Both streams' data; two empty ones at their end; None when there is nothing yet."""
        channel = self._channel
        over = channel.eof_received or channel.closed
        out = channel.recv(READ_SIZE) if channel.recv_ready() else b""
        err = channel.recv_stderr(READ_SIZE) if channel.recv_stderr_ready() else b""
        if out or err:
            if over:
                self._bell.set()
            return out, err
        if not over:
            return None
        if not channel.eof_received and not self._finished_by_host():
            raise self._connection.lost()
        return b"", b""

    def _finished_by_host(self) -> bool:
        """A channel closed without an end of its streams: by an odd server, or because the connection broke.

        paramiko closes channels a moment before it marks the transport as inactive.
        """
        if self._channel.exit_status != -1:
            return True
        if self._connection.wire.is_active():
            self._connection.wire.join(0.2)
        return self._connection.alive()

    def wait(self, timeout_s: float) -> int | None:
        """Its exit code (255 when the host gave none: killed by a signal), None when there is none in time."""
        if not self._channel.status_event.wait(timeout_s):
            return None
        if self._channel.exit_status != -1:
            return int(self._channel.exit_status)
        if not self._finished_by_host():
            raise self._connection.lost()
        return 255

    def close(self) -> None:
        """Give it up at once; the host sends it a hangup."""
        with contextlib.suppress(OSError, SSHException, EOFError):
            self._channel.close()

    def _ended(self, why: str) -> ConnectionLost:
        if self._channel.closed and self._finished_by_host():
            return ConnectionLost("the command ended before it had read its input")
        return self._connection.lost(why)
