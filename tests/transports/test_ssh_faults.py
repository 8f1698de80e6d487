"""Hosts that are down, silent, full, frozen or gone: one plain line each, in bounded time."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runner.errors import ConnectionLost, SessionRefused, Unreachable
from runner.model.call import Target
from runner.transports import ssh
from tests.sshd_farm import Farm, sshd_farm

ARGS = ("-F", "none", "-o", "UserKnownHostsFile=none", "-o", "GlobalKnownHostsFile=none")


def refusal(target: Target) -> str:
    with pytest.raises(Unreachable) as caught:
        ssh.connect(target, print)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def local(server: socket.socket) -> Target:
    return Target("h", address="127.0.0.1", port=server.getsockname()[1], ssh_args=ARGS, connect_timeout_s=0.5)


def test_nobody_listens(listener: socket.socket) -> None:
    target = local(listener)
    listener.close()
    assert refusal(target) == f"cannot connect to 127.0.0.1 port {target.port}: connection refused"


def test_unknown_name() -> None:
    text = refusal(Target("no-such-host.invalid", ssh_args=ARGS, connect_timeout_s=5))
    assert text.startswith("cannot resolve no-such-host.invalid")


def test_silent_listener(listener: socket.socket) -> None:
    begun = time.monotonic()
    assert "sent no ssh banner in 0.5 s" in refusal(local(listener))
    assert time.monotonic() - begun < 15


def answering(server: socket.socket, *answers: bytes) -> threading.Thread:
    """Answer one connection with each of `answers` and close it."""

    def serve() -> None:
        for data in answers:
            sock, _ = server.accept()
            with sock:
                sock.sendall(data)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    return thread


def test_not_an_ssh_server(listener: socket.socket) -> None:
    answering(listener, b"HTTP/1.1 400 Bad Request\r\n\r\n" * 60)
    assert "no ssh server" in refusal(local(listener))


def test_closing_at_the_banner_is_tried_again(listener: socket.socket) -> None:
    thread = answering(listener, b"", b"", b"Hello\r\n" * 100)
    assert "no ssh server" in refusal(local(listener))
    thread.join(5)
    assert not thread.is_alive()


def close_all(sockets: list[socket.socket]) -> None:
    for sock in sockets:
        sock.close()


@pytest.mark.sshd
def test_max_startups() -> None:
    with sshd_farm(options=("MaxStartups 2:100:2",), first_address=40) as farm:
        idle = [socket.create_connection((farm.addresses[0], farm.port)) for _ in range(2)]
        time.sleep(0.1)
        timer = threading.Timer(0.3, close_all, [idle])
        timer.start()
        ssh.connect(farm.target(0), print).close()
        timer.join()


@pytest.mark.sshd
@pytest.mark.parametrize(
    "option",
    ["Ciphers aes128-cbc", "KexAlgorithms diffie-hellman-group14-sha1", "MACs hmac-sha1\nCiphers aes128-ctr"],
)
def test_weak_algorithms_are_refused(option: str) -> None:
    with sshd_farm(options=option.split("\n"), first_address=41) as farm:
        assert "no common algorithms" in refusal(farm.target(0))


@pytest.mark.sshd
def test_strict_key_exchange_and_a_fast_cipher(farm: Farm) -> None:
    connection = ssh.connect(farm.target(0), print)
    wire: Any = connection.wire
    assert wire.agreed_on_strict_kex
    assert (wire.local_cipher, wire.remote_cipher) == ("aes128-gcm@openssh.com", "aes128-gcm@openssh.com")
    connection.close()


@pytest.mark.sshd
def test_max_sessions() -> None:
    with sshd_farm(options=("MaxSessions 1",), first_address=42) as farm:
        connection = ssh.connect(farm.target(0), print)
        first = connection.start("exec cat")
        with pytest.raises(SessionRefused):
            connection.start("true")
        first.write(b"still here")
        assert first.read(5) == (b"still here", b"")
        connection.close()


@pytest.mark.sshd
def test_the_connection_is_killed_in_the_middle(farm: Farm) -> None:
    connection = ssh.connect(farm.target(0), print)
    process = connection.start("echo begun; kill -9 $PPID; sleep 5")
    with pytest.raises(ConnectionLost, match="connection lost"):
        while process.read(10) is not None:
            pass
    assert not connection.alive()
    connection.close()


@pytest.mark.sshd
def test_a_frozen_server_is_noticed() -> None:
    with sshd_farm(first_address=43) as farm:
        args = farm.ssh_args("ServerAliveInterval=1", "ServerAliveCountMax=1")
        connection = ssh.connect(farm.target(0, ssh_args=args), print)
        process = connection.start("echo begun; sleep 60")
        assert process.read(10) == (b"begun\n", b"")
        frozen = farm.sessions()
        for pid in frozen:
            os.kill(pid, signal.SIGSTOP)
        begun = time.monotonic()
        with pytest.raises(ConnectionLost, match="went silent"):
            process.read(30)
        assert time.monotonic() - begun < 15
        connection.close()


@pytest.mark.sshd
def test_a_quiet_command_is_not_a_silent_host(farm: Farm) -> None:
    args = farm.ssh_args("ServerAliveInterval=1", "ServerAliveCountMax=1")
    connection = ssh.connect(farm.target(0, ssh_args=args), print)
    process = connection.start("sleep 2.2; echo done")
    assert process.read(10) == (b"done\n", b"")
    connection.close()


@pytest.mark.sshd
def test_rekeying_in_the_middle() -> None:
    with sshd_farm(options=("RekeyLimit 64K",), first_address=44) as farm:
        connection = ssh.connect(farm.target(0), print)
        process = connection.start("head -c 1000000 /dev/zero")
        size = 0
        while (got := process.read(20)) is not None:
            size += len(got[0])
        assert size == 1_000_000
        connection.close()


@pytest.mark.sshd
def test_jump_hosts_share_one_connection(farm: Farm) -> None:
    run = ssh.for_run()
    jump = f"{farm.user}@{farm.addresses[0]}:{farm.port}"
    before = farm.log().count("Accepted publickey")
    connections = [run.connect(farm.target(n, ssh_args=(*farm.ssh_args(), "-J", jump)), print) for n in (1, 2)]
    for connection in connections:
        assert connection.start("echo through").read(10) == (b"through\n", b"")
    assert farm.log().count("Accepted publickey") - before == 3
    for connection in connections:
        connection.close()


@pytest.mark.sshd
def test_a_jump_host_that_cannot_reach_the_target(farm: Farm) -> None:
    jump = f"{farm.user}@{farm.addresses[0]}:{farm.port}"
    text = refusal(farm.target(1, port=1, ssh_args=(*farm.ssh_args(), "-J", jump)))
    assert text.startswith(f"jump host {farm.addresses[0]}: cannot connect to {farm.addresses[1]} port 1 from there")


@pytest.mark.sshd
@pytest.mark.busybox
def test_proxy_command(farm: Farm) -> None:
    connection = ssh.connect(farm.target(0, ssh_args=farm.ssh_args("ProxyCommand=busybox nc %h %p")), print)
    assert connection.start("echo through").read(10) == (b"through\n", b"")
    connection.close()


def test_a_proxy_command_that_fails() -> None:
    target = Target("h", ssh_args=(*ARGS, "-o", "ProxyCommand=sh -c 'echo no way >&2; exit 1'"))
    assert refusal(target) == "the ProxyCommand failed: no way"
    silent = Target("h", ssh_args=(*ARGS, "-o", "ProxyCommand=false"))
    assert refusal(silent) == "the ProxyCommand 'false' ended before an ssh banner came"
    missing = Target("h", ssh_args=(*ARGS, "-o", "ProxyCommand=no-such-program %h"))
    assert "cannot start the ProxyCommand" in refusal(missing)


@pytest.mark.timeout(20)
def test_jump_hosts_that_lead_to_one_another(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text("Host me\n  ProxyJump me\nHost a\n  ProxyJump b\nHost b\n  ProxyJump c\nHost c\n  ProxyJump b\n")
    assert "go in a circle: me -> me" in refusal(Target("me", ssh_args=("-F", str(config))))
    assert "go in a circle: b -> c -> b" in refusal(Target("a", ssh_args=("-F", str(config))))
