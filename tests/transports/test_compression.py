"""Compression: as the user says, else where the kernel has measured a slow link."""

from __future__ import annotations

import socket
import threading

import pytest

from runner.transports import ssh
from runner.transports._connection import SshConnection
from runner.transports._handshake import SLOW_LINK_S, compresses
from runner.transports._options import Compression
from runner.transports._socket import round_trip_s
from tests.sshd_farm import Farm

TEXT = b"".join(b"line %d of a text that repeats itself\n" % number for number in range(30_000))


@pytest.mark.parametrize(
    ("wanted", "measured_s", "compressed"),
    [
        ("auto", 0.0, False),
        ("auto", SLOW_LINK_S / 2, False),
        ("auto", SLOW_LINK_S, True),
        ("yes", 0.0, True),
        ("no", 1.0, False),
    ],
)
def test_who_decides(wanted: Compression, measured_s: float, compressed: bool) -> None:
    assert compresses(wanted, measured_s) is compressed


def there_and_back(connection: SshConnection) -> bytes:
    """What `cat` on the host makes of the text."""
    process = connection.start("cat")

    def send() -> None:
        process.write(TEXT)
        process.close_stdin()

    sender = threading.Thread(target=send)
    sender.start()
    found = b""
    while (got := process.read(20)) is not None:
        found += got[0]
    sender.join(20)
    return found


@pytest.mark.sshd
@pytest.mark.parametrize(("word", "name"), [("yes", "zlib@openssh.com"), ("no", "none"), ("auto", "none")])
def test_what_is_agreed_on_and_that_all_bytes_arrive(farm: Farm, word: str, name: str) -> None:
    words = () if word == "auto" else (f"Compression={word}",)
    connection = ssh.connect(farm.target(0, ssh_args=farm.ssh_args(*words)), print)
    try:
        agreed = {getattr(connection.wire, f"{side}_compression") for side in ("local", "remote")}
        assert agreed == {name}
        assert there_and_back(connection) == TEXT
    finally:
        connection.close()


def test_the_round_trip_of_a_connection_is_the_kernels() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as near:
        assert 0 < round_trip_s(near) < SLOW_LINK_S
    left, right = socket.socketpair()
    with left, right:
        assert round_trip_s(left) == 0.0
    assert round_trip_s(object()) == 0.0
