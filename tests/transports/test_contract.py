"""What every transport must do, for each one the registry finds."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator

import pytest

from runner import registry
from runner.errors import ConnectionLost
from runner.model.call import Target
from runner.model.ports import Connection, Process
from tests.sshd_farm import Farm


@pytest.fixture(params=[pytest.param(name, marks=[pytest.mark.sshd] if name == "ssh" else [])
                        for name in registry.names("transports")])  # fmt: skip
def connection(request: pytest.FixtureRequest) -> Iterator[Connection]:
    target = Target("here", transport=request.param)
    if request.param == "ssh":
        farm: Farm = request.getfixturevalue("farm")
        target = farm.target(0)
    opened: Connection = registry.load("transports", request.param).connect(target, lambda _: None)
    yield opened
    opened.close()


def drain(process: Process, timeout_s: float = 20.0) -> tuple[bytes, bytes]:
    """Both streams to their end."""
    out, err = [], []
    while (got := process.read(timeout_s)) is not None:
        out.append(got[0])
        err.append(got[1])
    return b"".join(out), b"".join(err)


def test_streams_and_exit_code(connection: Connection) -> None:
    process = connection.start("echo out; echo err >&2; exit 7")
    assert drain(process) == (b"out\n", b"err\n")
    assert process.wait(5) == 7
    process.close()


def test_a_command_without_output(connection: Connection) -> None:
    process = connection.start("true")
    assert drain(process) == (b"", b"")
    assert process.wait(5) == 0


def test_stdin_is_binary_and_ends(connection: Connection) -> None:
    data = bytes(range(256)) * 4096
    process = connection.start("exec cat")

    def feed() -> None:
        process.write(data)
        process.close_stdin()

    writer = threading.Thread(target=feed)
    writer.start()
    out, err = drain(process)
    writer.join()
    assert (out == data, err, process.wait(5)) == (True, b"", 0)


def test_ten_megabytes_on_both_streams_at_once(connection: Connection) -> None:
    process = connection.start("head -c 10000000 /dev/zero >&2 & head -c 10000000 /dev/zero; wait")
    out, err = drain(process)
    assert (len(out), len(err), process.wait(5)) == (10_000_000, 10_000_000, 0)


def test_read_times_out_and_goes_on(connection: Connection) -> None:
    process = connection.start("read line; echo got $line")
    with pytest.raises(TimeoutError):
        process.read(0.1)
    assert process.wait(0.05) is None
    process.write(b"it\n")
    assert drain(process)[0] == b"got it\n"


def test_a_command_that_never_reads(connection: Connection) -> None:
    process = connection.start("exec sleep 100")
    process.write(b"x" * 10_000, 5.0)
    begun = time.monotonic()
    with pytest.raises(TimeoutError):
        process.write(b"x" * 8_000_000, 0.2)
    assert time.monotonic() - begun < 10
    process.close()


def test_two_processes_side_by_side(connection: Connection) -> None:
    first, second = connection.start("exec cat"), connection.start("exec cat")
    second.write(b"2")
    first.write(b"1")
    assert (first.read(5), second.read(5)) == ((b"1", b""), (b"2", b""))
    first.close()
    second.close_stdin()
    assert drain(second) == (b"", b"")


def test_a_terminal_is_raw_and_silent(connection: Connection, request: pytest.FixtureRequest) -> None:
    """What su and doas need: no echo, no translation of line ends, no signal characters."""
    if request.node.callspec.params["connection"] == "ssh" and os.geteuid() != 0:
        pytest.skip("an sshd that is not root's gives nobody a terminal")
    process = connection.start("echo ready; tty >/dev/null && exec head -c 6", tty=True)
    got = b""
    while b"ready\n" not in got:
        found = process.read(5)
        assert found is not None
        got += found[0]
    process.write(b"a\x03\x04\r\n\xff")
    while not got.endswith(b"\xff"):
        found = process.read(5)
        assert found is not None
        got += found[0]
    assert got == b"ready\na\x03\x04\r\n\xff"


def test_writing_to_a_command_that_has_ended(connection: Connection) -> None:
    process = connection.start("exit 0")
    drain(process)
    process.wait(5)
    time.sleep(0.05)
    with pytest.raises(ConnectionLost):
        process.write(bytes(1 << 22))


def test_close_is_quick_and_final(connection: Connection) -> None:
    connection.start("sleep 60")
    begun = time.monotonic()
    connection.close()
    connection.close()
    assert time.monotonic() - begun < 15
    assert not connection.alive()
    with pytest.raises(ConnectionLost):
        connection.start("echo hi")
