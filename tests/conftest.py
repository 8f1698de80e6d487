"""Shared fixtures, and the rule for tests that need programs of the system."""

from __future__ import annotations

import contextlib
import gc
import os
import subprocess
from collections.abc import Generator, Iterator
from functools import cache

import pytest
from hypothesis import HealthCheck, settings

from tests.dask_cluster import Cluster, cluster
from tests.sshd_farm import Farm, dropbear_farm, missing, sshd_farm, throwaway_user

NEEDS = {
    "sshd": ("sshd", "ssh-keygen"),
    "dropbear": ("dropbear", "dropbearkey", "busybox", "ssh-keygen"),
    "busybox": ("busybox",),
}


# How long an example takes says how busy the machine is, and nothing else.
settings.register_profile("pbrun", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("pbrun")


def pytest_xdist_auto_num_workers() -> int:
    """`-n auto`: three workers for two cores, since tests of time limits, servers and lost connections mostly wait."""
    return max(2, len(os.sched_getaffinity(0)) * 3 // 2)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Twelve thousand tests are millions of objects that stay: the collector need not look at them again and again."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With PBRUN_REQUIRE_ALL=1 whatever is skipped fails, unless the kernel or a container forbids it ("cannot …")."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("PBRUN_REQUIRE_ALL") == "1":
        reason = str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
        if "cannot" not in reason:
            report.outcome = "failed"
            report.longrepr = f"skipped, and PBRUN_REQUIRE_ALL=1 forbids that: {reason}"
    return report


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose programs are missing."""
    absent = [name for mark, names in NEEDS.items() if item.get_closest_marker(mark) for name in missing(*names)]
    if item.get_closest_marker("root") and os.getuid() != 0:
        absent.append("root's rights")
    if item.get_closest_marker("ansible") and not _ansible():
        absent.append("ansible-core")
    if absent:
        pytest.skip(f"needs {', '.join(absent)}")


@cache
def _ansible() -> bool:
    """Whether there is an ansible-core that this user may run."""
    for name in ("ansible-playbook", "/opt/ansible/bin/ansible-playbook"):
        with contextlib.suppress(OSError):
            if subprocess.run([name, "--version"], capture_output=True, check=False).returncode == 0:
                return True
    return False


@pytest.fixture(scope="session")
def farm() -> Iterator[Farm]:
    """Three OpenSSH hosts with nothing special. Mark tests that use it with `sshd`."""
    with sshd_farm(hosts=3, key_types=("ed25519", "ecdsa")) as running:
        yield running


@pytest.fixture(scope="session")
def dask_cluster() -> Iterator[Cluster]:
    """A Dask cluster with TLS; its scheduler and its one worker are threads here."""
    with cluster() as running:
        yield running


@pytest.fixture(scope="session")
def dropbear() -> Iterator[Farm]:
    """One dropbear host with busybox alone. Mark tests that use it with `dropbear` and `root`."""
    with throwaway_user() as (user, home), dropbear_farm(user, home) as running:
        yield running
