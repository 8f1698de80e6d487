"""local: the controller itself as a host, with processes in place of ssh channels."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import selectors
import signal
import subprocess
import termios
import threading
import time
import tty
from collections.abc import Callable
from pathlib import Path
from typing import Final

from runner.errors import ConnectionLost, Unreachable
from runner.model.call import Target

READ_SIZE: Final = 1 << 18
PIPE_SIZE: Final = 1 << 20
F_SETPIPE_SZ: Final = 1031  # fcntl(2), Linux


def connect(target: Target, notice: Callable[[str], None]) -> LocalConnection:  # noqa: ARG001 - the port's signature
    """A connection to this machine as the user who runs the program; see `runner.model.ports.Transport`."""
    return LocalConnection()


class LocalConnection:
    """Starts processes, each in a session of its own, in the user's home folder."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._processes: set[LocalProcess] = set()
        self._closed = False

    def start(self, command: str, *, tty: bool = False) -> LocalProcess:
        """Run a command line through /bin/sh. Raises `ConnectionLost` when closed, `Unreachable` when it cannot be
        started."""
        if self._closed:
            raise ConnectionLost("the connection is closed")
        home = str(Path.home())
        try:
            process = LocalProcess(command, home if Path(home).is_dir() else "/", tty, self._forget)
        except OSError as error:
            raise Unreachable(f"cannot start a shell here: {(error.strerror or '').lower()}") from None
        with self._lock:
            self._processes.add(process)
        return process

    def alive(self) -> bool:
        """Whether it was not closed."""
        return not self._closed

    def close(self) -> None:
        """End all its processes; harmless when closed."""
        self._closed = True
        with self._lock:
            processes = list(self._processes)
        for process in processes:
            process.close()

    def _forget(self, process: LocalProcess) -> None:
        with self._lock:
            self._processes.discard(process)


class LocalProcess:
    """One command with pipes (or a raw terminal, where stderr is merged into stdout)."""

    def __init__(self, command: str, cwd: str, tty: bool, forget: Callable[[LocalProcess], None]) -> None:
        self._forget = forget
        self._lock = threading.Lock()
        self._stdin, self._streams, self._process = _on_terminal(command, cwd) if tty else _on_pipes(command, cwd)
        self._selector = selectors.DefaultSelector()
        for number, stream in enumerate(self._streams):
            self._selector.register(stream, selectors.EVENT_READ, number)

    def write(self, data: bytes, timeout_s: float | None = None) -> None:
        """Send to its stdin; raises `ConnectionLost` when it has ended. See `runner.model.ports.Process`."""
        view = memoryview(data)
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        try:
            while view:
                if deadline is None:
                    view = view[os.write(self._stdin, view) :]
                elif _has_room(self._stdin, deadline - time.monotonic()):
                    view = view[os.write(self._stdin, view[: select.PIPE_BUF]) :]
                else:
                    raise TimeoutError
        except TimeoutError:
            raise
        except OSError as error:
            raise ConnectionLost("the command ended before it had read its input") from error

    def close_stdin(self) -> None:
        """End of its input; on a terminal a hangup, since a terminal has no end."""
        with self._lock:
            stdin, self._stdin = self._stdin, -1
        if stdin >= 0 and stdin not in self._streams:
            os.close(stdin)
        elif stdin >= 0:
            self._signal(signal.SIGHUP)

    def read(self, timeout_s: float | None) -> tuple[bytes, bytes] | None:
        """What has arrived; see `runner.model.ports.Process`."""
        found = [b"", b""]
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while self._selector.get_map():
            ready = self._selector.select(None if deadline is None else max(0.0, deadline - time.monotonic()))
            if not ready:
                raise TimeoutError
            for key, _ in ready:
                with contextlib.suppress(OSError):  # a terminal whose other side is closed: EIO
                    found[key.data] = os.read(key.fd, READ_SIZE)
                if not found[key.data]:
                    self._selector.unregister(key.fd)
            if found[0] or found[1]:
                return found[0], found[1]
        return None

    def wait(self, timeout_s: float) -> int | None:
        """Its exit code (128 + number when a signal ended it), None when there is none in time."""
        try:
            code = self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None
        return code if code >= 0 else 128 - code

    def close(self) -> None:
        """Hang up, and kill what does not go."""
        self.close_stdin()
        if self._process.poll() is None:
            self._signal(signal.SIGHUP)
            try:
                self._process.wait(1)
            except subprocess.TimeoutExpired:
                self._signal(signal.SIGKILL)
                self._process.wait()
        self._forget(self)
        with self._lock:
            streams, self._streams = self._streams, ()
        if streams:
            self._selector.close()
        for stream in set(streams):
            os.close(stream)

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)


def _has_room(stream: int, within_s: float) -> bool:
    """Whether a pipe takes `PIPE_BUF` bytes without a wait, in time (poll(2): not select, which knows few streams)."""
    poll = select.poll()
    poll.register(stream, select.POLLOUT)
    return bool(poll.poll(max(0.0, within_s) * 1000))


Opened = tuple[int, tuple[int, ...], "subprocess.Popen[bytes]"]


def _on_pipes(command: str, cwd: str) -> Opened:
    ends = [os.pipe() for _ in range(3)]
    for end in ends:
        with contextlib.suppress(OSError):
            fcntl.fcntl(end[1], F_SETPIPE_SZ, PIPE_SIZE)
    (stdin, write), (out, out_child), (err, err_child) = ends
    try:
        process = _spawn(command, cwd, stdin, out_child, err_child)
    except OSError:
        for stream in (write, out, err):
            os.close(stream)
        raise
    finally:
        for stream in (stdin, out_child, err_child):
            os.close(stream)
    return write, (out, err), process


def _on_terminal(command: str, cwd: str) -> Opened:
    here, there = pty.openpty()
    try:
        tty.setraw(there)
        modes = termios.tcgetattr(there)
        modes[3] &= ~(termios.ECHO | termios.ECHONL)
        termios.tcsetattr(there, termios.TCSANOW, modes)
        process = _spawn(command, cwd, there, there, there, terminal=there)
    except OSError:
        os.close(here)
        raise
    finally:
        os.close(there)
    return here, (here,), process


def _spawn(command: str, cwd: str, stdin: int, out: int, err: int, terminal: int = -1) -> subprocess.Popen[bytes]:
    text = command
    if terminal >= 0:
        # The first terminal a session leader opens becomes its own: what su and doas ask on.
        text = f"exec <{os.ttyname(terminal)}; {command}"
    return subprocess.Popen(
        ["/bin/sh", "-c", text], stdin=stdin, stdout=out, stderr=err, cwd=cwd, start_new_session=True
    )
