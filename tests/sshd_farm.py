"""Real ssh servers for tests and benchmarks: OpenSSH's sshd and dropbear on addresses of the loopback range.

    with sshd_farm(hosts=3) as farm:
        connect(farm.target(0), print)

Every address is a "host". They run as the user who runs the tests (as root, any local user can log in).
"""

from __future__ import annotations

import contextlib
import getpass
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from runner.model.call import Target

MAX_LISTEN = 16  # MAX_LISTEN_SOCKS of sshd: more addresses take another sshd
START_TIMEOUT_S = 20.0

# A bash that sshd starts reads ~/.bashrc unless it is told that it is no outermost shell. What the tester's does
# is no part of a test: with `pyenv init` in it, it waits 60 s for a lock that a killed session has left.
OWN_PROFILE_UNREAD = "SetEnv SHLVL=1"

ENTER_HOME = """#!/bin/sh
set -- $SSH_CONNECTION
HOME={folder}/homes/$3
export HOME
mkdir -p "$HOME"
cd "$HOME"
exec /bin/sh -c "$SSH_ORIGINAL_COMMAND"
"""
ENTER_BUSYBOX = """#!{folder}/bin/sh
PATH={folder}/bin
export PATH
exec {folder}/bin/sh -c "$SSH_ORIGINAL_COMMAND"
"""


@dataclass(slots=True)
class Farm:
    """Running servers. `key` is a private key that logs in as `user`; `known_hosts` knows every host."""

    folder: Path
    addresses: tuple[str, ...]
    port: int
    user: str
    key: Path
    known_hosts: Path
    host_keys: tuple[Path, ...]
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    shell: str = "/bin/sh"

    def target(self, number: int = 0, **changes: Any) -> Target:
        """How to reach host `number`. `changes` replace fields of the target."""
        target = Target(
            host=f"h{number}",
            address=self.addresses[number],
            port=self.port,
            user=self.user,
            private_key_file=str(self.key),
            ssh_args=self.ssh_args(),
            shell=self.shell,
        )
        return replace(target, **changes)

    def ssh_args(self, *more: str) -> tuple[str, ...]:
        """Options that keep the tester's own ssh files out, and `more` (`Name=value`), which win."""
        options = (*more, f"UserKnownHostsFile={self.known_hosts}", "GlobalKnownHostsFile=none", "IdentityAgent=none")
        return ("-F", "none", *(word for option in options for word in ("-o", option)))

    def inventory_lines(self) -> list[str]:
        """An INI inventory's lines, one a host (`h0`, `h1` …)."""
        arguments = " ".join(self.ssh_args())
        return [
            f"h{number} ansible_host={address} ansible_port={self.port} ansible_user={self.user} "
            f"ansible_ssh_private_key_file={self.key} ansible_ssh_common_args='{arguments}'"
            + (f" ansible_shell_executable={self.shell}" if self.shell != "/bin/sh" else "")
            for number, address in enumerate(self.addresses)
        ]

    def log(self) -> str:
        """What the servers wrote."""
        return "".join(path.read_text(errors="replace") for path in sorted(self.folder.glob("*.log")))

    def sessions(self) -> list[int]:
        """The process ids below the listening servers: one or two for each connection, and what runs in them."""
        return [pid for process in self.processes for pid in descendants(process.pid)]

    def stop(self) -> None:
        """End the servers and everything below them."""
        for process in self.processes:
            below = descendants(process.pid)
            process.terminate()
            for pid in below:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)
            if process.poll() is None:
                process.kill()
                process.wait()


