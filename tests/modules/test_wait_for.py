"""wait_for: real ports, files and patterns, under every shell; every loop ends."""

from __future__ import annotations

import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from runner.model.call import Outcome, Status
from runner.model.values import Unknown
from tests.modules.harness import listing, run_module


def wait(args: dict[str, Any], shell: str, home: Path, **more: Any) -> Outcome:
    return run_module("wait_for", {"timeout": 2, **args}, shell=shell, home=home, **more)


@contextmanager
def listener(says: tuple[bytes, ...] = (), address: str = "127.0.0.1") -> Iterator[int]:
    """A port that accepts, says something piece by piece, and keeps the connection open."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, 0), family=family) as server:
        kept: list[socket.socket] = []

        def serve() -> None:
            while True:
                try:
                    peer, _ = server.accept()
                except OSError:
                    return
                kept.append(peer)
                try:
                    for piece in says:
                        peer.sendall(piece)
                        time.sleep(0.05)
                except OSError:
                    pass

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]
        for peer in kept:
            peer.close()
        server.shutdown(socket.SHUT_RDWR)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_open_port(host: str, shell: str, home: Path) -> None:
    with listener(address="::1" if host == "::1" else "127.0.0.1") as port:
        done = wait({"host": host, "port": port}, shell, home)
        assert done.status is Status.OK
        assert done.values == {
            "state": "started",
            "port": port,
            "path": None,
            "search_regex": None,
            "match_groups": [],
            "match_groupdict": {},
            "elapsed": done.values["elapsed"],
        }
        gone = wait({"host": host, "port": port, "state": "stopped", "timeout": 1}, shell, home)
        assert gone.msg == f"Timeout when waiting for {host}:{port} to stop."


def test_port_of_another_address(shell: str, home: Path) -> None:
    """127.0.0.2 is no loopback name that is known, so it is connected to."""
    with listener(address="127.0.0.2") as port:
        assert wait({"host": "127.0.0.2", "port": port}, shell, home).status is Status.OK
    closed = wait({"host": "127.0.0.2", "port": free_port(), "timeout": 0}, shell, home)
    assert closed.status is Status.FAILED


def test_closed_port(shell: str, home: Path) -> None:
    port = free_port()
    done = wait({"port": port, "timeout": 1}, shell, home)
    assert done.status is Status.FAILED
    assert done.msg == f"Timeout when waiting for 127.0.0.1:{port}"
    assert done.values["elapsed"] >= 1
    assert wait({"port": port, "timeout": 0, "msg": "my words"}, shell, home).msg == "my words"
    assert wait({"port": port, "state": "stopped"}, shell, home).status is Status.OK


def test_port_opens_while_waiting(shell: str, home: Path) -> None:
    port = free_port()

    def later() -> None:
        time.sleep(0.7)
        with socket.create_server(("127.0.0.1", port)):
            time.sleep(3)

    threading.Thread(target=later, daemon=True).start()
    done = wait({"port": port, "timeout": 10}, shell, home)
    assert done.status is Status.OK
    assert 1 <= done.values["elapsed"] < 8


@pytest.mark.parametrize("pattern", ["Open(SSH)", r"(?P<name>SS\w)", "(?i)openssh_(9)"])
def test_what_a_port_says(pattern: str, shell: str, home: Path) -> None:
    with listener((b"SSH-2.0-Ope", b"nSSH_9.2\r\n")) as port:
        begun = time.monotonic()
        done = wait({"port": port, "search_regex": pattern, "timeout": 5, "connect_timeout": 1}, shell, home)
        assert done.status is Status.OK, done
        assert time.monotonic() - begun < 4
        assert len(done.values["match_groups"]) == 1
    with listener((b"nothing\n",)) as port:
        done = wait({"port": port, "search_regex": pattern, "timeout": 1, "connect_timeout": 1}, shell, home)
        assert done.msg == f"Timeout when waiting for search string {pattern} in 127.0.0.1:{port}"


def test_file(shell: str, home: Path) -> None:
    assert wait({"path": "~/f", "timeout": 0}, shell, home).msg == "Timeout when waiting for file ~/f"
    assert wait({"path": "~/f", "state": "absent"}, shell, home).status is Status.OK
    (home / "f").write_text("x")
    assert wait({"path": "~/f"}, shell, home).status is Status.OK
    gone = wait({"path": "~/f", "state": "absent", "timeout": 1}, shell, home)
    assert gone.msg == "Timeout when waiting for ~/f to be absent."


@pytest.mark.parametrize(
    ("pattern", "groups"), [("ready$", []), (r"port (\d+)", ["8080"]), (r"(?<=port )(\d+)\b", ["8080"]), ("^b.*?y", [])]
)
def test_pattern_in_a_file(pattern: str, groups: list[str], shell: str, home: Path) -> None:
    (home / "log").write_text("a port 8080\nb ready\n")
    done = wait({"path": "~/log", "search_regex": pattern}, shell, home)
    assert done.status is Status.OK, done
    assert done.values["match_groups"] == groups


@pytest.mark.parametrize("pattern", ["ready", r"\bready\b"])
def test_pattern_comes_later(pattern: str, shell: str, home: Path) -> None:
    (home / "log").write_text("starting\n")

    def later() -> None:
        time.sleep(0.6)
        with (home / "log").open("a") as log:
            log.write("ready\n")

    threading.Thread(target=later, daemon=True).start()
    done = wait({"path": "~/log", "search_regex": pattern, "timeout": 10}, shell, home)
    assert done.status is Status.OK
    assert 1 <= done.values["elapsed"] < 8
    never = wait({"path": "~/log", "search_regex": f"{pattern}XX", "timeout": 1}, shell, home)
    assert never.msg == f"Timeout when waiting for search string {pattern}XX in ~/log"


def test_drained(shell: str, home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert wait({"port": port, "state": "drained"}, shell, home).status is Status.OK
        with socket.create_connection(("127.0.0.1", port)):
            done = wait({"port": port, "state": "drained", "timeout": 0}, shell, home)
            assert done.msg == f"Timeout when waiting for 127.0.0.1:{port} to drain"
            args = {"port": port, "state": "drained", "timeout": 0}
            assert wait({**args, "exclude_hosts": ["127.0.0.1"]}, shell, home).status is Status.OK
            assert wait({**args, "active_connection_states": ["SYN_SENT"]}, shell, home).status is Status.OK
            assert wait({**args, "host": "0.0.0.0"}, shell, home).status is Status.FAILED


def test_only_seconds(home: Path) -> None:
    begun = time.monotonic()
    done = wait({"timeout": 1, "delay": 1}, "dash", home)
    assert 1.9 < time.monotonic() - begun < 5
    assert done.values["elapsed"] == 2


def test_dry_run_does_not_wait(home: Path) -> None:
    before = listing(home)
    begun = time.monotonic()
    done = wait({"port": free_port(), "timeout": 60}, "dash", home, check=True)
    assert done.status is Status.SKIPPED
    assert isinstance(done.values["match_groups"], Unknown)
    assert time.monotonic() - begun < 1
    assert listing(home) == before


@pytest.mark.parametrize(
    ("args", "msg"),
    [
        ({"port": 1, "path": "/x"}, "port and path parameter can not both be passed to wait_for"),
        ({"path": "/x", "state": "stopped"}, "state=stopped should only be used for checking a port"),
        ({"path": "/x", "state": "drained"}, "state=drained should only be used for checking a port"),
        ({"port": 1, "exclude_hosts": ["a"]}, "exclude_hosts should only be with state=drained"),
        ({"port": 1, "active_connection_states": ["X"]}, "unknown active_connection_state (X) defined"),
        ({"port": 1, "search_regex": r"\u0041"}, "Invalid regular expression"),
        ({"port": 1, "host": "-oProxyCommand=x"}, "'-oProxyCommand=x' is not a host name"),
        ({"port": 1, "host": "a b"}, "'a b' is not a host name"),
        ({"port": 70000}, "port must be a number from 1 to 65535"),
    ],
)
def test_refuses(args: dict[str, Any], msg: str, home: Path) -> None:
    done = wait(args, "dash", home)
    assert done.status is Status.FAILED
    assert done.msg.startswith(msg)


@pytest.mark.busybox
def test_busybox_alone(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With nothing but busybox there is no bash, and its nc knows -z or not."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for tool in ("sh", "sleep", "date", "grep", "timeout", "cat", "head", "mkdir", "rm", "stat", "sha1sum", "busybox"):
        (tools / tool).symlink_to(shutil.which("busybox") or "")
    monkeypatch.setenv("PATH", str(tools))
    with listener() as port:
        assert wait({"port": port}, "busybox", home).status is Status.OK
        assert wait({"port": port, "state": "stopped", "timeout": 0}, "busybox", home).status is Status.FAILED
        far = wait({"host": "127.0.0.2", "port": port}, "busybox", home)
        assert far.status is Status.FAILED
        assert "install one of them" in far.msg
    assert wait({"port": free_port(), "timeout": 0}, "busybox", home).status is Status.FAILED
    assert os.environ["PATH"] == str(tools)
