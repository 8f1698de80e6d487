"""Logging in: each credential once, in a fixed order, with an account of what was tried."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable, Iterator
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from runner.errors import Unreachable
from runner.model.call import Target
from runner.model.quick import dataclass
from runner.transports._options import Settings

if TYPE_CHECKING:
    from paramiko import PKey, Transport

MAX_AGENT_KEYS: Final = 5  # one less than sshd's MaxAuthTries
KeyLoader = Callable[[str, str | None], "PKey"]


@dataclass(slots=True)
class Keyring:
    """Private keys read so far, for all connections of a run (a passphrase costs 0.1 s and more to check)."""

    _keys: dict[tuple[str, str | None], PKey | Exception] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def load(self, path: str, passphrase: str | None) -> PKey:
        """The key in a file. Raises `KeyUnusable` with the reason."""
        with self._lock:
            found = self._keys.get((path, passphrase))
            if found is None:
                try:
                    found = _read_key(path, passphrase)
                except KeyUnusable as error:
                    found = error
                self._keys[path, passphrase] = found
        if isinstance(found, Exception):
            raise found
        return found


class KeyUnusable(Exception):
    """A private key cannot be used; the text says why."""


def _read_key(path: str, passphrase: str | None) -> PKey:
    """Read through `cryptography`, whose errors tell a wrong passphrase from a file that is no key."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from paramiko.ssh_exception import SSHException

    _check_private(path)
    try:
        data = Path(path).read_bytes()
        key = _paramiko_key(_load(data, passphrase.encode() if passphrase else None))
        if Path(f"{path}-cert.pub").exists():
            key.load_certificate(f"{path}-cert.pub")
        return key
    except OSError as error:
        raise KeyUnusable(f"cannot be read: {(error.strerror or '').lower()}") from None
    except (SSHException, ValueError, TypeError, UnsupportedAlgorithm, LookupError) as error:
        text = str(error).lower()
        if any(word in text for word in ("password", "passphrase", "decrypt", "corrupt")):
            raise KeyUnusable("has another passphrase" if passphrase else "needs a passphrase") from None
        raise KeyUnusable("is not a private key that can be used") from None


def _load(data: bytes, passphrase: bytes | None) -> Any:
    from cryptography.hazmat.primitives import serialization

    read = serialization.load_ssh_private_key if b"OPENSSH PRIVATE KEY" in data else serialization.load_pem_private_key
    try:
        return read(data, password=passphrase)
    except TypeError:
        if passphrase is None:
            raise
        return read(data, password=None)  # a passphrase for a key that has none


def _paramiko_key(loaded: Any) -> PKey:
    import io

    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
    from paramiko import ECDSAKey, Ed25519Key, RSAKey

    bare = loaded.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )
    kinds: dict[type, type[PKey]] = {
        rsa.RSAPrivateKey: RSAKey,
        ec.EllipticCurvePrivateKey: ECDSAKey,
        ed25519.Ed25519PrivateKey: Ed25519Key,
    }
    for kind, made in kinds.items():
        if isinstance(loaded, kind):
            return made.from_private_key(io.StringIO(bare.decode()))
    raise ValueError("unknown kind of key")


def _check_private(path: str) -> None:
    """As ssh does: a key of ours that others may read is not used (OpenSSH, sshkey_perm_ok)."""
    try:
        info = Path(path).stat()
    except OSError as error:
        raise KeyUnusable(f"cannot be read: {(error.strerror or '').lower()}") from None
    if info.st_uid == os.getuid() and info.st_mode & 0o077 and stat.S_ISREG(info.st_mode):
        raise KeyUnusable(f"can be read by others (mode {info.st_mode & 0o777:04o}), which ssh refuses")


