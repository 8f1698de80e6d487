"""Packages that nobody has signed are not installed."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from runner.model.call import Status
from tests.clones import clone
from tests.modules.harness import run_module
from tests.sshd_farm import missing

CONTROL = "Package: pbunsigned\nVersion: 1\nArchitecture: all\nMaintainer: x <x@example.org>\nDescription: x\n"


@pytest.mark.root
@pytest.mark.parametrize(("trust", "status"), [("", Status.FAILED), ("[trusted=yes] ", Status.CHANGED)])
def test_an_unsigned_repository_is_refused(tmp_path: Path, trust: str, status: Status) -> None:
    if missing("apt-get", "dpkg-deb"):
        pytest.skip("needs apt-get, dpkg-deb")
    repository, home = tmp_path / "repository", tmp_path / "home"
    (tmp_path / "package/DEBIAN").mkdir(parents=True)
    (tmp_path / "package/DEBIAN/control").write_text(CONTROL)
    for folder in (repository, home):
        folder.mkdir()
    with clone([tmp_path]) as machine:
        deb = repository / "pbunsigned.deb"
        machine.run("dpkg-deb", "-b", str(tmp_path / "package"), str(deb))
        digest = hashlib.sha256(deb.read_bytes()).hexdigest()
        fields = f"Filename: ./pbunsigned.deb\nSize: {deb.stat().st_size}\nSHA256: {digest}\n"
        (repository / "Packages").write_text(CONTROL + fields)
        machine.run("sh", "-c", "rm -rf /etc/apt/sources.list.d /etc/apt/sources.list; mkdir /etc/apt/sources.list.d")
        machine.run("sh", "-c", "echo 'APT::Sandbox::User \"root\";' >/etc/apt/apt.conf.d/00root")
        source = f"deb {trust}file:{repository} ./\n"
        machine.run("sh", "-c", "cat >/etc/apt/sources.list", text=source)
        args = {"name": "pbunsigned", "update_cache": True, "update_cache_retries": 0}
        outcome = run_module("apt", args, shell=machine.session("dash"), home=home)
        assert outcome.status is status, (outcome.msg, outcome.values)
        installed = machine.run("dpkg-query", "-W", "-f", "${Status}", "pbunsigned", check=False)
        assert ("ok installed" in installed) == (status is Status.CHANGED)
