"""A persistent shell on a host that takes trips, one at a time."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import field
from typing import Final

from runner.dispatch._shell import NOISE_LIMIT, Becomes, Started, ended_early, start, with_last_line
from runner.errors import ConnectionLost, Unreachable
from runner.model.call import Become, Target
from runner.model.ports import Connection, Process
from runner.model.quick import dataclass
from runner.sh.frames import FrameError, Frames, Ready, Record, Refused, TripDone
from runner.sh.keeping import Owner
from runner.sh.prelude import equipped, session_script

HANG_UP_S: Final = 1.0
# Shells that run a script line by line as it arrives, and nothing of a trip if the prelude made them end.
BOURNE: Final = frozenset({"sh", "ash", "bash", "busybox", "dash", "ksh", "ksh93", "mksh"})


@dataclass(slots=True)
class Session:
    """One shell. Once it is `ready`, `folder` is its private folder on the host, `pid` its process there. `keeps`: the
    last trip of which the folder keeps something (0: none). `asks`: it was asked what became of steps."""

    connection: Connection
    target: Target
    become: Become | None
    started: Started
    frames: Frames
    token: str
    pid: int = 0
    folder: str = ""
    trips: int = 0
    keeps: int = 0
    asks: bool = False
    _ready_by: float = 0.0
    _equipped: bool = False
    _held: str = ""
    _cut_off: bool = False
    _early: list[Record] = field(default_factory=list)

    @property
    def process(self) -> Process:
        """The shell as a process of the connection."""
        return self.started.process

    def send(self, text: str) -> None:
        """Send a trip's text. Raises `ConnectionLost`; the shell runs nothing of an incomplete text. Raises
        `Unreachable` when it ended before it was ready."""
        self.trips += 1
        whole = text if self._equipped else equipped(text)
        self._equipped = self._equipped or whole is not text
        self._write(whole)
        if self._cut_off:
            self.ready()
            raise ConnectionLost("the shell on the host ended before it had read its input")

    def _write(self, text: str) -> None:
        if self._held:
            text, self._held = self._held + text, ""
            self._ready_by = time.monotonic() + self.target.shell_timeout_s
        try:
            # Once it is ready it reads whatever comes; before that it may be something that never will.
            left_s = None if self.pid else max(0.0, self._ready_by - time.monotonic())
            self.process.write(text.encode("utf-8", "surrogateescape"), left_s)
        except TimeoutError:
            raise self._late("") from None
        except ConnectionLost:
            if self.pid or not self.connection.alive():
                raise
            self._cut_off = True  # it ended before it had read everything: what it printed says why

    def begin(self, script: str) -> None:
        """Have the prelude sent, together with what follows it at once."""
        self._held = script

    def ready(self) -> None:
        """Wait until the shell has said that it is ready, which it does before it runs anything of a trip.

        Raises `Unreachable` when it ended instead: nothing has run then. Raises `ConnectionLost`.
        """
        if self._held:
            self._write("")
        heard = errors = b""
        records = self.frames.feed(self.started.early) if not self.pid else []
        while not self._hear_ready(records):
            noise = (heard + b"\n" + errors).decode("utf-8", "replace")
            try:
                got = self.process.read(1.0 if self._cut_off else max(0.0, self._ready_by - time.monotonic()))
            except TimeoutError:
                raise self._late(noise) from None
            if got is None:
                raise ended_early(self.started, self.become, noise)
            heard, errors = (heard + got[0])[-NOISE_LIMIT:], (errors + got[1])[-NOISE_LIMIT:]
            records = self.frames.feed(got[0])

    def _hear_ready(self, records: list[Record]) -> bool:
        for number, record in enumerate(records):
            if isinstance(record, Ready):
                self.pid, self.folder = record.pid, record.folder
                self._early = records[number + 1 :]
                break
            if isinstance(record, Refused):
                raise Unreachable(record.message, become=self.become is not None)
        return bool(self.pid)

    def _late(self, noise: str) -> ConnectionLost | Unreachable:
        text = with_last_line(f"the shell on the host did not get ready in {self.target.shell_timeout_s:g} s", noise)
        # A trip that it may yet read might still be run.
        return ConnectionLost(text) if self.trips else Unreachable(text, become=self.become is not None)

    def records(self, timeout_s: Callable[[], float | None]) -> Iterator[Record]:
        """The records of its answers as they come; `timeout_s` is asked before each wait.

        Raises `TimeoutError`, and `ConnectionLost` when the connection broke, the shell ended or makes no sense.
        """
        early, self._early = self._early, []
        yield from early
        while True:
            got = self.process.read(timeout_s())
            if got is None:
                raise ConnectionLost("the shell on the host ended in the middle of the work")
            try:
                yield from self.frames.feed(got[0])
            except FrameError as error:
                raise ConnectionLost(f"the shell's answer cannot be read: {error}") from None

    def alive(self) -> bool:
        """Whether its connection is open."""
        return self.connection.alive()

    def end_input(self, *, settled: bool, over: bool = False) -> None:
        """Let it end by itself: it goes, and removes its folder unless it keeps something that is not `settled` (in
        the log). `over`: nobody will ever ask for anything of the run. A terminal's input has no end, so it is hung
        up."""
        if settled and (self.keeps or self.asks):
            self._forget("pb_keep=; pb_forget_all" if over and self.asks else "pb_keep=")
        if self.started.tty:
            self.process.close()
        else:
            self.process.close_stdin()

    def _forget(self, said: str) -> None:
        """Have it keep nothing. On a terminal, being hung up could come before it has read that."""
        self.keeps, self.asks = 0, False
        try:
            if not self.started.tty:
                self.process.write(f"{said}\n".encode())
                return
            self.process.write(f"{said}; pb_over= pb_stop=; pb_trip_end\n".encode())
            deadline = time.monotonic() + HANG_UP_S
            for record in self.records(lambda: max(0.0, deadline - time.monotonic())):
                if isinstance(record, TripDone):
                    return
        except (ConnectionLost, TimeoutError):
            return

    def close(self, within_s: float, *, settled: bool) -> None:
        """End it, waiting for at most this time until it has removed its folder; see `end_input`."""
        deadline = time.monotonic() + within_s
        try:
            self.end_input(settled=settled)
            while self.process.read(max(0.0, deadline - time.monotonic())) is not None:
                pass
            self.process.wait(max(0.0, deadline - time.monotonic()))
        except (TimeoutError, ConnectionLost):
            pass
        finally:
            self.process.close()


def open_session(
    connection: Connection, target: Target, become: Become | None, becomes: Becomes, owner: Owner | None
) -> Session:
    """Start a shell and send it the prelude, for the steps of this run.

    Raises `Unreachable`, `SessionRefused`, `ConnectionLost`.

    The login user's shell is not waited for if its name is a Bourne shell's: its first trip follows the prelude at
    once, which saves a round trip. Any other program must first say that it is ready, lest it takes a trip's text for
    its own commands.
    """
    token, nonce = secrets.token_hex(16), secrets.token_hex(16)
    started = start(connection, target, become, becomes)
    try:
        session = Session(connection, target, become, started, Frames(token), token)
        session.begin(session_script(token, nonce, owner))
        if become is not None or not is_bourne(target.shell):
            session.ready()
        return session
    except BaseException:
        started.process.close()
        raise


def is_bourne(shell: str) -> bool:
    """Whether a target's `shell` (a command line) is known as a Bourne shell by its name."""
    words = shell.split() or ["/bin/sh"]
    return words[0].rpartition("/")[2] in BOURNE