def descendants(pid: int) -> list[int]:
    """All processes below one, from /proc."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(entry.name))
    found, queue = [], [pid]
    while queue:
        below = children.get(queue.pop(), [])
        found += below
        queue += below
    return found


def missing(*programs: str) -> list[str]:
    """Those of `programs` that are not installed."""
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    return [name for name in programs if shutil.which(name, path=path) is None]


def program(name: str) -> str:
    """Where a program is. Raises FileNotFoundError."""
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if found is None:
        raise FileNotFoundError(name)
    return found


def loopback(count: int, first: int = 0) -> tuple[str, ...]:
    """`count` addresses of 127.0.0.0/8 that are not 127.0.0.1."""
    return tuple(f"127.{77 + n // 62500}.{n // 250 % 250}.{n % 250 + 2}" for n in range(first, first + count))


def free_port(addresses: Sequence[str]) -> int:
    """A port below the ephemeral range that is free on all addresses now."""
    while True:
        port = 10000 + secrets.randbelow(20000)
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
            for address in addresses:
                sock = stack.enter_context(socket.socket())
                sock.bind((address, port))
            return port


def make_key(path: Path, kind: str = "ed25519", passphrase: str = "") -> Path:
    """A new key pair; `path` is the private half."""
    command = ["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", "farm", "-f", str(path)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return path


@contextlib.contextmanager
def sshd_farm(
    hosts: int = 1,
    options: Sequence[str] = (),
    *,
    user: str | None = None,
    key_types: Sequence[str] = ("ed25519",),
    homes: bool = False,
    first_address: int = 0,
) -> Iterator[Farm]:
    """OpenSSH on `hosts` addresses. `options` are sshd_config lines that win. `homes`: a HOME of its own for each
    address, at the price of one more shell a session."""
    folder = _folder()
    farm = _farm(folder, loopback(hosts, first_address), user, key_types)
    try:
        if homes:
            enter = _script(folder / "enter", ENTER_HOME.format(folder=folder))
            options = (*options, f"ForceCommand {enter}")
        for start in range(0, hosts, MAX_LISTEN):
            _start_sshd(farm, start, options)
        _wait_until_open(farm)
        yield farm
    finally:
        farm.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def prepared_farm() -> Iterator[Farm]:
    """A farm of one host whose server its user starts: an address, a free port, a key that logs in, a host key."""
    folder = _folder()
    farm = _farm(folder, loopback(1), "root", ("ed25519",))
    try:
        yield farm
    finally:
        farm.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def dropbear_farm(user: str, home: Path, hosts: int = 1, *, first_address: int = 0) -> Iterator[Farm]:
    """dropbear with a PATH of busybox links only. dropbear reads `home`/.ssh/authorized_keys of `user`."""
    folder = _folder()
    farm = _farm(folder, loopback(hosts, first_address), user, ())
    farm.shell = str(_busybox_path(folder) / "sh")
    try:
        ssh_folder = home / ".ssh"
        ssh_folder.mkdir(mode=0o700, exist_ok=True)
        shutil.copy(f"{farm.key}.pub", ssh_folder / "authorized_keys")
        for path in (ssh_folder, ssh_folder / "authorized_keys"):
            shutil.chown(path, user)
            path.chmod(0o700)
        host_key = folder / "host_dropbear"
        made = subprocess.run(
            [program("dropbearkey"), "-t", "ed25519", "-f", str(host_key)], check=True, capture_output=True, text=True
        )
        public = next(line for line in made.stdout.splitlines() if line.startswith("ssh-ed25519"))
        _write_known_hosts(farm, [public])
        enter = _script(folder / "enter", ENTER_BUSYBOX.format(folder=folder))
        command = [program("dropbear"), "-F", "-E", "-r", str(host_key), "-c", str(enter), "-P", str(folder / "pid")]
        for number, address in enumerate(farm.addresses):
            listen = ["-p", f"{address}:{farm.port}"]
            farm.processes.append(_spawn([*command, *listen], folder / f"dropbear{number}.log"))
        _wait_until_open(farm)
        yield farm
    finally:
        farm.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def throwaway_user(
    password: str = "", shell: str = "/bin/sh", groups: Sequence[str] = ()
) -> Iterator[tuple[str, Path]]:
    """A local account with a home folder, removed afterwards. Needs root."""
    name = f"pbt{secrets.token_hex(4)}"
    home = Path(tempfile.gettempdir()) / f"home-{name}"
    command = ["useradd", "-m", "-d", str(home), "-s", shell, *(["-G", ",".join(groups)] if groups else []), name]
    _account(command)
    try:
        if password:
            _account(["chpasswd"], f"{name}:{password}\n")
        else:
            _account(["usermod", "-p", "*", name])  # no password; `!` would be a locked account to sshd
        yield name, home
    finally:
        for pid in _processes_of(name):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        _account(["userdel", "-f", name], check=False)
        shutil.rmtree(home, ignore_errors=True)


def _account(command: Sequence[str], text: str = "", *, check: bool = True) -> None:
    """Run an account tool; another test may hold the lock of /etc/passwd for a moment."""
    for attempt in range(20):
        done = subprocess.run(command, input=text.encode(), capture_output=True, check=False)
        if done.returncode == 0 or b"lock" not in done.stderr or attempt == 19:
            break
        time.sleep(0.2)
    if check and done.returncode:
        raise RuntimeError(f"{command}: {done.stderr.decode(errors='replace')}")


def _processes_of(name: str) -> list[int]:
    import pwd

    uid = pwd.getpwnam(name).pw_uid
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and entry.stat().st_uid == uid:
                found.append(int(entry.name))
    return found


def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="farm-"))
    folder.chmod(0o755)
    return folder


def _farm(folder: Path, addresses: tuple[str, ...], user: str | None, key_types: Sequence[str]) -> Farm:
    key = make_key(folder / "id")
    (folder / "authorized_keys").write_bytes(Path(f"{key}.pub").read_bytes())
    host_keys = tuple(make_key(folder / f"host_{kind}", kind) for kind in key_types)
    farm = Farm(
        folder, addresses, free_port(addresses), user or getpass.getuser(), key, folder / "known_hosts", host_keys
    )
    _write_known_hosts(farm, [Path(f"{path}.pub").read_text() for path in host_keys])
    return farm


def _write_known_hosts(farm: Farm, public_keys: Sequence[str]) -> None:
    lines = [
        f"[{address}]:{farm.port} {' '.join(public.split()[:2])}\n"
        for address in farm.addresses
        for public in public_keys
    ]
    farm.known_hosts.write_text("".join(lines))


def session_lines(authorized_keys: str) -> list[str]:
    """What sshd's configuration says of those who log in, with a key of that file and nothing else of the machine."""
    return [
        f"AuthorizedKeysFile {authorized_keys}",
        "StrictModes no",
        "UsePAM no",
        "PermitRootLogin yes",
        "PrintMotd no",
        "PrintLastLog no",
        "UseDNS no",
        "MaxStartups 500:30:600",
        "LogLevel VERBOSE",
        "Subsystem sftp internal-sftp",
    ]


