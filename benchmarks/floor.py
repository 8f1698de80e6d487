"""The floor: bare paramiko does one workload and stops: `python -m benchmarks.floor SPEC.json`.

It connects to every host, starts one shell on each, sends everything at once and reads the answers. Nothing is
rendered, logged or framed; that is what pbrun's time is compared with. Exit code 1 if an answer is wrong.
"""

from __future__ import annotations

import json
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import paramiko

TIMEOUT_S = 60.0
CIPHER = "aes128-gcm@openssh.com"


def run_host(host: tuple[str, int], spec: dict[str, Any], key: paramiko.PKey, host_key: paramiko.PKey) -> bytes:
    """Connect to one host, run all commands in one shell, and return what they printed."""
    line = socket.create_connection(host, timeout=TIMEOUT_S)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    transport = paramiko.Transport(line)
    transport.banner_timeout = transport.auth_timeout = TIMEOUT_S
    security = transport.get_security_options()
    security.ciphers = [CIPHER, *(name for name in security.ciphers if name != CIPHER)]
    try:
        transport.connect(hostkey=host_key, username=spec["user"], pkey=key)
        channel = transport.open_session()
        channel.exec_command("exec /bin/sh -s")
        channel.sendall("".join(f"{command}\n" for command in spec["commands"]).encode())
        channel.shutdown_write()
        channel.settimeout(TIMEOUT_S)
        return b"".join(iter(lambda: channel.recv(1 << 16), b""))
    finally:
        transport.close()


def main(path: str) -> int:
    """Run the workload of the file; the exit code."""
    spec = json.loads(Path(path).read_text())
    key = paramiko.Ed25519Key.from_private_key_file(spec["key"])
    host_key = paramiko.Ed25519Key.from_private_key_file(spec["host_key"])
    hosts = [(host["address"], host["port"]) for host in spec["hosts"]]
    expected = "".join(f"{line}\n" for line in spec["prints"]).encode()
    with ThreadPoolExecutor(spec.get("threads", 50)) as pool:
        answers = list(pool.map(lambda host: run_host(host, spec, key, host_key), hosts))
    wrong = [host for host, answer in zip(hosts, answers, strict=True) if answer != expected]
    if wrong:
        print(f"wrong answer from {wrong[0]}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
