"""Servers that break the protocol: success that nobody asked for, and another host key at rekeying."""

from __future__ import annotations

import socket
import threading
from pathlib import Path
from typing import Any

import paramiko
import pytest
from paramiko.auth_handler import AuthHandler
from paramiko.common import cMSG_USERAUTH_SUCCESS

from runner.errors import ConnectionLost, Unreachable
from runner.model.call import Target
from runner.model.values import Secret
from runner.transports import ssh
from tests.sshd_farm import make_key


class Eager(AuthHandler):
    """Lets everybody in before they have said who they are."""

    def _parse_service_request(self, message: Any) -> None:
        success = paramiko.Message()
        success.add_byte(cMSG_USERAUTH_SUCCESS)
        self.transport._send_message(success)  # type: ignore[attr-defined]
        super()._parse_service_request(message)  # type: ignore[misc]


class Open(paramiko.ServerInterface):
    """Lets everybody in who has a password, and notes it."""

    def __init__(self) -> None:
        self.passwords: list[str] = []

    def get_allowed_auths(self, username: str) -> str:  # noqa: ARG002
        return "password"

    def check_auth_password(self, username: str, password: str) -> int:  # noqa: ARG002
        self.passwords.append(password)
        return paramiko.common.AUTH_SUCCESSFUL

    def check_channel_request(self, kind: str, chanid: int) -> int:  # noqa: ARG002
        return paramiko.common.OPEN_SUCCEEDED

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:  # noqa: ARG002
        return True


class Served:
    """One connection to a server of its own, on a free port."""

    def __init__(self, folder: Path, *, eager: bool = False) -> None:
        self.key = paramiko.Ed25519Key.from_private_key_file(str(make_key(folder / "host")))
        self.login = Open()
        self.transport: paramiko.Transport | None = None
        self._eager = eager
        self._listener = socket.create_server(("127.0.0.1", 0))
        port = self._listener.getsockname()[1]
        (folder / "known").write_text(f"[127.0.0.1]:{port} ssh-ed25519 {self.key.get_base64()}\n")
        options = (f"UserKnownHostsFile={folder}/known", "GlobalKnownHostsFile=none", "PubkeyAuthentication=no")
        words = ("-F", "none", *(word for option in options for word in ("-o", option)))
        self.target = Target(
            "h", address="127.0.0.1", port=port, user="me", password=Secret("pw-S3cret"), ssh_args=words
        )
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        self.transport = paramiko.Transport(self._listener.accept()[0])
        self.transport.set_log_channel("tests.security.wire")
        self.transport.add_server_key(self.key)
        if self._eager:
            self.transport.auth_handler = Eager(self.transport)
        self.transport.start_server(server=self.login, event=threading.Event())


def test_success_that_nobody_asked_for_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unreachable) as caught:
        ssh.connect(Served(tmp_path, eager=True).target, print)
    assert "pw-S3cret" not in str(caught.value)


def test_another_host_key_at_rekeying_ends_the_connection(tmp_path: Path) -> None:
    served = Served(tmp_path)
    connection = ssh.connect(served.target, print)
    assert served.login.passwords == ["pw-S3cret"] and served.transport is not None
    served.transport.renegotiate_keys()  # the same key: goes on
    process = connection.start("x")
    other = paramiko.Ed25519Key.from_private_key_file(str(make_key(tmp_path / "other")))
    served.transport.add_server_key(other)
    with pytest.raises((paramiko.SSHException, EOFError, OSError)):
        served.transport.renegotiate_keys()
        served.transport.getpeername()
        raise EOFError if not served.transport.is_active() else AssertionError
    with pytest.raises(ConnectionLost, match="host key"):
        process.write(b"x" * 10)
        process.read(20)
