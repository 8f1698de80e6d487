"""Large files that were cut off: the next try carries the rest, whoever wrote the first part is not disturbed."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.dispatch import _resume
from runner.dispatch._files import TransferFailed, download, upload
from runner.dispatch._shell import Started
from runner.errors import ConnectionLost
from runner.model.call import Download, Upload

SIZE = _resume.RESUME_FROM + 1000
DATA = bytes(range(256)) * (SIZE // 256) + bytes(SIZE % 256)
SHELLS = ("dash", "bash", "busybox")


class Counted:
    """A line of sh of this machine, and how many bytes it was sent."""

    def __init__(self, shell: str, script: str, home: Path, cut_at: int | None = None) -> None:
        self.left, self.received = cut_at, 0
        words = {"busybox": ["busybox", "sh"], "bash": ["bash", "--posix"]}.get(shell, [shell])
        self.process = subprocess.Popen(
            [*words, "-c", script],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "HOME": str(home)},
            bufsize=0,
        )
        self.sent = 0

    def write(self, data: bytes, timeout_s: float | None = None) -> None:  # noqa: ARG002 - the port's signature
        assert self.process.stdin
        view = memoryview(data)
        while view:
            written = self.process.stdin.write(view) or 0
            self.sent, view = self.sent + written, view[written:]

    def close_stdin(self) -> None:
        if self.process.stdin:
            self.process.stdin.close()

    def read(self, timeout_s: float | None) -> tuple[bytes, bytes] | None:  # noqa: ARG002 - the port's signature
        assert self.process.stdout
        if self.left is not None and self.received > self.left:
            raise ConnectionLost("cut")
        data = self.process.stdout.read(65536)
        self.received += len(data)
        return (data, b"") if data else None

    def wait(self, timeout_s: float) -> int | None:
        return self.process.wait(timeout_s)

    def close(self) -> None:
        """As when the connection is gone: its input ends, and it may end what it does."""
        self.close_stdin()
        if self.left is not None:
            self.process.kill()
        self.process.wait(10)
        for stream in (self.process.stdout, self.process.stderr):
            if stream:
                stream.close()


class Host:
    """Where scripts run; `sent` counts what the last one was sent."""

    def __init__(self, shell: str, home: Path) -> None:
        self.shell, self.home = shell, home
        self.last: Counted | None = None
        self.cut_at: int | None = None

    def begin(self, script: str) -> Started:
        self.last = Counted(self.shell, script, self.home, self.cut_at)
        return Started(self.last, lambda _: None)

    @property
    def partial(self) -> list[Path]:
        return sorted((self.home / ".pbrun/partial").glob("*"))


@pytest.fixture(params=SHELLS)
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Host]:
    (tmp_path / "home").mkdir()
    yield Host(str(request.param), tmp_path / "home")


def item(source: Path) -> Upload:
    return Upload("0", SIZE, hashlib.sha1(DATA, usedforsecurity=False).hexdigest(), source=str(source))


def cut(host: Host, tmp_path: Path, data: bytes) -> None:
    """A try of which only `data` arrives."""
    short = tmp_path / "short"
    short.write_bytes(data)
    with pytest.raises(TransferFailed, match="became shorter"):
        upload(host.begin, item(short), str(tmp_path / "never"))
    assert not (tmp_path / "never").exists()


def send(host: Host, tmp_path: Path) -> int:
    """A whole try: how much it sent. What arrives is the file."""
    source, there = tmp_path / "source", tmp_path / "there"
    source.write_bytes(DATA)
    upload(host.begin, item(source), str(there))
    assert there.read_bytes() == DATA
    assert there.stat().st_mode & 0o777 == 0o600
    assert host.last
    return host.last.sent


def test_a_whole_file_leaves_nothing_behind(host: Host, tmp_path: Path) -> None:
    assert send(host, tmp_path) >= SIZE
    assert host.partial == []


def test_what_has_arrived_is_not_sent_again(host: Host, tmp_path: Path) -> None:
    cut(host, tmp_path, DATA[: SIZE // 2])
    assert [path.stat().st_size for path in host.partial] == [SIZE // 2]
    assert all(path.stat().st_mode & 0o77 == 0 for path in (*host.partial, host.home / ".pbrun/partial"))
    assert send(host, tmp_path) < SIZE // 2 + 1000
    assert host.partial == []


def test_other_bytes_are_sent_anew(host: Host, tmp_path: Path) -> None:
    cut(host, tmp_path, b"x" * (SIZE // 2))
    assert send(host, tmp_path) >= SIZE


def test_a_try_that_is_under_way_is_left_alone(host: Host, tmp_path: Path) -> None:
    cut(host, tmp_path, DATA[: SIZE // 2])
    other = host.partial[0].with_suffix(f".{os.getpid()}")
    host.partial[0].rename(other)
    assert send(host, tmp_path) >= SIZE
    assert host.partial == [other]


def test_a_folder_that_is_a_link_is_not_trusted(host: Host, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (host.home / ".pbrun").mkdir()
    (host.home / ".pbrun/partial").symlink_to(elsewhere)
    assert send(host, tmp_path) >= SIZE
    assert list(elsewhere.iterdir()) == []


def test_what_nobody_came_back_for_goes_after_a_week(host: Host, tmp_path: Path) -> None:
    cut(host, tmp_path, b"x" * 100)
    old = host.partial[0].with_name("other-1.1")
    old.write_bytes(b"x")
    os.utime(old, (1, 1))
    send(host, tmp_path)
    assert host.partial == []


@pytest.mark.parametrize(
    ("said", "start"), [("", 0), ("0 x", 0), ("5", 0), ("x y", 0), ("-1 x", 0), (f"{SIZE + 1} x", 0), ("3 wrong", 0)]
)
def test_what_the_host_says_is_not_believed_blindly(tmp_path: Path, said: str, start: int) -> None:
    (tmp_path / "f").write_bytes(DATA)
    assert _resume.offset(item(tmp_path / "f"), said) == start


def fetched(host: Host, tmp_path: Path, data: bytes = DATA) -> int:
    """A whole download: how much came. What is here then is the host's file."""
    (tmp_path / "source").write_bytes(data)
    digest = hashlib.sha1(data, usedforsecurity=False).hexdigest()
    download(host.begin, Download(str(tmp_path / "source"), str(tmp_path / "here/dest"), digest, len(data)))
    assert (tmp_path / "here/dest").read_bytes() == data
    assert host.last
    return host.last.received


