"""ssh: connections to hosts through paramiko, with OpenSSH's files, options and rules.

`for_run()` gives a transport that remembers what all connections of a run share: parsed configuration and
known_hosts files, private keys, connections to jump hosts.
"""

from __future__ import annotations

import random
import re
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import field, replace
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from runner.errors import Unreachable
from runner.model.call import Target
from runner.model.quick import dataclass
from runner.transports import _config
from runner.transports._auth import Keyring
from runner.transports._host_keys import HostKeys
from runner.transports._options import Settings, check_safe, expanded, parse_arguments, settle
from runner.transports._socket import Closer, ProxyProcess, connect_tcp

if TYPE_CHECKING:
    from runner.transports._connection import SshConnection

Notice = Callable[[str], None]

_DEAR: Final = ("invoke", "importlib.metadata")
BANNER_ATTEMPTS: Final = 7
BANNER_WAIT_S: Final = 0.15
MAX_JUMPS: Final = 8
# Options of a target that are about this host alone and do not hold for its jump hosts.
OWN_OPTIONS: Final = frozenset({"proxyjump", "proxycommand", "hostname", "port", "user", "hostkeyalias", "bindaddress"})


def connect(target: Target, notice: Notice) -> SshConnection:
    """Open one connection that shares nothing with others; see `runner.model.ports.Transport`."""
    return Ssh().connect(target, notice)


def for_run() -> Ssh:
    """A transport for one run."""
    _import_paramiko()
    return Ssh()


def _import_paramiko() -> None:
    """Import paramiko without what takes half of the time of its import: `invoke`, which it wants only for `Match exec`
    in its own reading of ssh_config (never run here) and does without when it is absent, and `importlib.metadata`,
    which it asks for its own version (and which reads packages' files with `email`, `zipfile` and `csv`)."""
    modules: dict[str, Any] = sys.modules
    if "paramiko" in modules:
        return
    stands_in = {name: None if name == "invoke" else _Metadata(name) for name in _DEAR if name not in modules}
    modules.update(stands_in)
    try:
        import paramiko  # noqa: F401
    finally:
        for name in stands_in:
            del modules[name]


class _Metadata(ModuleType):
    """What paramiko asks `importlib.metadata` for, while it is imported."""

    @staticmethod
    def version(_name: str) -> str:
        """Its `__version__`, which nobody here reads."""
        return ""


