"""known_hosts files against ssh-keygen's own reading of them."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.transports import _known_hosts as known

KEY = base64.b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0 " + bytes(32)).decode()
OTHER = base64.b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0 " + bytes(31) + b"x").decode()


def count(text: str, name: str) -> int:
    return len(known.verdict(known.parse(text), name).keys)


@pytest.mark.parametrize(
    ("names", "name", "found"),
    [
        ("web1", "web1", True),
        ("WEB1", "web1", True),
        ("web1,10.0.0.1", "10.0.0.1", True),
        ("web1", "web10", False),
        ("web*", "web10", True),
        ("web?", "web10", False),
        ("*.example.org,!bad.example.org", "good.example.org", True),
        ("*.example.org,!bad.example.org", "bad.example.org", False),
        ("[web1]:2222", "[web1]:2222", True),
        ("[web*]:2222", "[web7]:2222", True),
        ("web1", "[web1]:2222", False),
        ("[web1]:2222", "web1", False),
        ("[ab]", "a", False),
    ],
)
def test_names(names: str, name: str, found: bool) -> None:
    assert count(f"{names} ssh-ed25519 {KEY}\n", name) == found


@pytest.mark.sshd
def test_hashed_names_made_by_ssh_keygen(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    path.write_text(f"web1 ssh-ed25519 {KEY}\n[web2]:2222 ssh-ed25519 {KEY}\n")
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", path], check=True, capture_output=True)
    text = path.read_text()
    assert "web" not in text
    assert [count(text, name) for name in ("web1", "[web2]:2222", "web2", "web3")] == [1, 1, 0, 0]


def test_markers() -> None:
    text = (
        f"@revoked * ssh-ed25519 {OTHER}\n@cert-authority *.example.org ssh-ed25519 {KEY} ca\n"
        f"web1 ssh-ed25519 {KEY} comment with words\n"
    )
    verdict = known.verdict(known.parse(text), "web1")
    assert [entry.place for entry in verdict.keys] == ["known_hosts:3"]
    assert verdict.revoked == {base64.b64decode(OTHER)}
    assert count(text, "a.example.org") == 0


@pytest.mark.parametrize(
    "junk",
    ["", "# comment", "web1", "web1 ssh-ed25519", "web1 ssh-ed25519 !!!", "@what web1 ssh-ed25519 AAAA",
     "|1|x|y ssh-rsa AA==", "|1|x ssh-rsa AAAA", "web1 1024 35 123456"],
)  # fmt: skip
def test_lines_that_make_no_sense_are_passed_over(junk: str) -> None:
    assert count(f"{junk}\nweb1 ssh-ed25519 {KEY}\n", "web1") == 1


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    known.verdict(known.parse(data.decode("utf-8", "replace")), "web1")


def test_fingerprint_and_line() -> None:
    key = base64.b64decode(KEY)
    assert known.parse(known.line("[h]:22022", "ssh-ed25519", key))[0].key == key
    assert known.fingerprint(key).startswith("SHA256:")
    assert not known.fingerprint(key).endswith("=")
