"""Starting the lab's hosts and stopping them."""

from __future__ import annotations

import contextlib
import getpass
import os
import secrets
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Self

from runner.errors import EnvironmentFault
from runner.lab.homes import home_of, lock, make_private
from runner.lab.keys import key_file
from runner.model.quick import dataclass

if TYPE_CHECKING:
    from runner.lab.server import Server


@dataclass(frozen=True, slots=True)
class LabHost:
    """How to reach one host of the lab: it proves itself by `known_hosts_file`, we by `private_key_file`."""

    address: str
    port: int
    user: str
    private_key_file: str
    known_hosts_file: str


class Lab:
    """Running lab hosts, by name. Another run has servers of its own, on the same home folders."""

    def __init__(self, targets: Mapping[str, LabHost], servers: Sequence[Server], held: contextlib.ExitStack) -> None:
        self.targets = MappingProxyType(dict(targets))
        self._servers = servers
        self._held = held

    def close(self) -> None:
        """Stop the servers; commands that still run there are killed. Home folders stay."""
        stopping = [threading.Thread(target=server.stop) for server in self._servers]
        for thread in stopping:
            thread.start()
        for thread in stopping:
            thread.join()
        self._held.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def start(hosts: Sequence[str], state_dir: Path) -> Lab:
    """Start an SSH server for each of `hosts` on a free port of 127.0.0.1. Raises EnvironmentFault."""
    from runner.lab.server import ADDRESS, Server, load_key

    make_private(state_dir)
    with contextlib.ExitStack() as undo:
        undo.enter_context(lock(state_dir, alone=False))
        keys = make_private(state_dir / "keys")
        user_key, host_key = key_file(keys, "id_ed25519"), key_file(keys, "ssh_host_ed25519_key")
        known_hosts = _run_file(make_private(state_dir / "runs"))
        undo.callback(known_hosts.unlink, missing_ok=True)
        user = getpass.getuser()
        shown, allowed = load_key(host_key), load_key(user_key)
        servers: dict[str, Server] = {}
        for host in dict.fromkeys(hosts):
            try:
                server = Server(make_private(home_of(state_dir, host)), shown, allowed, user)
            except OSError as error:
                raise EnvironmentFault(f"the lab cannot start {host}: {error.strerror}") from None
            undo.callback(server.stop)
            servers[host] = server
        lines = (f"[{ADDRESS}]:{server.port} {shown.get_name()} {shown.get_base64()}\n" for server in servers.values())
        known_hosts.write_text("".join(lines), encoding="ascii")
        targets = {
            host: LabHost(ADDRESS, server.port, user, str(user_key), str(known_hosts))
            for host, server in servers.items()
        }
        return Lab(targets, list(servers.values()), undo.pop_all())


def _run_file(folder: Path) -> Path:
    """A new 0600 file for this run's known_hosts; those that killed runs left behind are removed."""
    for old in folder.glob("*.known_hosts"):
        pid = old.name.partition(".")[0]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists() and not _alive(int(pid)):
            old.unlink(missing_ok=True)
    path = folder / f"{os.getpid()}.{secrets.token_hex(8)}.known_hosts"
    path.touch(mode=0o600, exist_ok=False)
    return path


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
