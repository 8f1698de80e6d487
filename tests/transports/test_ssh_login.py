"""Credentials: keys, passphrases, agent, passwords; each tried once, and what was tried is said."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.errors import Unreachable
from runner.model.call import Target
from runner.model.values import Secret
from runner.transports import ssh
from tests.sshd_farm import Farm, make_key, sshd_farm, throwaway_user

pytestmark = pytest.mark.sshd

PASSWORD = "pä a;b'$x "


def refusal(target: Target) -> str:
    with pytest.raises(Unreachable) as caught:
        ssh.connect(target, print)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def add_key(farm: Farm, key: Path) -> None:
    with (farm.folder / "authorized_keys").open("a") as file:
        file.write(Path(f"{key}.pub").read_text())


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Path]:
    """A private ssh-agent's socket."""
    path = tmp_path / "agent"
    process = subprocess.Popen(["ssh-agent", "-D", "-a", path], stdout=subprocess.DEVNULL)
    while not path.exists():
        assert process.poll() is None
    yield path
    process.terminate()
    process.wait()


def test_wrong_key(farm: Farm, tmp_path: Path) -> None:
    key = make_key(tmp_path / "wrong")
    text = refusal(farm.target(0, private_key_file=str(key)))
    assert f"authentication failed as {farm.user} (tried: key {key})" in text


def test_the_same_key_is_offered_once(farm: Farm, tmp_path: Path) -> None:
    key = make_key(tmp_path / "wrong")
    before = farm.log().count("Failed publickey")
    refusal(farm.target(0, private_key_file=str(key), ssh_args=(*farm.ssh_args(), "-i", str(key), "-i", f"{key}")))
    assert farm.log().count("Failed publickey") - before <= 1


@pytest.mark.parametrize("kind", ["rsa", "ecdsa", "ed25519"])
def test_kinds_of_keys_with_a_passphrase(farm: Farm, tmp_path: Path, kind: str) -> None:
    key = make_key(tmp_path / "id", kind, passphrase="geheim")
    add_key(farm, key)
    ssh.connect(farm.target(0, private_key_file=str(key), key_passphrase=Secret("geheim")), print).close()
    assert "needs a passphrase" in refusal(farm.target(0, private_key_file=str(key)))
    wrong = refusal(farm.target(0, private_key_file=str(key), key_passphrase=Secret("S3CRET")))
    assert "another passphrase" in wrong
    assert "S3CRET" not in wrong


def test_keys_that_cannot_be_used(farm: Farm, tmp_path: Path) -> None:
    assert "cannot be read: no such file" in refusal(farm.target(0, private_key_file=str(tmp_path / "none")))
    junk = tmp_path / "junk"
    junk.write_text("not a key\n")
    junk.chmod(0o600)
    assert "not a private key" in refusal(farm.target(0, private_key_file=str(junk)))
    key = make_key(tmp_path / "open")
    key.chmod(0o644)
    assert "read by others (mode 0644)" in refusal(farm.target(0, private_key_file=str(key)))


def test_agent(farm: Farm, tmp_path: Path, agent: Path) -> None:
    key = make_key(tmp_path / "id")
    add_key(farm, key)
    environment = {**os.environ, "SSH_AUTH_SOCK": str(agent)}
    subprocess.run(["ssh-add", "-q", str(key)], env=environment, check=True, capture_output=True)
    args = farm.ssh_args(f"IdentityAgent={agent}")
    ssh.connect(farm.target(0, private_key_file=None, ssh_args=args), print).close()
    only = (*args, "-o", "IdentitiesOnly=yes", "-i", str(make_key(tmp_path / "other")))
    assert f"(tried: key {tmp_path}/other)" in refusal(farm.target(0, private_key_file=None, ssh_args=only))


@pytest.mark.root
def test_passwords(tmp_path: Path) -> None:
    with throwaway_user(PASSWORD) as (user, _), sshd_farm(user=user, first_address=30) as farm:
        good = farm.target(0, private_key_file=None, password=Secret(PASSWORD))
        ssh.connect(good, print).close()
        wrong = refusal(farm.target(0, private_key_file=None, password=Secret("S3CRET")))
        assert "(tried: password)" in wrong
        assert "S3CRET" not in wrong
        assert farm.log().count("Failed password") == 1
        key = make_key(tmp_path / "wrong")
        both = refusal(farm.target(0, private_key_file=str(key), password=Secret("S3CRET")))
        assert f"(tried: key {key}, password)" in both


@pytest.mark.root
@pytest.mark.skipif(not Path("/etc/pam.d/sshd").exists(), reason="sshd has no PAM service here")
def test_keyboard_interactive() -> None:
    options = ("UsePAM yes", "PasswordAuthentication no", "KbdInteractiveAuthentication yes")
    with throwaway_user(PASSWORD) as (user, _), sshd_farm(user=user, options=options, first_address=31) as farm:
        ssh.connect(farm.target(0, private_key_file=None, password=Secret(PASSWORD)), print).close()


@pytest.mark.root
def test_key_and_password_together() -> None:
    options = ("AuthenticationMethods publickey,password",)
    with throwaway_user(PASSWORD) as (user, _), sshd_farm(user=user, options=options, first_address=32) as farm:
        ssh.connect(farm.target(0, password=Secret(PASSWORD)), print).close()
        assert "server accepts password" in refusal(farm.target(0))


def test_no_credentials_at_all(farm: Farm, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    text = refusal(farm.target(0, private_key_file=None))
    assert "no key, agent or password at hand" in text
    assert "publickey" in text
