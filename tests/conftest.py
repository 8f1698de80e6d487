"""Shared fixtures, and the rule for tests that need programs of the system."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sshd_farm import Farm, dropbear_farm, missing, sshd_farm, throwaway_user

NEEDS = {
    "sshd": ("sshd", "ssh-keygen"),
    "dropbear": ("dropbear", "dropbearkey", "busybox", "ssh-keygen"),
    "busybox": ("busybox",),
}


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose programs are missing; PBRUN_REQUIRE_ALL=1 makes that a failure."""
    absent = [name for mark, names in NEEDS.items() if item.get_closest_marker(mark) for name in missing(*names)]
    if item.get_closest_marker("root") and os.getuid() != 0:
        absent.append("root's rights")
    if item.get_closest_marker("ansible") and not _ansible():
        absent.append("ansible-core")
    if not absent:
        return
    if os.environ.get("PBRUN_REQUIRE_ALL") == "1":
        pytest.fail(f"needs {', '.join(absent)}", pytrace=False)
    pytest.skip(f"needs {', '.join(absent)}")


def _ansible() -> bool:
    return not missing("ansible-playbook") or Path("/opt/ansible/bin/ansible-playbook").exists()


@pytest.fixture(scope="session")
def farm() -> Iterator[Farm]:
    """Three OpenSSH hosts with nothing special. Mark tests that use it with `sshd`."""
    with sshd_farm(hosts=3, key_types=("ed25519", "ecdsa")) as running:
        yield running


@pytest.fixture(scope="session")
def dropbear() -> Iterator[Farm]:
    """One dropbear host with busybox alone. Mark tests that use it with `dropbear` and `root`."""
    with throwaway_user() as (user, home), dropbear_farm(user, home) as running:
        yield running
