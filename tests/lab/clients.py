"""Ways to reach a lab host: paramiko's client, and OpenSSH's."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable

import paramiko

from runner.lab import LabHost


def connected(host: LabHost) -> paramiko.SSHClient:
    client = paramiko.SSHClient()
    client.load_host_keys(host.known_hosts_file)
    client.connect(
        host.address, host.port, host.user, key_filename=host.private_key_file, look_for_keys=False, allow_agent=False
    )
    return client


def options(host: LabHost) -> list[str]:
    known_hosts = f"UserKnownHostsFile={host.known_hosts_file}"
    strict = ["-o", "StrictHostKeyChecking=yes", "-o", "GlobalKnownHostsFile=/dev/null", "-o", "BatchMode=yes"]
    return ["-F", "none", "-i", host.private_key_file, "-o", "IdentitiesOnly=yes", "-o", known_hosts, *strict]


def ssh(host: LabHost, command: str, **more: object) -> subprocess.CompletedProcess[bytes]:
    words = ["ssh", *options(host), "-p", str(host.port), f"{host.user}@{host.address}", command]
    return subprocess.run(words, capture_output=True, timeout=30, **more)  # type: ignore[call-overload, no-any-return]


def until(seen: Callable[[], bool], what: str) -> None:
    for _ in range(100):
        if seen():
            return
        time.sleep(0.05)
    raise AssertionError(what)
