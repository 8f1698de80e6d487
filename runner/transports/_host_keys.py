"""Is this the host we mean? known_hosts asked before any credential is sent, and added to with `accept-new`."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from runner.errors import Unreachable
from runner.transports import _known_hosts
from runner.transports._known_hosts import Entry, Verdict, fingerprint
from runner.transports._options import Settings


class HostKeys:
    """The known_hosts files of a run, each read once. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._files: dict[str, tuple[Entry, ...]] = {}

    def verdict(self, settings: Settings) -> Verdict:
        """What the files say about a host. Raises `Unreachable` when one cannot be read."""
        entries: list[Entry] = []
        with self._lock:
            for path in (*settings.user_known_hosts, *settings.global_known_hosts):
                if path not in self._files:
                    try:
                        self._files[path] = _known_hosts.read([path])
                    except OSError as error:
                        raise Unreachable(f"cannot read {path}: {(error.strerror or '').lower()}") from None
                entries.extend(self._files[path])
        return _known_hosts.verdict(entries, settings.key_name)

    def check(
        self,
        settings: Settings,
        known: Verdict,
        key_type: str,
        key: bytes,
        notice: Callable[[str], None],
        certificate: bytes = b"",
    ) -> None:
        """Raise `Unreachable` unless the key may be trusted. Revoked and changed keys never are; one that an
        authority of known_hosts vouches for is (`certificate`: what the host showed for it)."""
        name, shown = settings.key_name, f"{key_type} {fingerprint(key)}"
        if key in known.revoked:
            raise Unreachable(f"the host key of {name} is revoked ({shown})", "see @revoked in known_hosts")
        why = self._vouched(settings, known, certificate) if certificate else "none"
        if not why:
            return
        same_type = [entry for entry in known.keys if entry.key_type == key_type]
        if any(entry.key == key for entry in same_type):
            return
        if settings.checking == "no" and not same_type:
            return
        if known.keys:
            old = (same_type or list(known.keys))[0]
            raise Unreachable(
                f"the host key of {name} has changed: known is {old.key_type} {fingerprint(old.key)} ({old.place}), "
                f"the host shows {shown}",
                f"if that is right, forget the old one: ssh-keygen -f {old.place.rpartition(':')[0]} -R '{name}'",
            )
        if settings.checking == "accept-new":
            self._accept(settings, key_type, key, notice)
            return
        if certificate:
            raise Unreachable(f"the certificate of {name} does not count: {why} ({shown})")
        scan = f"ssh-keyscan -p {settings.port} {settings.address}"
        raise Unreachable(
            f"the host key of {name} is not known ({shown})",
            f"compare it, then add it to known_hosts: {scan}; or set StrictHostKeyChecking=accept-new",
        )

    def _vouched(self, settings: Settings, known: Verdict, certificate: bytes) -> str:
        from runner.transports._host_certificates import refusal  # hosts with certificates are few

        try:
            return refusal(certificate, known.authorities, known.revoked, settings.key_name, time.time())
        except ValueError:
            return "it cannot be read"

    def _accept(self, settings: Settings, key_type: str, key: bytes, notice: Callable[[str], None]) -> None:
        if not settings.user_known_hosts:
            return
        path = settings.user_known_hosts[0]
        text = _known_hosts.line(settings.key_name, key_type, key)
        with self._lock:
            try:
                Path(path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
                with os.fdopen(handle, "wb") as file:
                    file.write(text.encode())
            except OSError as error:
                raise Unreachable(f"cannot add the host key to {path}: {(error.strerror or '').lower()}") from None
            self._files[path] = (*self._files.get(path, ()), *_known_hosts.parse(text, path))
        notice(f"added the host key of {settings.key_name} to {path} ({key_type} {fingerprint(key)})")
