"""Host keys against real servers: what is not trusted gets no credential."""

from __future__ import annotations

import base64
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from runner.errors import Unreachable
from runner.model.call import Target
from runner.model.values import Secret
from runner.transports import _host_certificates as certificates
from runner.transports import ssh
from tests.sshd_farm import Farm, make_key, sshd_farm

pytestmark = pytest.mark.sshd


@pytest.fixture
def with_known(farm: Farm, tmp_path: Path) -> Callable[..., Target]:
    """A target whose known_hosts has this text (`HOST` and `KEY` are replaced)."""

    def make(text: str, *options: str) -> Target:
        _, kind, key = farm.known_hosts.read_text().splitlines()[0].split()
        path = tmp_path / "known_hosts"
        text = text.replace("HOST", f"[{farm.addresses[0]}]:{farm.port}").replace("KEY", f"{kind} {key}")
        path.write_text(text)
        return farm.target(0, ssh_args=farm.ssh_args(f"UserKnownHostsFile={path}", *options))

    return make


def connects(target: Target) -> list[str]:
    notices: list[str] = []
    ssh.connect(target, notices.append).close()
    return notices


def refusal(target: Target) -> str:
    with pytest.raises(Unreachable) as caught:
        ssh.connect(target, print)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "HOST KEY\n",
        "[127.*]:* KEY\n",
        "@cert-authority *.example.org KEY\nHOST KEY\n",
        "garbage\n\n# HOST\nHOST KEY comment\n",
        "HOST ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC7\nHOST KEY\n",
    ],
)
def test_known(with_known: Callable[..., Target], text: str) -> None:
    assert connects(with_known(text)) == []


def test_hashed(with_known: Callable[..., Target], tmp_path: Path) -> None:
    target = with_known("HOST KEY\n")
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", tmp_path / "known_hosts"], check=True, capture_output=True)
    connects(target)


def test_unknown(with_known: Callable[..., Target]) -> None:
    text = refusal(with_known("other KEY\n"))
    assert "is not known (ssh-ed25519 SHA256:" in text
    assert "ssh-keyscan -p" in text


def test_key_of_the_same_host_on_another_port_does_not_count(farm: Farm, with_known: Callable[..., Target]) -> None:
    assert "is not known" in refusal(with_known(f"{farm.addresses[0]} KEY\n"))


def test_accept_new_adds_it_once(with_known: Callable[..., Target], tmp_path: Path) -> None:
    target = with_known("", "StrictHostKeyChecking=accept-new")
    assert len(connects(target)) == 1
    assert connects(target) == []
    assert len((tmp_path / "known_hosts").read_text().splitlines()) == 1
    connects(with_known((tmp_path / "known_hosts").read_text()))


@pytest.mark.parametrize("options", [(), ("StrictHostKeyChecking=no",), ("StrictHostKeyChecking=accept-new",)])
def test_changed_is_refused_always_and_before_any_credential(
    farm: Farm, with_known: Callable[..., Target], tmp_path: Path, options: tuple[str, ...]
) -> None:
    other = make_key(tmp_path / "other").with_suffix(".pub").read_text().split()[1]
    before = farm.log()
    target = with_known(f"HOST ssh-ed25519 {other}\n", *options)
    text = refusal(target)
    assert "has changed" in text
    assert text.count("SHA256:") == 2
    new = farm.log()[len(before) :]
    assert "Accepted" not in new
    assert "Failed" not in new


def test_a_key_of_another_type_is_no_way_around(with_known: Callable[..., Target], tmp_path: Path) -> None:
    other = make_key(tmp_path / "other", "rsa").with_suffix(".pub").read_text().split()[1]
    assert "has changed" in refusal(with_known(f"HOST ssh-rsa {other}\n", "StrictHostKeyChecking=accept-new"))


def test_revoked(with_known: Callable[..., Target]) -> None:
    assert "revoked" in refusal(with_known("HOST KEY\n@revoked * KEY\n", "StrictHostKeyChecking=no"))


def test_not_checked(farm: Farm, with_known: Callable[..., Target]) -> None:
    connects(with_known("", "StrictHostKeyChecking=no"))
    target = with_known("")
    connects(farm.target(0, ssh_args=target.ssh_args, host_key_checking=False))


