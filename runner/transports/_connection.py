"""An open ssh connection and the commands on it: channels without polling, writes with flow control, a watchdog."""

from __future__ import annotations

import contextlib
import errno
import threading
import time
from collections.abc import Callable
from typing import Final

from paramiko import Channel
from paramiko.ssh_exception import ChannelException, SSHException

from runner.errors import ConnectionLost, SessionRefused, Unreachable
from runner.transports._wire import PACKET_SIZE, Wire

READ_SIZE: Final = 1 << 22
OPEN_TIMEOUT_S: Final = 30.0


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
            # An sshd that cannot start a process says so only if it is asked to, and leaves the channel open.
            self.wire.request(channel, "exec", command.encode("utf-8", "surrogateescape"), reply=True)
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
    if isinstance(error, TimeoutError) or (isinstance(error, OSError) and error.errno == errno.ETIMEDOUT):
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

    def write(self, data: bytes, timeout_s: float | None = None) -> None:
        """Send to its stdin; blocks while the window is full, not longer than a silent host is waited for."""
        view = memoryview(data)
        half = self._connection.silence_s / 2
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while view:
            left = half if deadline is None else max(0.0, min(half, deadline - time.monotonic()))
            self._channel.settimeout(left)
            try:
                sent = self._channel.send(view[:PACKET_SIZE].tobytes())
            except TimeoutError:
                if deadline is not None and time.monotonic() >= deadline:
                    raise
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
        """Its exit code (255 when the host gave none: killed by a signal), None when there is none in time.

        Raises `ConnectionLost`, also when the host could not start it."""
        if not self._channel.status_event.wait(timeout_s):
            return None
        if self._channel.exit_status != -1:
            return int(self._channel.exit_status)
        if not self._finished_by_host():
            raise self._connection.lost()
        if not self._channel.event_ready:
            raise ConnectionLost("the host could not start a shell (has it processes and memory left?)")
        return 255

    def close(self) -> None:
        """Give it up at once; the host sends it a hangup."""
        with contextlib.suppress(OSError, SSHException, EOFError):
            self._channel.close()

    def _ended(self, why: str) -> ConnectionLost:
        if self._channel.closed and self._finished_by_host():
            return ConnectionLost("the command ended before it had read its input")
        return self._connection.lost(why)
