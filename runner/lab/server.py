"""One lab host: an SSH server on a free port, with public-key login, exec and SFTP."""

from __future__ import annotations

import contextlib
import hmac
import logging
import os
import socket
import socketserver
import threading
import time
from collections.abc import Callable
from pathlib import Path

import paramiko
from paramiko.common import (
    AUTH_FAILED,
    AUTH_SUCCESSFUL,
    OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED,
    OPEN_SUCCEEDED,
)

from runner.lab.process import run_command
from runner.lab.sftp import HomeSFTP

LOG_CHANNEL = "pbrun.lab"
ADDRESS = "127.0.0.1"
SHELL = "/bin/sh"
END_S = 1.0


def load_key(path: Path) -> paramiko.PKey:
    """A private key from its file."""
    return paramiko.Ed25519Key.from_private_key_file(str(path))


class Login(paramiko.ServerInterface):
    """Who may log in to a lab host, and what a session may ask for: exec, shell, SFTP; no terminal, no forwarding."""

    def __init__(self, home: Path, allowed: paramiko.PKey, user: str) -> None:
        self.home = home
        self._allowed = allowed.asbytes()
        self._user = user
        self.work: set[threading.Thread] = set()

    def get_allowed_auths(self, username: str) -> str:  # noqa: ARG002
        return "publickey"

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        fits = username == self._user and hmac.compare_digest(key.asbytes(), self._allowed)
        return AUTH_SUCCESSFUL if fits else AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:  # noqa: ARG002
        return OPEN_SUCCEEDED if kind == "session" else OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        self._start(channel, [SHELL, "-c", os.fsdecode(command)])
        return True

    def check_channel_shell_request(self, channel: paramiko.Channel) -> bool:
        self._start(channel, ["-sh"])
        return True

    def _start(self, channel: paramiko.Channel, argv: list[str]) -> None:
        self.work = {thread for thread in self.work if thread.is_alive()}
        thread = threading.Thread(target=run_command, args=(channel, SHELL, argv, self.home, self._user), daemon=True)
        self.work.add(thread)
        thread.start()


class _Connection(socketserver.BaseRequestHandler):
    """Serves one connection until it ends."""

    server: _Listener
    request: socket.socket

    def handle(self) -> None:
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        transport = paramiko.Transport(self.request)
        transport.set_log_channel(LOG_CHANNEL)
        transport.add_server_key(self.server.host_key)
        transport.set_subsystem_handler("sftp", paramiko.SFTPServer, HomeSFTP)
        login = self.server.make_login()  # one a connection: its set of threads belongs to one thread of paramiko's
        self.server.transports.add(transport)
        self.server.logins.add(login)
        try:
            transport.start_server(server=login)
            transport.join()
        except (paramiko.SSHException, EOFError, OSError):
            return  # a client that left or speaks something else; the client's side says what was wrong
        finally:
            transport.close()
            self.server.transports.discard(transport)
            if not self.server.stopping:
                self.server.logins.discard(login)


class _Listener(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, host_key: paramiko.PKey, make_login: Callable[[], Login]) -> None:
        self.host_key = host_key
        self.make_login = make_login
        self.logins: set[Login] = set()
        self.stopping = False
        self.transports: set[paramiko.Transport] = set()
        super().__init__((ADDRESS, 0), _Connection)

    def serve(self) -> None:
        """Accept connections until stopped. Unlike `serve_forever`, which looks twice a second, this only waits."""
        while not self.stopping:
            self.handle_request()

    def verify_request(self, request: object, client_address: object) -> bool:  # noqa: ARG002
        return not self.stopping


class Server:
    """A lab host that listens on `port` of 127.0.0.1 until `stop`. Raises OSError if it cannot."""

    def __init__(self, home: Path, host_key: paramiko.PKey, allowed: paramiko.PKey, user: str) -> None:
        # Without a handler of its own, logging would print a client's sudden end on the screen.
        logging.getLogger(LOG_CHANNEL).addHandler(logging.NullHandler())
        self._listener = _Listener(host_key, lambda: Login(home, allowed, user))
        self.port: int = self._listener.server_address[1]
        self._thread = threading.Thread(target=self._listener.serve, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Close the port and every connection, and wait a little until their commands are killed."""
        self._listener.stopping = True
        with contextlib.suppress(OSError):  # wakes the thread that waits for connections
            socket.create_connection((ADDRESS, self.port), END_S).close()
        self._thread.join(END_S)
        self._listener.server_close()
        for transport in tuple(self._listener.transports):
            with contextlib.suppress(Exception):
                transport.close()
        until = time.monotonic() + END_S
        for login in tuple(self._listener.logins):
            for thread in tuple(login.work):
                thread.join(max(0.0, until - time.monotonic()))