def _start_sshd(farm: Farm, start: int, options: Sequence[str]) -> None:
    lines = [
        *options,
        *(f"ListenAddress {address}:{farm.port}" for address in farm.addresses[start : start + MAX_LISTEN]),
        *(f"HostKey {path}" for path in farm.host_keys),
        f"PidFile {farm.folder}/sshd{start}.pid",
        *session_lines(f"{farm.folder}/authorized_keys"),
        *([OWN_PROFILE_UNREAD] if farm.user == getpass.getuser() else []),
    ]
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # sshd's privilege separation folder
    config = farm.folder / f"sshd{start}.conf"
    config.write_text("\n".join(lines) + "\n")
    command = [program("sshd"), "-D", "-e", "-f", str(config)]
    farm.processes.append(_spawn(command, farm.folder / f"sshd{start}.log"))


def _spawn(command: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
    environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
    with log.open("wb") as file:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
            env=environment,
            cwd="/",
        )


def _wait_until_open(farm: Farm) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    for address in (*farm.addresses[::MAX_LISTEN], farm.addresses[-1]):
        while True:
            with contextlib.suppress(OSError), socket.create_connection((address, farm.port), 1) as sock:
                if sock.recv(4) == b"SSH-":
                    break
            if time.monotonic() > deadline or any(process.poll() is not None for process in farm.processes):
                raise RuntimeError(f"the ssh server did not start:\n{farm.log()}")
            time.sleep(0.02)


def _script(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o755)
    return path


def _busybox_path(folder: Path) -> Path:
    """A folder with a link to busybox for each of its applets, and nothing else."""
    bin_folder = folder / "bin"
    bin_folder.mkdir()
    busybox = program("busybox")
    listed = subprocess.run([busybox, "--list"], check=True, capture_output=True, text=True).stdout.split()
    for applet in listed:
        (bin_folder / applet).symlink_to(busybox)
    return bin_folder
