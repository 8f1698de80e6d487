"""OpenSSH servers on the loopback range, as many "hosts" as wanted, and the latency proxy in front of them.

As root they run in a mount namespace of their own, where a login user whose shell is `/bin/sh` exists: nobody's
`.bashrc` is measured, and the machine's own users stay as they are. Without root the present user logs in.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BENCH_USER = "pbbench"
BENCH_UID = 61999
# sshd refuses more (MAX_LISTEN_SOCKS in its sshd.c), so every sixteen addresses get a server.
ADDRESSES_A_SERVER = 16

# Hosts share no folder for temporary files with the machine, nor, since no host has hundreds of them, all with one
# another: what is in it is no part of the work.
CONFIG = """\
Port {port}
{listen}
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/authorized_keys
PidFile none
UsePAM no
UseDNS no
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
MaxStartups 1000
MaxSessions 100
LogLevel ERROR
SetEnv TMPDIR={spool}
Subsystem sftp internal-sftp
"""


@dataclass(frozen=True, slots=True)
class Farm:
    """Servers that run: their addresses, how to log in, the login user's home, and the servers' processes."""

    addresses: tuple[tuple[str, int], ...]
    user: str
    home: Path
    key: Path
    host_key: Path
    known_hosts: Path

    def inventory(self) -> dict[str, dict[str, dict[str, Any]]]:
        """All servers under their addresses, and how to log in, as an inventory (JSON is YAML)."""
        hosts = {address: {"ansible_host": address, "ansible_port": port} for address, port in self.addresses}
        login = {
            "ansible_user": self.user,
            "ansible_ssh_private_key_file": str(self.key),
            "ansible_ssh_common_args": f"-o UserKnownHostsFile={self.known_hosts}",
        }
        return {"all": {"hosts": hosts, "vars": login}}

    processes: tuple[int, ...] = ()


def free_port() -> int:
    """A TCP port that is free on loopback now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def make_keys(folder: Path) -> None:
    """The login key, the host key and the files that name them."""
    for name in ("host_key", "login_key"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    shutil.copy(folder / "login_key.pub", folder / "authorized_keys")
    words = (folder / "host_key.pub").read_text().split()
    (folder / "known_hosts").write_text(f"* {words[0]} {words[1]}\n")


def own_users(folder: Path) -> str:
    """Shell text that gives a mount namespace its own `/etc`, a copy with the benchmark's user in it.

    The whole folder, since a mount on a single file goes away when somebody outside replaces that file.
    """
    home, etc = folder / "home", folder / "etc"
    os.chown(home, BENCH_UID, BENCH_UID)
    folder.chmod(0o711)
    subprocess.run(["cp", "-a", "/etc", etc], check=True)
    with (etc / "passwd").open("a") as file:
        file.write(f"{BENCH_USER}:x:{BENCH_UID}:{BENCH_UID}::{home}:/bin/sh\n")
    with (etc / "shadow").open("a") as file:
        file.write(f"{BENCH_USER}:*:19000:0:99999:7:::\n")
    return f"mount --bind {shlex.quote(str(etc))} /etc && "


def own_spool(home: Path, number: int, is_root: bool) -> Path:
    """A folder for temporary files of the server that begins with this host."""
    spool = home / f"tmp-{number}"
    spool.mkdir()
    if is_root:
        os.chown(spool, BENCH_UID, BENCH_UID)
    return spool


def wait_for_port(address: tuple[str, int], server: subprocess.Popen[bytes], timeout_s: float = 10.0) -> None:
    """Return when something listens there. Raises RuntimeError when the server ended or time is over."""
    end = time.monotonic() + timeout_s
    while time.monotonic() < end and server.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(address, timeout=1):
            return
        time.sleep(0.02)
    raise RuntimeError(f"sshd does not listen on {address[0]}:{address[1]}")


def stop(server: subprocess.Popen[bytes]) -> None:
    """End one server this process started."""
    server.terminate()
    try:
        server.wait(5)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


@contextlib.contextmanager
def farm(folder: Path, count: int) -> Iterator[Farm]:
    """`count` hosts at 127.0.1.1, 127.0.1.2 … on one port. `folder` is empty and ours."""
    sshd = shutil.which("sshd", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not sshd:
        raise RuntimeError("OpenSSH's sshd is not installed")
    make_keys(folder)
    (folder / "home").mkdir()
    port = free_port()
    addresses = tuple((f"127.0.{1 + number // 250}.{1 + number % 250}", port) for number in range(count))
    is_root = os.geteuid() == 0
    first = own_users(folder) if is_root else ""
    if is_root:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    processes = []
    with contextlib.ExitStack() as stack:
        for number in range(0, count, ADDRESSES_A_SERVER):
            part = addresses[number : number + ADDRESSES_A_SERVER]
            config = folder / f"sshd_config_{number}"
            listen = "\n".join(f"ListenAddress {address}" for address, _ in part)
            spool = own_spool(folder / "home", number, is_root)
            config.write_text(CONFIG.format(port=port, listen=listen, folder=folder, spool=spool))
            text = first + "exec " + shlex.join([sshd, "-D", "-f", str(config), "-E", str(folder / "sshd.log")])
            command = ["unshare", "--mount", "sh", "-c", text] if is_root else ["sh", "-c", text]
            server = subprocess.Popen(command, stdin=subprocess.DEVNULL)
            stack.callback(stop, server)
            processes.append(server.pid)
            wait_for_port(part[-1], server)
        user = BENCH_USER if is_root else getpass.getuser()
        home, known_hosts, began = folder / "home", folder / "known_hosts", tuple(processes)
        yield Farm(addresses, user, home, folder / "login_key", folder / "host_key", known_hosts, began)


def wait_for_line(file: Path, line: str, server: subprocess.Popen[bytes], timeout_s: float = 10.0) -> None:
    """Return when the file has this line. Raises RuntimeError when its writer ended or time is over."""
    end = time.monotonic() + timeout_s
    while time.monotonic() < end and server.poll() is None:
        if line in file.read_text().splitlines():
            return
        time.sleep(0.02)
    raise RuntimeError("the latency proxy did not start")


@contextlib.contextmanager
def distant(
    addresses: Sequence[tuple[str, int]], round_trip_ms: float, output: Path
) -> Iterator[tuple[tuple[str, int], ...]]:
    """The same hosts, far away: addresses (127.0.5.1 …) of a proxy that adds the round trip.

    `output`: the file where the proxy writes, for each connection, how many round trips it took.
    """
    port = free_port()
    far = tuple((f"127.0.{5 + number // 250}.{1 + number % 250}", port) for number in range(len(addresses)))
    doors = [f"{near[0]}:{near[1]}={there[0]}:{there[1]}" for near, there in zip(far, addresses, strict=True)]
    command = [sys.executable, "-m", "benchmarks.proxy", str(round_trip_ms / 2), *doors]
    with output.open("wb") as file:
        server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file)
    try:
        wait_for_line(output, "ready", server)
        yield far
    finally:
        stop(server)
