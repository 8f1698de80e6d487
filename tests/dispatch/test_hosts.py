"""Odd hosts: strange login shells, noisy rc files, one session only, lost and frozen connections, full disks."""

from __future__ import annotations

import contextlib
import hashlib
import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.model.call import Become, Fragment, Line, Target, Upload
from tests.dispatch.trips import carrier
from tests.sshd_farm import Farm, sshd_farm, throwaway_user

pytestmark = pytest.mark.sshd


@pytest.mark.root
@pytest.mark.parametrize("shell", ["/bin/sh", "/bin/bash", "/usr/bin/fish", "/bin/csh"])
def test_login_shells(shell: str) -> None:
    if not Path(shell).exists():
        pytest.skip(f"needs {shell}")
    with throwaway_user(shell=shell) as (user, home), sshd_farm(user=user, first_address=70) as farm:
        (home / ".bashrc").write_text("echo noise; echo more noise >&2\nprintf 'no newline'\n")
        (home / ".cshrc").write_text("echo noise\n")
        data = b"x" * 1000
        upload = Upload("0", 1000, hashlib.sha1(data, usedforsecurity=False).hexdigest(), content=data)
        with carrier() as carry:
            answer = carry.run(farm.target(0), "echo it\\'s $((1+1))", Fragment("wc -c <$pb_up_0", uploads=(upload,)))
            assert answer.out.split() == [b"it's", b"2", b"1000"]
            become = Become("su", user, flags="-s /bin/sh")
            assert carry.run(farm.target(0, user=None), "id -un", become=become).out == f"{user}\n".encode()


@pytest.mark.root
@pytest.mark.parametrize("shell", ["/usr/sbin/nologin", "/bin/false"])
def test_no_login_shell(shell: str) -> None:
    with throwaway_user(shell=shell) as (user, _), sshd_farm(user=user, first_address=71) as farm, carrier() as carry:
        end = carry.run(farm.target(0), "echo hi").end
        assert end is not None
        assert not end.sent
        assert ("may not use a shell" if "nologin" in shell else "ended at once") in (end.lost or "")


@pytest.mark.root
def test_a_host_that_cannot_start_a_process() -> None:
    """sshd says so at once, if it is asked to, and keeps the channel open."""
    with throwaway_user() as (user, _), sshd_farm(user=user, first_address=75) as farm, carrier() as carry:
        for server in farm.processes:
            resource.prlimit(server.pid, resource.RLIMIT_NPROC, (1, 1))
        end = carry.run(farm.target(0, shell_timeout_s=15.0), "echo hi").end
        assert end is not None
        assert not end.sent
        assert end.lost == "the host could not start a shell (has it processes and memory left?)"


def test_another_shell_for_the_work(farm: Farm) -> None:
    with carrier() as carry:
        assert carry.run(farm.target(0, shell="/bin/bash --posix"), "echo $BASH").out == b"/bin/bash\n"
        end = carry.run(farm.target(0, shell="/no/such/shell"), "echo hi").end
        assert end is not None
        assert "/no/such/shell" in (end.lost or "")


@pytest.mark.dropbear
@pytest.mark.root
def test_dropbear_with_busybox_alone(dropbear: Farm, tmp_path: Path) -> None:
    from runner.model.call import Download

    data = os.urandom(500_000)
    digest = hashlib.sha1(data, usedforsecurity=False).hexdigest()
    step = Fragment('sha1sum <"$pb_up_0"', uploads=(Upload("0", len(data), digest, content=data),))
    (tmp_path / "source").write_bytes(data)
    tmp_path.chmod(0o755)
    with carrier() as carry:
        answer = carry.run(dropbear.target(0), "echo $PATH", step, Line(2, 2, Fragment("sleep 30"), timeout_s=0.3))
        assert answer.replies[0].stdout.decode().strip() == str(dropbear.folder / "bin")
        assert answer.replies[1].stdout.startswith(digest.encode())
        assert answer.replies[2].timed_out
        shutil.copy(tmp_path / "source", dropbear.folder / "source")
        fetched = carry.run(
            dropbear.target(0),
            Fragment(":", download=Download(str(dropbear.folder / "source"), str(tmp_path / "dest"), digest)),
        )
        assert fetched.replies[0].rc == 0
        assert (tmp_path / "dest").read_bytes() == data


