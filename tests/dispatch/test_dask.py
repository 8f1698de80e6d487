"""The Dask dispatcher beyond the contract: who carries what, what is refused, what is never seen."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from runner.dispatch._dask_cluster import Place, place
from runner.dispatch._dask_crew import chosen
from runner.errors import EnvironmentFault
from runner.model.call import Become, Target
from runner.model.values import Secret
from tests.dask_cluster import Cluster, dask_settings
from tests.dispatch.trips import carrier
from tests.sshd_farm import Farm

HOSTS = [f"h{number}" for number in range(1000)]


def test_hosts_are_spread_and_only_those_of_a_worker_that_is_gone_move() -> None:
    before = {host: chosen(host, ["a", "b", "c", "d"]) for host in HOSTS}
    assert all(200 < list(before.values()).count(name) < 300 for name in "abcd")
    after = {host: chosen(host, ["d", "b", "a"]) for host in HOSTS}
    assert {host for host in HOSTS if before[host] != after[host]} == {h for h in HOSTS if before[h] == "c"}


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("3", Place(None, 3)),
        ("", Place(None, len(os.sched_getaffinity(0)))),
        ("boss:8786", Place("tls://boss:8786")),
        ("tls://boss:8786", Place("tls://boss:8786")),
    ],
)
def test_addresses(address: str, found: Place) -> None:
    assert place(address) == found


@pytest.mark.parametrize("address", ["tcp://10.0.0.1:8786", "tcp://127.0.0.1:8786", "ws://boss:80"])
def test_a_cluster_without_encryption_is_refused(address: str) -> None:
    with pytest.raises(EnvironmentFault, match=r"is not encrypted.*--tls-ca-file.*tls://HOST:PORT"):
        place(address)


@pytest.mark.usefixtures("dask_cluster")  # its certificates
def test_a_cluster_that_is_not_there() -> None:
    with (
        dask_settings({"distributed.comm.timeouts.connect": "200ms"}),
        pytest.raises(EnvironmentFault, match=r"tls://127\.0\.0\.1:1 cannot be reached"),
        carrier("dask", address="127.0.0.1:1"),
    ):
        pass


def test_a_cluster_without_certificates_here() -> None:
    with (
        dask_settings({"distributed.comm.tls.ca-file": None, "distributed.comm.tls.client.cert": None}),
        pytest.raises(EnvironmentFault, match=r"no certificate.*\.config/dask"),
        carrier("dask", address="boss:1"),
    ):
        pass


def test_without_the_library(tmp_path: Path) -> None:
    (tmp_path / "distributed.py").write_text("raise ImportError")
    (tmp_path / "p.yaml").write_text("- hosts: all\n  tasks: [ping: ]\n")
    command = [sys.executable, "-m", "runner", str(tmp_path / "p.yaml"), "-i", "h,", "--engine", "dask"]
    seen = {**os.environ, "PYTHONPATH": f"{tmp_path}:{Path.cwd()}", "XDG_STATE_HOME": str(tmp_path)}
    done = subprocess.run(command, capture_output=True, text=True, env=seen, check=False)
    assert done.returncode == 1
    assert "pip install 'pbrun[dask]'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.sshd
def test_what_is_local_stays_here_and_other_hosts_are_the_workers(dask_cluster: Cluster, farm: Farm) -> None:
    with carrier("dask", address=dask_cluster.address) as carry:
        assert any("1 Dask worker carries the trips" in text for _, text in carry.notices)
        worker = next(iter(dask_cluster.made.workers.values()))
        carry.run(Target("here", transport="local"), "echo here")
        assert [name for name in worker.handlers if name.startswith("pbrun_")]
        answers = carry.run_all([(farm.target(number), ("echo there",), None) for number in range(3)])
        assert [answer.out for answer in answers] == [b"there\n"] * 3
    assert not [name for name in worker.handlers if name.startswith("pbrun_")]


@pytest.mark.sshd
def test_no_secret_is_in_the_logs_of_the_cluster(dask_cluster: Cluster, farm: Farm) -> None:
    target = farm.target(0, password=Secret("hush-password"))
    with carrier("dask", address=dask_cluster.address) as carry:
        carry.run(target, "echo hush-text", become=Become("nothing", password=Secret("hush-become")))
        carry.run(target, "echo hush-text\0")
    assert dask_cluster.written()
    assert "hush" not in dask_cluster.written()
