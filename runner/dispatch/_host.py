"""One host's connection and its shells, shared by all trips to it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final

from runner.dispatch._lock import take_lock
from runner.dispatch._session import Session, open_session
from runner.dispatch._shell import Becomes, Started, start
from runner.errors import ConnectionLost, SessionRefused, Unreachable
from runner.model.call import Become, Target
from runner.model.ports import Connection, Process
from runner.sh.keeping import Owner

MAX_SESSIONS: Final = 4
CLOSE_S: Final = 3.0
REFUSAL_WAITS: Final = 30
REFUSAL_WAIT_S: Final = 0.1

Connect = Callable[[Target], Connection]
Users = dict[Become | None, int]


class HostLink:
    """Everything open to one target. Thread-safe; connections are opened when first needed and again when broken.
    `owner`: the run whose steps the sessions' folders keep."""

    def __init__(
        self,
        target: Target,
        connect: Connect,
        becomes: Becomes,
        gate: AbstractContextManager[object],
        owner: Owner | None,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.target = target
        self._connect = connect
        self._becomes = becomes
        self._gate = gate
        self._owner = owner
        self._tell = tell
        self._locking = threading.Lock()
        self._lock: Connection | None = None
        self._holder: Process | None = None
        self._settled = 0
        self._connecting = threading.Lock()
        self._changed = threading.Condition()
        self._connection: Connection | None = None
        self._spare: Connection | None = None
        self._idle: list[Session] = []
        self._busy: list[Session] = []
        self._opening = 0
        self._limit = MAX_SESSIONS
        self._retired = False

    def take(self, become: Become | None, settled: int) -> Session:
        """A ready shell for one trip: an idle one, a new one, or one that another trip gives back. `settled`: what
        trips with a smaller id brought is in the log.

        Raises `Unreachable` or `ConnectionLost`; either way nothing was sent.
        """
        patience = REFUSAL_WAITS
        self._hold_lock()
        self._settled = max(self._settled, settled)
        while True:
            session = self._idle_or_slot(become)
            if session is not None:
                return session
            try:
                return self._open(become)
            except SessionRefused:
                if self._make_room():
                    continue
                # A host counts a session until it has reaped its process, a moment after we have closed it.
                patience -= 1
                if patience < 0:
                    raise
                time.sleep(REFUSAL_WAIT_S)

    def _hold_lock(self) -> None:
        """See that the host is locked, if it is to be. The lock has a connection of its own, so that a host that allows
        one session a connection can be locked, too."""
        if self.target.lock is None:
            return
        with self._locking:
            if self._lock is None or not self._lock.alive():
                connection = self._open_connection()
                try:
                    self._holder = take_lock(connection, self.target, self.target.lock, self._becomes, self._tell)
                except BaseException:
                    connection.close()
                    raise
                self._lock = connection

    def _idle_or_slot(self, become: Become | None) -> Session | None:
        """An idle shell of this user, or None with a slot reserved for opening one."""
        with self._changed:
            while True:
                dead = [session for session in self._idle if not session.alive()]
                self._idle = [session for session in self._idle if session.alive()]
                for session in dead:
                    session.process.close()
                for session in reversed(self._idle):
                    if session.become == become:
                        self._idle.remove(session)
                        self._busy.append(session)
                        return session
                same = sum(session.become == become for session in self._busy)
                if same + self._opening < self._limit or not (self._busy or self._opening):
                    self._opening += 1
                    return None
                self._changed.wait()

    def _open(self, become: Become | None) -> Session:
        session = None
        try:
            try:
                session = open_session(self._connected(), self.target, become, self._becomes, self._owner)
            except ConnectionLost:
                session = open_session(self._connected(), self.target, become, self._becomes, self._owner)
            return session
        finally:
            with self._changed:
                self._opening -= 1
                if session is not None:
                    self._busy.append(session)
                self._changed.notify_all()

    def _make_room(self) -> bool:
        """After a refusal (MaxSessions): end an idle shell of another user, or wait for one under way to come back.

        False when there is nothing to wait for.
        """
        with self._changed:
            self._limit = max(1, min(self._limit, len(self._busy) + len(self._idle)))
            if not self._idle:
                if not self._busy and not self._opening:
                    return False
                self._changed.wait(1.0)
                return True
            oldest = self._idle.pop(0)
        oldest.close(CLOSE_S, settled=oldest.keeps < self._settled)
        return True

    def give_back(self, session: Session, *, usable: bool) -> None:
        """A trip is over; `usable` is False when the shell is in no known state."""
        with self._changed:
            self._busy.remove(session)
            keep = usable and session.alive() and not self._retired
            if keep:
                self._idle.append(session)
            retire = self._retired and not self._busy
            self._changed.notify_all()
        if not keep:
            session.close(CLOSE_S if usable else 0.0, settled=False)
        if retire:
            self._close_connections()

    def beside(self, become: Become | None, script: str | None = None) -> Started:
        """A program of the same user beside its session; on a further connection if the first allows no more."""
        try:
            return start(self._connected(), self.target, become, self._becomes, script)
        except SessionRefused:
            return start(self._spare_connected(), self.target, become, self._becomes, script)

    def _connected(self) -> Connection:
        with self._connecting:
            if self._connection is None or not self._connection.alive():
                self._connection = self._open_connection()
            return self._connection

    def _spare_connected(self) -> Connection:
        with self._connecting:
            if self._spare is None or not self._spare.alive():
                self._spare = self._open_connection()
            return self._spare

    def _open_connection(self) -> Connection:
        if self._retired:
            raise Unreachable("the connection was closed")
        with self._gate:
            return self._connect(self.target)

    def end_input(self, *, settled: bool) -> None:
        """Tell all shells that there is nothing more, without waiting: the first half of `retire`."""
        with self._changed:
            self._retired = True
            idle, busy = list(self._idle), list(self._busy)
        for session in idle:
            session.end_input(settled=settled, over=True)
        for session in busy:
            session.end_input(settled=False)

    def retire(self, within_s: float = CLOSE_S, *, settled: bool = True) -> None:
        """Close idle shells, then the connection once no trip is under way; later trips are refused. `settled`: what
        they have answered is in the log."""
        with self._changed:
            self._retired = True
            idle, self._idle = self._idle, []
            waiting = bool(self._busy)
            self._changed.notify_all()
        for session in idle:
            session.end_input(settled=settled)
        deadline = time.monotonic() + within_s
        for session in idle:
            session.close(max(0.0, deadline - time.monotonic()), settled=settled)
        if not waiting:
            self._close_connections()

    def cut(self) -> None:
        """Close the connections at once, whatever is under way."""
        self._retired = True
        self._close_connections()

    def _close_connections(self) -> None:
        for connection in (self._connection, self._spare, self._lock):
            if connection is not None:
                connection.close()
