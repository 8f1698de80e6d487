"""The bytes below ssh: a TCP connection with deadlines of its own, or a ProxyCommand behind a socket pair."""

from __future__ import annotations

import contextlib
import errno
import os
import queue
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from typing import IO, Any, Final

from runner.errors import Unreachable
from runner.transports._options import Settings

# How long bytes may stay unacknowledged before the kernel gives the connection up (tcp(7)).
USER_TIMEOUT_MS: Final = 30_000
SHELL_TEXT: Final = frozenset("|&;<>()$`*?~#\n{}[]!")
# Where tcpi_rtt stands in struct tcp_info (linux/tcp.h), microseconds as 32 bits.
RTT_AT: Final = 68
_FAMILIES: Final = {"inet": socket.AF_INET, "inet6": socket.AF_INET6}
Address = tuple[Any, ...]


def connect_tcp(settings: Settings) -> socket.socket:
    """An open TCP connection. Raises `Unreachable` with one plain line; the deadline is for each address."""
    where = f"{settings.address} port {settings.port}"
    reason = "no address"
    for family, address in _resolve(settings):
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            _tune(sock)
            sock.settimeout(settings.timeout_s)
            if settings.bind_address:
                sock.bind((settings.bind_address, 0))
            sock.connect(address)
            return sock
        except TimeoutError:
            sock.close()
            reason = f"no answer in {settings.timeout_s:g} s"
        except OSError as error:
            sock.close()
            reason = _plain(error)
    raise Unreachable(f"cannot connect to {where}: {reason}")


def round_trip_s(sock: Any) -> float:
    """What the kernel has measured of a TCP connection's round trip (Linux's TCP_INFO, tcp(7)), in seconds.

    0.0 where that is not known: other systems, a ProxyCommand, a tunnel through a jump host.
    """
    if not isinstance(sock, socket.socket) or not sys.platform.startswith("linux"):
        return 0.0
    try:
        about = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, RTT_AT + 4)
    except OSError:
        return 0.0
    return int.from_bytes(about[RTT_AT:], sys.byteorder) / 1e6 if len(about) == RTT_AT + 4 else 0.0


def _plain(error: OSError) -> str:
    known = {
        errno.ECONNREFUSED: "connection refused",
        errno.EHOSTUNREACH: "no route to the host",
        errno.ENETUNREACH: "the network is unreachable",
        errno.EMFILE: "too many open files here (raise `ulimit -n` or lower --forks)",
    }
    return known.get(error.errno or 0, error.strerror or str(error))


def _tune(sock: socket.socket) -> None:
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT_MS)
    if hasattr(socket, "TCP_KEEPIDLE"):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 15)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)


def _resolve(settings: Settings) -> list[tuple[int, Address]]:
    """Addresses of a name. A resolver has no deadline of its own, so it works in a thread that may be left behind."""
    family = _FAMILIES.get(settings.family, socket.AF_UNSPEC)
    numeric = _numeric(settings.address, settings.port, family)
    if numeric:
        return numeric
    answers: queue.SimpleQueue[list[tuple[int, Address]] | OSError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(_lookup(settings.address, settings.port, family, 0))
        except OSError as error:
            answers.put(error)
        except UnicodeError:
            answers.put(socket.gaierror(socket.EAI_NONAME, "not a valid host name"))

    threading.Thread(target=ask, name="resolve", daemon=True).start()
    try:
        answer = answers.get(timeout=settings.timeout_s)
    except queue.Empty:
        raise Unreachable(f"cannot resolve {settings.address}: no answer in {settings.timeout_s:g} s") from None
    if isinstance(answer, OSError):
        raise Unreachable(f"cannot resolve {settings.address}: {(answer.strerror or 'unknown host').lower()}")
    return answer


def _numeric(address: str, port: int, family: int) -> list[tuple[int, Address]]:
    with contextlib.suppress(OSError, UnicodeError):
        return _lookup(address, port, family, socket.AI_NUMERICHOST)
    return []


def _lookup(address: str, port: int, family: int, flags: int) -> list[tuple[int, Address]]:
    found = socket.getaddrinfo(address, port, family, socket.SOCK_STREAM, 0, flags)
    return [(entry[0], entry[4]) for entry in found]


class ProxyProcess:
    """A running ProxyCommand: `sock` is its stdin and stdout; `stop` ends it."""

    def __init__(self, command: str) -> None:
        here, there = socket.socketpair()
        self.sock = here
        self._complaints: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed in stop
        try:
            self._process = subprocess.Popen(
                _words(command),
                stdin=there.fileno(),
                stdout=there.fileno(),
                stderr=self._complaints,
                start_new_session=True,
            )
        except OSError as error:
            here.close()
            self._complaints.close()
            raise Unreachable(f"cannot start the ProxyCommand {command!r}: {error.strerror}") from None
        finally:
            there.close()

    def complaint(self) -> str:
        """The last line the command wrote to its stderr, or ""."""
        with contextlib.suppress(ValueError, OSError):
            size = self._complaints.seek(0, 2)
            self._complaints.seek(max(0, size - 2000))
            lines = self._complaints.read().decode("utf-8", "replace").strip().splitlines()
            return lines[-1] if lines else ""
        return ""

    def stop(self) -> None:
        """End the command; it gets half a second to do so by itself."""
        with contextlib.suppress(OSError):
            self.sock.close()
        try:
            self._process.wait(0.5)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._complaints.close()


def _words(command: str) -> Sequence[str]:
    """A command without shell text is started as it is; the others are the user's own shell lines (ssh_config(5))."""
    text = command.strip().removeprefix("exec ")
    if SHELL_TEXT.isdisjoint(text):
        return shlex.split(text)
    return ["/bin/sh", "-c", "exec " + text] if not set(";&|\n") & set(text) else ["/bin/sh", "-c", text]


Closer = Callable[[], None]
