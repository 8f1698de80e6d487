"""From a socket to a connection that is logged in: banner, key exchange, host key, credentials, all with deadlines."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

from paramiko.ssh_exception import IncompatiblePeer, ProxyCommandFailure, SSHException

from runner.errors import Unreachable
from runner.model.call import Target
from runner.model.quick import dataclass
from runner.transports._auth import Keyring, Login
from runner.transports._connection import SshConnection
from runner.transports._host_keys import HostKeys
from runner.transports._options import Compression, Settings
from runner.transports._socket import Closer, round_trip_s
from runner.transports._wire import Wire, quiet

HANDSHAKE_TIMEOUT_S: Final = 30.0
AUTH_TIMEOUT_S: Final = 60.0


# From here on a link is slow: even a whole window in flight is less than what compressing text yields.
SLOW_LINK_S: Final = 0.03


def compresses(wanted: Compression, round_trip_s: float) -> bool:
    """Whether to compress: as the user says, else over a link whose round trips are long."""
    return wanted == "yes" or (wanted == "auto" and round_trip_s >= SLOW_LINK_S)


class ServerBusy(Exception):
    """The server closed the connection at its banner, as sshd does above MaxStartups: worth another try."""


@dataclass(frozen=True, slots=True)
class Handshake:
    """How to become connected to one host; `run` may be called again after `ServerBusy`."""

    target: Target
    settings: Settings
    host_keys: HostKeys
    keyring: Keyring
    notice: Callable[[str], None]

    def run(self, sock: Any, stop: Closer) -> SshConnection:
        """Shake hands and log in; `stop` ends what lies below the socket, here on failure, later when closed."""
        quiet()
        wire: Wire | None = None
        try:
            known = self.host_keys.verdict(self.settings)
            wire = Wire(sock, known.key_types, certificates=bool(known.authorities))
            if compresses(self.settings.compression, round_trip_s(sock)):
                wire.compress()
            self._negotiate(wire)
            key = wire.get_remote_server_key()
            blob = key.asbytes()
            self.host_keys.check(self.settings, known, key.get_name(), blob, self.notice, wire.certificate)
            Login(wire, self.settings, self.target, self.keyring).run()
            wire.calm()
            return SshConnection(wire, stop, self.settings.silence_s)
        except BaseException as error:
            if wire is not None:
                wire.hang_up()
            else:
                sock.close()
            complaint = getattr(getattr(stop, "__self__", None), "complaint", lambda: "")()
            stop()
            if complaint and isinstance(error, ServerBusy):
                raise Unreachable(f"the ProxyCommand failed: {complaint}") from None
            raise

    def _negotiate(self, wire: Wire) -> None:
        where = f"{self.settings.address} port {self.settings.port}"
        wire.banner_timeout = self.settings.timeout_s
        wire.handshake_timeout = HANDSHAKE_TIMEOUT_S
        wire.auth_timeout = AUTH_TIMEOUT_S
        begun = time.monotonic()
        try:
            wire.start_client()
        except IncompatiblePeer as error:
            raise Unreachable(
                f"no common algorithms with {where}: {error}", "its sshd is too old or locked down"
            ) from None
        except (SSHException, EOFError, OSError, ProxyCommandFailure) as error:
            if wire.remote_version:
                raise Unreachable(f"the ssh handshake with {where} failed: {_text(error)}") from None
            raise self._no_banner(where, error, time.monotonic() - begun) from None

    def _no_banner(self, where: str, error: Exception, elapsed_s: float) -> Exception:
        text = str(error)
        if "Indecipherable" in text or "Incompatible version" in text:
            return Unreachable(f"{where} is no ssh server of version 2")
        if elapsed_s >= self.settings.timeout_s:
            if self.settings.proxy_command is not None:
                return Unreachable(
                    f"no ssh banner of {where} in {self.settings.timeout_s:g} s through the ProxyCommand"
                )
            return Unreachable(f"{where} accepts connections but sent no ssh banner in {self.settings.timeout_s:g} s")
        if self.settings.proxy_command is not None:
            return ServerBusy(f"the ProxyCommand {self.settings.proxy_command!r} ended before an ssh banner came")
        return ServerBusy(f"{where} closed the connection before its ssh banner")


def _text(error: Exception) -> str:
    if isinstance(error, EOFError):
        return "the server closed the connection or was too slow"
    return str(error) or type(error).__name__
