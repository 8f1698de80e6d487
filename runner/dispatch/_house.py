"""What every dispatcher keeps: one link a target, the transports of a run, the bound on handshakes."""

from __future__ import annotations

import contextlib
import os
import resource
import secrets
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Final

from runner.dispatch import _files
from runner.dispatch._carrier import Mail, Sink, carry
from runner.dispatch._files import Files
from runner.dispatch._host import HostLink
from runner.errors import PbrunError
from runner.model.call import Target, Trip, TripEnd
from runner.model.ports import BecomeMethod, Connection, Transport
from runner.sh.keeping import Owner

HANDSHAKES_EACH_CPU: Final = 2
HANDSHAKES_MORE: Final = 6
# Each connected host is an open file, and the usual soft limit of a process, 1,024, is for programs that select().
OPEN_FILES: Final = 65_536

Transports = Callable[[str], Transport]
Becomes = Callable[[str], BecomeMethod]
Notify = Callable[[str, str], None]


class House:
    """Links by target. Thread-safe."""

    def __init__(self, transports: Transports, becomes: Becomes, notice: Notify, files: Files = _files) -> None:
        self._transports = transports
        self._becomes = becomes
        self._notice = notice
        self._files = files
        _allow_open_files()
        self._lock = threading.Lock()
        self._links: dict[Target, HostLink] = {}
        self._open: dict[str, Transport] = {}
        self._key, self._began_ms = secrets.token_hex(4), round(time.time() * 1000)
        self._gate = threading.BoundedSemaphore(HANDSHAKES_EACH_CPU * (os.cpu_count() or 1) + HANDSHAKES_MORE)

    def carry(self, trip: Trip, sink: Sink) -> None:
        """Carry a trip; whatever happens, one `TripEnd` is reported."""
        mail = Mail(sink)
        try:
            carry(trip, self._link(trip.target, trip.run), mail, self._files)
        except PbrunError as error:
            end = TripEnd(trip.id, str(error), sent=False)
        except Exception as error:
            # A mistake of this program: the host's state is not known, and the run must hear of it.
            end = TripEnd(trip.id, f"internal error: {type(error).__name__}: {error}")
        else:
            return
        if not mail.ended:
            mail.post(end)

    def _link(self, target: Target, run: str) -> HostLink:
        with self._lock:
            link = self._links.get(target)
            if link is None:
                owner = Owner(run, self._key, self._began_ms) if run else None
                link = HostLink(
                    target, self._connect, self._becomes, self._gate, owner, partial(self._notice, target.host)
                )
                self._links[target] = link
            return link

    def transport(self, name: str) -> Transport:
        """The run's transport of this name. Raises EnvironmentFault when there is none."""
        with self._lock:
            transport = self._open.get(name)
            if transport is None:
                module = self._transports(name)
                transport = getattr(module, "for_run", lambda: module)()
                self._open[name] = transport
            return transport

    def _connect(self, target: Target) -> Connection:
        return self.transport(target.transport).connect(target, lambda message: self._notice(target.host, message))

    def forget(self, host: str) -> list[HostLink]:
        """Take the links of a host out; whoever asked has to retire them."""
        with self._lock:
            gone = [target for target in self._links if target.host == host]
            return [self._links.pop(target) for target in gone]

    def forget_all(self) -> list[HostLink]:
        """Take all links out."""
        with self._lock:
            links = list(self._links.values())
            self._links.clear()
            return links


def _allow_open_files() -> None:
    """Raise the soft limit of open files as far as `OPEN_FILES` and the hard one allow (setrlimit(2))."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
