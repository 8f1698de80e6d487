"""The floor: bare paramiko does one workload and stops: `python -m benchmarks.bare_paramiko SPEC.json`.

It connects to every host, starts one shell on each, sends everything at once and reads the answers. Nothing is
rendered, logged or framed; that is what pbrun's time is compared with. Exit code 1 if an answer is wrong.
"""

from __future__ import annotations

import io
import json
import socket
import sys
import tarfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import paramiko

TIMEOUT_S = 60.0
CIPHER = "aes128-gcm@openssh.com"


def connect(
    host: dict[str, Any], spec: dict[str, Any], key: paramiko.PKey, host_key: paramiko.PKey
) -> paramiko.Transport:
    """Log in to one host."""
    line = socket.create_connection((host["address"], host["port"]), timeout=TIMEOUT_S)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    transport = paramiko.Transport(line)
    transport.banner_timeout = transport.auth_timeout = TIMEOUT_S
    security = transport.get_security_options()
    security.ciphers = [CIPHER, *(name for name in security.ciphers if name != CIPHER)]
    try:
        transport.connect(hostkey=host_key, username=spec["user"], pkey=key)
    except BaseException:
        transport.close()
        raise
    return transport


def work(host: dict[str, Any], transport: paramiko.Transport, spec: dict[str, Any]) -> bool:
    """Send one host everything, read what it prints, save what it sends back; whether it answered as it should."""
    channel = transport.open_session()
    channel.settimeout(TIMEOUT_S)
    channel.exec_command(spec["command"].replace("@HOST@", host["name"]))
    channel.sendall(spec["text"].replace("@HOST@", host["name"]).encode())
    if spec["tar"]:
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as file:
            file.add(spec["tar"], arcname=".")
        channel.sendall(archive.getvalue())
    channel.shutdown_write()
    answer = b"".join(iter(lambda: channel.recv(1 << 16), b""))
    expected = "".join(f"{line}\n" for line in spec["prints"]).encode()
    if spec["save"]:
        path = Path(spec["save"].replace("@HOST@", host["name"]))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(answer[len(expected) :])
        return answer.startswith(expected)
    return answer == expected


def main(path: str) -> int:
    """Run the workload of the file; the exit code."""
    spec = json.loads(Path(path).read_text())
    key = paramiko.Ed25519Key.from_private_key_file(spec["key"])
    host_key = paramiko.Ed25519Key.from_private_key_file(spec["host_key"])

    def at_once(host: dict[str, Any]) -> bool:
        transport = connect(host, spec, key, host_key)
        try:
            return work(host, transport, spec)
        finally:
            transport.close()

    with ThreadPoolExecutor(spec["threads"]) as pool:
        if spec["held"]:
            transports = list(pool.map(lambda host: connect(host, spec, key, host_key), spec["hosts"]))
            right = list(pool.map(lambda host, there: work(host, there, spec), spec["hosts"], transports))
            for transport in transports:
                transport.close()
        else:
            right = list(pool.map(at_once, spec["hosts"]))
    if not all(right):
        print(f"wrong answer from {spec['hosts'][right.index(False)]}", file=sys.stderr)
    return 0 if all(right) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