@dataclass(slots=True)
class _Jump:
    """One jump host's connection, shared by all that go through it; closed by the last of them."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    connection: SshConnection | None = None
    users: int = 0


class Ssh:
    """The ssh transport with its memory. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._configs: dict[str, _config.Configuration | None] = {}
        self._keyring = Keyring()
        self._host_keys = HostKeys()
        self._jumps: dict[Target, _Jump] = {}

    def connect(self, target: Target, notice: Notice) -> SshConnection:
        """Open a connection. Raises `Unreachable` with one plain line (cause and hint)."""
        return self._connect(target, notice, 0)

    def _connect(self, target: Target, notice: Notice, depth: int) -> SshConnection:
        from runner.transports._handshake import Handshake, ServerBusy

        settings = settle(target, self._lookup)
        handshake = Handshake(target, settings, self._host_keys, self._keyring, notice)
        for attempt in range(BANNER_ATTEMPTS):
            try:
                return handshake.run(*self._reach(target, settings, notice, depth))
            except ServerBusy as error:
                if attempt == BANNER_ATTEMPTS - 1:
                    busy = "its sshd may be full: see MaxStartups, or lower --forks"
                    raise Unreachable(str(error), "" if settings.proxy_command else busy) from None
                time.sleep(BANNER_WAIT_S * 2**attempt * random.uniform(0.5, 1.5))
        raise AssertionError

    def _lookup(self, alias: str, file: str | None) -> Mapping[str, Any]:
        if file is not None:
            paths = [(expanded(file), True)]
        else:
            paths = [(expanded("~/.ssh/config"), False), (_config.SYSTEM_CONFIG, False)]
        found: dict[str, Any] = {}
        for path, must_exist in paths:
            config = self._config(path, must_exist)
            for name, value in _config.options(config, alias).items() if config else ():
                if name == "identityfile" and name in found:
                    found[name] = [*found[name], *value]
                elif name != "hostname" or value != alias:
                    found.setdefault(name, value)
        return found

    def _config(self, path: str, must_exist: bool) -> _config.Configuration | None:
        with self._lock:
            if path not in self._configs:
                self._configs[path] = _config.load(path, must_exist=must_exist)
            return self._configs[path]

    def _reach(self, target: Target, settings: Settings, notice: Notice, depth: int) -> tuple[Any, Closer]:
        """A socket (or a channel that acts as one) to the host's sshd, and what ends what lies below it."""
        if settings.proxy_command is not None:
            process = ProxyProcess(settings.proxy_command)
            return process.sock, process.stop
        if not settings.jumps:
            return connect_tcp(settings), lambda: None
        if depth >= MAX_JUMPS:
            raise Unreachable(f"cannot connect to {settings.address}: too many jump hosts")
        via = jump_target(target, settings.jumps)
        if depth == 0:
            self._refuse_circle(via)
        try:
            jump, connection = self._enter(via, notice, depth)
        except Unreachable as error:
            raise Unreachable(f"jump host {via.host}: {error}") from None
        try:
            channel = connection.open_tunnel(settings.address, settings.port, settings.timeout_s)
        except Unreachable as error:
            self._leave(jump)
            raise Unreachable(f"jump host {via.host}: {error}") from None
        return channel, lambda: self._leave(jump)

    def _refuse_circle(self, via: Target) -> None:
        """Raises `Unreachable` for jump hosts that lead back to one another, before one of them is waited for."""
        seen: list[Target] = []
        while via not in seen:
            seen.append(via)
            settings = settle(via, self._lookup)
            if settings.proxy_command is not None or not settings.jumps:
                return
            via = jump_target(via, settings.jumps)
        circle = [one.host for one in [*seen[seen.index(via) :], via]]
        raise Unreachable(f"the jump hosts go in a circle: {' -> '.join(circle)}", "see ProxyJump in the ssh settings")

    def _enter(self, via: Target, notice: Notice, depth: int) -> tuple[_Jump, SshConnection]:
        with self._lock:
            jump = self._jumps.setdefault(via, _Jump())
        with jump.lock:
            if jump.connection is None or not jump.connection.alive():
                jump.connection = self._connect(via, notice, depth + 1)
            jump.users += 1
            return jump, jump.connection

    def _leave(self, jump: _Jump) -> None:
        with jump.lock:
            jump.users -= 1
            unused = jump.connection if jump.users == 0 else None
            if unused is not None:
                jump.connection = None
        if unused is not None:
            unused.close()


def jump_target(target: Target, jumps: tuple[str, ...]) -> Target:
    """The last jump host of a chain as a target, reached through those before it.

    It takes over the target's key and its options about keys, files and time, never its password.
    """
    user, _, where = jumps[-1].removeprefix("ssh://").rpartition("@")
    host, port = _split_port(where)
    words: list[str] = []
    for name, values in parse_arguments(target.ssh_args).items():
        if name == "configfile":
            words += ["-F", values[0]]
        elif name not in OWN_OPTIONS:
            words += [word for value in values for word in ("-o", f"{name}={value}")]
    if len(jumps) > 1:
        words += ["-J", ",".join(jumps[:-1])]
    return replace(
        target,
        host=host,
        address=check_safe("jump host", host),
        port=port,
        user=check_safe("user", user) if user else None,
        password=None,
        ssh_args=tuple(words),
    )


def _split_port(where: str) -> tuple[str, int | None]:
    """`host`, `host:port`, `[::1]:port`."""
    match = re.fullmatch(r"\[(?P<six>[^]]+)\](?::(?P<sixport>\d+))?|(?P<host>[^:]+)(?::(?P<port>\d+))?", where)
    if match is None:
        return where, None
    port = match["sixport"] or match["port"]
    return match["six"] or match["host"], int(port) if port else None