def test_only_a_known_type_is_negotiated() -> None:
    with sshd_farm(key_types=("ed25519", "rsa"), first_address=20) as farm:
        lines = farm.known_hosts.read_text().splitlines()
        farm.known_hosts.write_text(next(line for line in lines if "ssh-rsa" in line) + "\n")
        connects(farm.target(0))


def test_host_key_alias(with_known: Callable[..., Target]) -> None:
    connects(with_known("name KEY\n", "HostKeyAlias=name"))


def test_a_password_never_reaches_a_host_whose_key_changed(
    farm: Farm, with_known: Callable[..., Target], tmp_path: Path
) -> None:
    other = make_key(tmp_path / "other").with_suffix(".pub").read_text().split()[1]
    target = with_known(f"HOST ssh-ed25519 {other}\n")
    before = len(farm.log())
    refusal(farm.target(0, ssh_args=target.ssh_args, password=Secret("S3CRET"), private_key_file=None))
    assert "password" not in farm.log()[before:]


def sign(authority: Path, public: Path, names: str, *words: str, host: bool = True) -> Path:
    """A certificate for a public key, as ssh-keygen makes it."""
    command = ["ssh-keygen", "-q", "-s", str(authority), "-I", "it", "-n", names, *(["-h"] if host else []), *words]
    subprocess.run([*command, str(public)], check=True, capture_output=True)
    return public.with_name(f"{public.stem}-cert.pub")


def blob(path: Path) -> bytes:
    return base64.b64decode(path.read_text().split()[1])


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa"])
def test_certificates_that_count_and_that_do_not(tmp_path: Path, kind: str) -> None:
    authority, another = (make_key(tmp_path / name, kind) for name in ("authority", "another"))
    public = make_key(tmp_path / "host", kind).with_suffix(".pub")
    trusted = [blob(authority.with_suffix(".pub"))]

    def why(certificate: bytes, name: str = "[web1]:2222", revoked: Sequence[bytes] = ()) -> str:
        return certificates.refusal(certificate, trusted, revoked, name, time.time())

    good = blob(sign(authority, public, "web1,web1.example.org"))
    assert [why(good), why(good, "web1.example.org")] == ["", ""]
    assert why(good, "web2") == "it is for web1, web1.example.org"
    assert why(good, revoked=trusted) == "its authority is revoked"
    assert why(good[:-1] + bytes([good[-1] ^ 1])) == "its signature is wrong"
    assert why(good.replace(b"web1", b"web2", 1), "web2") == "its signature is wrong"
    assert why(blob(sign(another, public, "web1"))) == "no authority in known_hosts signed it"
    assert why(blob(sign(authority, public, "web1", "-V", "20200101:20210101"))) == "it is not valid now"
    assert why(blob(sign(authority, public, "web1", host=False))) == "it is not one of a host"


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_an_authority_of_known_hosts_vouches(tmp_path: Path, kind: str) -> None:
    """sshd shows a certificate; the host's key itself is not known."""
    authority = make_key(tmp_path / "authority", kind)
    shown = tmp_path / "host-cert.pub"
    with sshd_farm(options=(f"HostCertificate {shown}",), key_types=(kind,), first_address=71) as farm:
        (tmp_path / "host.pub").write_text(Path(f"{farm.host_keys[0]}.pub").read_text())
        sign(authority, tmp_path / "host.pub", farm.addresses[0])
        farm.processes[0].send_signal(signal.SIGHUP)
        until = time.monotonic() + 20
        while farm.log().count("Server listening") < 2 and time.monotonic() < until:
            time.sleep(0.05)
        name, key = f"[{farm.addresses[0]}]:{farm.port}", authority.with_suffix(".pub").read_text()
        for line, text in (
            (f"@cert-authority {name} {key}", ""),
            (f"@cert-authority [127.*]:* {key}", ""),
            (f"@cert-authority {name} {key}@revoked * {key}", "its authority is revoked"),
            (f"@cert-authority other {key}", "is not known"),
            (f"{name} {key}", "has changed"),
        ):
            farm.known_hosts.write_text(line)
            assert (refusal(farm.target(0)) if text else "".join(connects(farm.target(0)))).count(text), line