@dataclass(slots=True)
class Login:
    """One login. `tried` lists the credentials that the server refused or that could not be used."""

    wire: Transport
    settings: Settings
    target: Target
    keyring: Keyring
    tried: list[str] = field(default_factory=list)
    allowed: frozenset[str] | None = None
    _seen: set[bytes] = field(default_factory=set)

    def run(self) -> None:
        """Authenticate, or raise `Unreachable` with what was tried and a hint."""
        from paramiko.ssh_exception import SSHException

        try:
            if self._none() or any(self._attempt(*credential) for credential in self._credentials()):
                return
        except (SSHException, EOFError, OSError) as error:
            reason = str(error) or "no reason given"
            raise self._failure(f"the server closed the connection during the login: {reason}") from None
        raise self._failure("")

    def _none(self) -> bool:
        """Ask for the methods only when there is no credential of the user's own to offer first."""
        if self.settings.identities or self.target.password:
            return False
        return self._attempt("", "none", lambda: self.wire.auth_none(self.settings.user))

    def _credentials(self) -> Iterator[tuple[str, str, Callable[[], list[str]]]]:
        """What the user named comes first, then what happens to lie about: it must not use up the server's patience."""
        for path in self.settings.identities:
            yield from self._key_file(path, explicit=True)
        yield from self._password()
        if self.settings.use_agent:
            yield from self._agent_keys()
        for path in self.settings.default_identities:
            if Path(path).exists():
                yield from self._key_file(path, explicit=False)

    def _key_file(self, path: str, *, explicit: bool) -> Iterator[tuple[str, str, Callable[[], list[str]]]]:
        shown = _short(path)
        passphrase = self.target.key_passphrase.reveal() if self.target.key_passphrase else None
        try:
            key = self.keyring.load(path, passphrase)
        except KeyUnusable as error:
            if explicit or not self.settings.use_agent:
                self.tried.append(f"key {shown}, which {error}")
            return
        if key.asbytes() not in self._seen:
            self._seen.add(key.asbytes())
            yield f"key {shown}", "publickey", lambda: self.wire.auth_publickey(self.settings.user, key)

    def _agent_keys(self) -> Iterator[tuple[str, str, Callable[[], list[str]]]]:
        keys = _agent_keys(self.settings.agent)
        wanted = _public_blobs(self.settings.identities) if self.settings.identities_only else None
        offered = 0
        for key in keys:
            blob = key.asbytes()
            if blob in self._seen or (wanted is not None and blob not in wanted) or offered == MAX_AGENT_KEYS:
                continue
            self._seen.add(blob)
            offered += 1
            yield "agent", "publickey", lambda key=key: self.wire.auth_publickey(self.settings.user, key)  # type: ignore[misc]

    def _password(self) -> Iterator[tuple[str, str, Callable[[], list[str]]]]:
        if not self.target.password:
            return
        text, user = self.target.password.reveal(), self.settings.user
        before = len(self.tried)
        yield "password", "password", lambda: self.wire.auth_password(user, text, fallback=False)
        if self.tried[before:] and self.tried[-1] == "password":
            return  # refused as a password: the same text by another way would be a second try
        answer = _Answer(text)
        yield "password", "keyboard-interactive", lambda: self.wire.auth_interactive(user, answer)

    def _attempt(self, name: str, method: str, act: Callable[[], list[str]]) -> bool:
        """True when logged in. A method the server does not offer is not counted as tried."""
        from paramiko.ssh_exception import AuthenticationException, BadAuthenticationType

        if method != "none" and (
            method not in self.settings.methods or (self.allowed is not None and method not in self.allowed)
        ):
            return False
        try:
            further = act()
        except BadAuthenticationType as error:
            self.allowed = frozenset(error.allowed_types)
            return False
        except AuthenticationException as error:
            if not self.wire.is_active() or "timeout" in str(error).lower():
                self._note(name)
                raise
            self._note(name)
            return False
        if further:
            self.allowed = frozenset(further)  # RFC 4252, section 5.1: partial success, more is asked for
            return False
        return bool(self.wire.is_authenticated())

    def _note(self, name: str) -> None:
        if name and (not self.tried or self.tried[-1] != name):
            self.tried.append(name)

    def _failure(self, why: str) -> Unreachable:
        tried = ", ".join(self.tried) or "nothing: no key, agent or password at hand"
        offers = ", ".join(sorted(self.allowed)) if self.allowed else ""
        text = f"authentication failed as {self.settings.user} (tried: {tried})"
        if why:
            return Unreachable(f"{text}: {why}")
        hint = f"the server accepts {offers}; " if offers else ""
        return Unreachable(text, f"{hint}check the user, --private-key, the agent, or ask for a password with -k")


class _Answer:
    """Answers keyboard-interactive questions (RFC 4256): the password once, to the first hidden one."""

    def __init__(self, password: str) -> None:
        self._password: str | None = password

    def __call__(self, _title: str, _instructions: str, fields: list[tuple[str, bool]]) -> list[str]:
        answers = []
        for _prompt, echo in fields:
            answers.append("" if echo or self._password is None else self._password)
            if not echo:
                self._password = None
        return answers


def _agent_keys(path: str | None) -> list[Any]:
    """The agent's keys; none when there is no agent. `path` is IdentityAgent, otherwise SSH_AUTH_SOCK counts."""
    from paramiko.ssh_exception import SSHException

    socket_path = path or os.environ.get("SSH_AUTH_SOCK")
    if not socket_path:
        return []
    try:
        return list(_open_agent(socket_path).get_keys())
    except (SSHException, OSError):
        return []


def _open_agent(path: str) -> Any:
    """An agent behind a socket of any name; it is closed when the last of its keys is forgotten."""
    import socket

    from paramiko.agent import AgentSSH

    class Agent(AgentSSH):
        def __init__(self) -> None:
            super().__init__()
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            sock.settimeout(10)
            sock.connect(path)
            self._connect(sock)  # type: ignore[attr-defined]

        def __del__(self) -> None:
            self._close()  # type: ignore[attr-defined]

    return Agent()


def _public_blobs(paths: tuple[str, ...]) -> set[bytes]:
    """The public halves beside private keys (`.pub`): with IdentitiesOnly the agent offers only these."""
    import base64
    import binascii

    blobs: set[bytes] = set()
    for path in paths:
        try:
            words = Path(path if path.endswith(".pub") else f"{path}.pub").read_text(errors="replace").split()
            blobs.add(base64.b64decode(words[1]))
        except (OSError, IndexError, binascii.Error):
            continue
    return blobs


def _short(path: str) -> str:
    home = str(Path.home())
    return "~" + path[len(home) :] if path.startswith(home + "/") else path
