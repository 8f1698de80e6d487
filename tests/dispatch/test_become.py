"""Becoming another user on a real host, with sudo, su and doas; any password, each sent once."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from runner.model.call import Become, Download, Fragment, Line, Target, Upload
from runner.model.values import Secret
from tests.dispatch.trips import Answer, Carrier, carrier
from tests.sshd_farm import Farm, sshd_farm, throwaway_user

pytestmark = [pytest.mark.sshd, pytest.mark.root]

PASSWORD = "pä a;b'$x\\\" "


@dataclass(frozen=True, slots=True)
class Place:
    """A host where `login` logs in, and `other` is there to become."""

    carrier: Carrier
    farm: Farm
    target: Target
    login: str
    other: str
    home: Path

    def run(self, become: Become, *steps: str | Fragment | Line) -> Answer:
        return self.carrier.run(self.target, *steps, become=become)

    def refusal(self, become: Become) -> str:
        answer = self.run(become, "id")
        assert answer.replies == []
        assert answer.end is not None
        assert (answer.end.sent, answer.end.refused) == (False, True)
        assert "S3CRET" not in (answer.end.lost or "")
        return answer.end.lost or ""


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with (
        throwaway_user(PASSWORD) as (login, home),
        throwaway_user("other pä") as (other, _),
        sshd_farm(user=login, first_address=60) as farm,
        carrier() as running,
    ):
        yield Place(running, farm, farm.target(0), login, other, home)


@contextlib.contextmanager
def sudoers(place: Place, rule: str) -> Iterator[None]:
    """A rule for the login user, for as long as the block lasts."""
    path = Path(f"/etc/sudoers.d/{place.login}")
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o440)
    with os.fdopen(handle, "w") as file:
        file.write(f"{rule.replace('LOGIN', place.login)}\n")
    try:
        yield
    finally:
        path.unlink()


@contextlib.contextmanager
def doas_conf(text: str) -> Iterator[None]:
    path = Path("/etc/doas.conf")
    before = path.read_bytes() if path.exists() else None
    path.write_text(text)
    path.chmod(0o600)
    try:
        yield
    finally:
        if before is None:
            path.unlink()
        else:
            path.write_bytes(before)


def test_sudo_without_a_password(place: Place) -> None:
    with sudoers(place, "LOGIN ALL=(ALL) NOPASSWD: ALL"):
        assert place.run(Become(), "id -un; echo $HOME").out == b"root\n/root\n"
        assert place.run(Become(user=place.other), "id -un").out == f"{place.other}\n".encode()
        assert place.run(Become(password=Secret("not needed S3CRET")), "id -un").out == b"root\n"


def test_sudo_with_a_password(place: Place) -> None:
    with sudoers(place, "LOGIN ALL=(ALL) ALL"):
        assert place.run(Become(password=Secret(PASSWORD)), "id -un", "cat").out == b"root\n"
        assert place.run(Become(user=place.other, password=Secret(PASSWORD)), "id -un").out.startswith(b"pbt")


def test_sudo_refusals(place: Place) -> None:
    assert "sudo" in place.refusal(Become(user=place.other, password=Secret(PASSWORD), flags="-H"))
    with sudoers(place, "LOGIN ALL=(ALL) ALL"):
        assert "a password is required to become root" in place.refusal(Become(flags="-H -E"))
        begun = time.monotonic()
        assert "wrong password" in place.refusal(Become(password=Secret("S3CRET")))
        assert time.monotonic() - begun < 15
    assert "command not found" in place.refusal(Become(exe="/usr/bin/no-sudo"))


def test_no_password_reaches_a_command_line(place: Place) -> None:
    with sudoers(place, "LOGIN ALL=(ALL) ALL"):
        secret = Secret(PASSWORD)
        out = place.run(
            Become(password=secret), "for p in /proc/[0-9]*; do tr '\\0' ' ' <$p/cmdline; done 2>&1; env"
        ).out
        assert "pä a;b".encode() not in out


def test_su(place: Place) -> None:
    become = Become("su", place.other, Secret("other pä"))
    assert place.run(become, "id -un").out == f"{place.other}\n".encode()
    assert "wrong password" in place.refusal(Become("su", place.other, Secret("S3CRET")))
    assert "a password is required" in place.refusal(Become("su", place.other))
    assert "no user nosuch" in place.refusal(Become("su", "nosuch", Secret("S3CRET")))


def test_noise_that_looks_like_a_prompt_gets_no_password(place: Place) -> None:
    """The rc file of bash asks in su's words, and would run what is sent to it."""
    with throwaway_user(shell="/bin/bash") as (noisy, home), sshd_farm(user=noisy, first_address=61) as farm:
        (home / ".bashrc").write_text(
            'echo Password:; echo Password: >&2\nread -t 1 answer; echo "got $answer" >~/got\n'
        )
        shutil.chown(home / ".bashrc", noisy)
        become = Become("su", place.other, Secret("other pä"))
        assert place.carrier.run(farm.target(0), "id -un", become=become).out == f"{place.other}\n".encode()
        assert (home / "got").read_text() == "got \n"


def test_su_from_root_asks_nobody(farm: Farm, place: Place) -> None:
    answer = place.carrier.run(farm.target(0), "id -un", become=Become("su", place.other, Secret("not needed")))
    assert answer.out == f"{place.other}\n".encode()


def test_doas(place: Place) -> None:
    with doas_conf(f"permit {place.login} as root\npermit nopass {place.login} as {place.other}\n"):
        assert place.run(Become("doas", place.other), "id -un").out == f"{place.other}\n".encode()
        become = Become("doas", "root", Secret(PASSWORD))
        assert place.run(become, "id -un", "printf 'a\\001\\r\\n'").out == b"root\na\x01\r\n"
        assert "wrong password" in place.refusal(Become("doas", "root", Secret("S3CRET")))
        assert "a password is required" in place.refusal(Become("doas", "root"))
        data = bytes(range(256)) * 1000
        digest = hashlib.sha1(data, usedforsecurity=False).hexdigest()
        step = Fragment(probe='sha1sum <"$pb_up_0"', uploads=(Upload("0", len(data), digest, content=data),))
        assert place.run(become, step).out.startswith(digest.encode())


def test_files_and_deadlines_as_another_user(place: Place, tmp_path: Path) -> None:
    with sudoers(place, "LOGIN ALL=(ALL) ALL"):
        become = Become(password=Secret(PASSWORD))
        data = os.urandom(300_000)
        digest = hashlib.sha1(data, usedforsecurity=False).hexdigest()
        secret = place.home / "root-only"
        text = f'cp "$pb_up_0" {secret}; chmod 600 {secret}; stat -c %U {secret}'
        step = Fragment(probe=text, uploads=(Upload("0", len(data), digest, content=data),))
        assert place.run(become, step).out == b"root\n"
        fetched = place.run(become, Fragment(probe=":", download=Download(str(secret), str(tmp_path / "d"), digest)))
        assert [reply.rc for reply in fetched.replies] == [0], fetched
        assert (tmp_path / "d").read_bytes() == data
        slow = Line(0, 0, Fragment(probe="sleep 60"), timeout_s=0.3)
        assert place.run(become, slow).replies[0].timed_out
        assert place.run(become, "id -un").out == b"root\n"