def cut_download(host: Host, tmp_path: Path) -> Path:
    host.cut_at = SIZE // 2
    with pytest.raises(ConnectionLost):
        fetched(host, tmp_path)
    host.cut_at = None
    (part,) = (tmp_path / "here").iterdir()
    assert part.stat().st_mode & 0o777 == 0o600
    assert SIZE // 2 < part.stat().st_size < SIZE
    return part


def test_a_download_goes_on(host: Host, tmp_path: Path) -> None:
    cut_download(host, tmp_path)
    assert fetched(host, tmp_path) < SIZE * 2 // 3
    assert [path.name for path in (tmp_path / "here").iterdir()] == ["dest"]


def test_a_download_with_other_bytes_begins_anew(host: Host, tmp_path: Path) -> None:
    part = cut_download(host, tmp_path)
    part.write_bytes(b"x" * (SIZE // 2))
    fetched(host, tmp_path)
    part.write_bytes(b"x" * (SIZE + 1))
    fetched(host, tmp_path)
    assert [path.name for path in (tmp_path / "here").iterdir()] == ["dest"]


def test_a_part_that_another_run_writes_is_left_alone(host: Host, tmp_path: Path) -> None:
    part = cut_download(host, tmp_path)
    with _resume.open_part(part, again=True):
        assert fetched(host, tmp_path) > SIZE
    assert sorted(path.name for path in (tmp_path / "here").iterdir()) == sorted(["dest", part.name])


def test_a_part_that_is_a_link_is_not_written_through(host: Host, tmp_path: Path) -> None:
    part = cut_download(host, tmp_path)
    part.unlink()
    (tmp_path / "victim").write_text("mine")
    part.symlink_to(tmp_path / "victim")
    fetched(host, tmp_path)
    assert (tmp_path / "victim").read_text() == "mine"