@pytest.mark.root
def test_one_session_a_connection() -> None:
    """Uploads, deadlines and a second user under MaxSessions 1: never a failure, at most another connection."""
    data = b"abc"
    digest = hashlib.sha1(data, usedforsecurity=False).hexdigest()
    step = Fragment('cat "$pb_up_0"', uploads=(Upload("0", 3, digest, content=data),))
    with sshd_farm(options=("MaxSessions 1",), first_address=72) as farm, carrier() as carry:
        target = farm.target(0)
        assert carry.run(target, step).out == b"abc"
        assert carry.run(target, Line(0, 0, Fragment("sleep 30"), timeout_s=0.3)).replies[0].timed_out
        become = Become("su", "nobody", flags="-s /bin/sh")
        for _ in range(2):
            assert carry.run(target, "id -un", become=become).out == b"nobody\n"
            assert carry.run(target, "id -un").out == b"root\n"
        answers = carry.run_all([(target, (f"sleep 0.1; echo {n}",), become if n % 2 else None) for n in range(6)])
        assert [answer.end.lost for answer in answers if answer.end] == [None] * 6
        assert [answer.out for answer in answers] == [b"%d\n" % n for n in range(6)]


def test_many_hosts_at_once(farm: Farm) -> None:
    with carrier(forks=3) as carry:
        trips = [(farm.target(n % 3), (f"echo {n}",), None) for n in range(60)]
        assert [answer.out for answer in carry.run_all(trips)] == [b"%d\n" % n for n in range(60)]


def test_a_host_that_is_down_holds_nobody_up(farm: Farm) -> None:
    with carrier(forks=2) as carry:
        down = farm.target(0, port=1)
        dead, alive = carry.run_all([(down, ("echo hi",), None), (farm.target(1), ("echo hi",), None)])
        assert dead.end is not None
        assert (dead.end.sent, dead.end.refused) == (False, False)
        assert "connection refused" in (dead.end.lost or "")
        assert alive.out == b"hi\n"


def test_a_connection_cut_in_the_middle(farm: Farm) -> None:
    with carrier() as carry:
        cut = "sleep 0.3; kill -9 $PPID; sleep 3"
        answer = carry.run(farm.target(2), "echo one", cut, "echo never")
        assert [reply.stdout for reply in answer.replies] == [b"one\n"]
        assert answer.end is not None
        assert answer.end.sent
        assert answer.end.lost
        assert carry.run(farm.target(2), "echo again").out == b"again\n"


def freeze(farm: Farm) -> None:
    for pid in farm.sessions():
        os.kill(pid, signal.SIGSTOP)


def test_a_frozen_host_ends_in_bounded_time() -> None:
    with sshd_farm(first_address=73) as farm, carrier() as carry:
        target = farm.target(0, ssh_args=farm.ssh_args("ServerAliveInterval=1", "ServerAliveCountMax=1"))
        carry.run(target, "echo warm")
        threading.Timer(0.3, freeze, [farm]).start()
        begun = time.monotonic()
        answer = carry.run(target, "sleep 20")
        assert time.monotonic() - begun < 15
        assert answer.end is not None
        assert "went silent" in (answer.end.lost or "")


@contextlib.contextmanager
def small_disk(path: Path, size: str) -> Iterator[None]:
    path.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", path], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip("cannot mount a tmpfs here")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", path], check=True)


@pytest.mark.root
def test_a_full_disk(tmp_path: Path) -> None:
    data = bytes(2_000_000)
    digest = hashlib.sha1(data, usedforsecurity=False).hexdigest()
    step = Fragment('cat "$pb_up_0"', uploads=(Upload("0", len(data), digest, content=data),))
    disk = tmp_path / "disk"
    options = (f"SetEnv TMPDIR={disk}",)
    with small_disk(disk, "300k"), sshd_farm(options=options, first_address=74) as farm, carrier() as carry:
        answer = carry.run(farm.target(0), "echo one", step, "echo never")
        assert [(reply.index, reply.rc) for reply in answer.replies] == [(0, 0), (1, 1)]
        assert b"no space left" in answer.replies[1].values["msg"]
        assert carry.run(farm.target(0), "echo $(ls $pb_dir | grep -c u)").out == b"0\n"


def test_closing_in_the_middle_is_quick(farm: Farm) -> None:
    from runner.model.call import Trip

    with carrier() as carry:
        carry.dispatcher.send(Trip(99, farm.target(0), None, (Line(0, 0, Fragment("sleep 30")),)))
        time.sleep(0.7)
        begun = time.monotonic()
    assert time.monotonic() - begun < 15


def test_targets_that_make_no_sense() -> None:
    with carrier() as carry:
        end = carry.run(Target("h", address="$(touch PWNED)"), "echo hi").end
        assert end is not None
        assert "not a valid name" in (end.lost or "")


def test_more_hosts_than_open_files_are_usual() -> None:
    """A run in a shell with a low soft limit raises it as far as the hard one goes."""
    text = (
        "from resource import *; setrlimit(RLIMIT_NOFILE, (64, 300)); from runner.dispatch.threads import create; "
        "create(1, None, None, None); print(*getrlimit(RLIMIT_NOFILE))"
    )
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert done.stdout == "300 300\n"
