"""A persistent shell on a host that takes trips, one at a time."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator

from runner.dispatch._shell import NOISE_LIMIT, START_TIMEOUT_S, Becomes, Started, ended_early, start, with_last_line
from runner.errors import ConnectionLost, Unreachable
from runner.model.call import Become, Target
from runner.model.ports import Connection, Process
from runner.model.quick import dataclass
from runner.sh.frames import FrameError, Frames, Ready, Record, Refused
from runner.sh.prelude import session_script


@dataclass(slots=True)
class Session:
    """One shell that said it is ready. `folder` is its private folder on the host, `pid` its process there."""

    connection: Connection
    target: Target
    become: Become | None
    process: Process
    frames: Frames
    token: str
    pid: int
    folder: str
    tty: bool = False
    trips: int = 0

    def send(self, text: str) -> None:
        """Send a trip's text. Raises `ConnectionLost`; the shell runs nothing of an incomplete text."""
        self.trips += 1
        self.process.write(text.encode("utf-8", "surrogateescape"))

    def records(self, timeout_s: Callable[[], float | None]) -> Iterator[Record]:
        """The records of its answers as they come; `timeout_s` is asked before each wait.

        Raises `TimeoutError`, and `ConnectionLost` when the connection broke, the shell ended or makes no sense.
        """
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

    def end_input(self) -> None:
        """Let it end by itself: it removes its folder and goes. A terminal's input has no end, so it is hung up."""
        if self.tty:
            self.process.close()
        else:
            self.process.close_stdin()

    def close(self, within_s: float) -> None:
        """End it, waiting for at most this time until it has removed its folder."""
        deadline = time.monotonic() + within_s
        try:
            self.end_input()
            while self.process.read(max(0.0, deadline - time.monotonic())) is not None:
                pass
            self.process.wait(max(0.0, deadline - time.monotonic()))
        except (TimeoutError, ConnectionLost):
            pass
        finally:
            self.process.close()


def open_session(connection: Connection, target: Target, become: Become | None, becomes: Becomes) -> Session:
    """Start a shell and send it the prelude. Raises `Unreachable`, `SessionRefused`, `ConnectionLost`."""
    token, nonce = secrets.token_hex(16), secrets.token_hex(16)
    started = start(connection, target, become, becomes)
    try:
        return _await_ready(connection, target, become, started, token, session_script(token, nonce))
    except BaseException:
        started.process.close()
        raise


def _await_ready(
    connection: Connection, target: Target, become: Become | None, started: Started, token: str, script: str
) -> Session:
    frames = Frames(token)
    heard = errors = b""
    records = frames.feed(started.early)
    deadline = time.monotonic() + START_TIMEOUT_S
    broken = False
    try:
        started.process.write(script.encode("utf-8", "surrogateescape"))
    except ConnectionLost:
        if not connection.alive():
            raise
        broken = True  # it ended before it had read everything: what it printed says why
    while True:
        for record in records:
            if isinstance(record, Ready):
                return Session(
                    connection, target, become, started.process, frames, token, record.pid, record.folder, started.tty
                )
            if isinstance(record, Refused):
                raise Unreachable(record.message, become=become is not None)
        noise = (heard + b"\n" + errors).decode("utf-8", "replace")
        try:
            got = started.process.read(max(0.0, 1.0 if broken else deadline - time.monotonic()))
        except TimeoutError:
            text = f"the shell on the host did not get ready in {START_TIMEOUT_S:g} s"
            raise Unreachable(with_last_line(text, noise), become=become is not None) from None
        if got is None:
            raise ended_early(started, become, noise)
        heard, errors = (heard + got[0])[-NOISE_LIMIT:], (errors + got[1])[-NOISE_LIMIT:]
        records = frames.feed(got[0])
