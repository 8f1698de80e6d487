"""Running a command for a channel: input and output pumped both ways at once, and killed when the channel closes."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO, Final

import paramiko

BLOCK: Final = 64 * 1024
LOOK_S: Final = 0.2  # how long a closed channel goes unseen while a command says nothing
PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def run_command(channel: paramiko.Channel, program: str, argv: list[str], home: Path, user: str) -> None:
    """Run `program` with `argv` in `home`, its streams on `channel`, and report its exit status as sshd does.

    The status is sent when the command ends; the channel stays open for children that still hold its output. A
    command under way is killed, with its process group, when the client closes the channel.
    """
    try:
        process = subprocess.Popen(
            argv,
            executable=program,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=home,
            env={"HOME": str(home), "PATH": PATH, "USER": user, "LOGNAME": user, "SHELL": program, "LANG": "C.UTF-8"},
            start_new_session=True,
        )
    except OSError as error:
        _end(channel, 127, f"{program}: {error.strerror}\n")
        return
    except ValueError:
        _end(channel, 126, "a command cannot hold a NUL\n")
        return
    assert process.stdin and process.stdout and process.stderr
    pumps = [
        threading.Thread(target=_pump, args=(process.stdout, channel.sendall, channel), daemon=True),
        threading.Thread(target=_pump, args=(process.stderr, channel.sendall_stderr, channel), daemon=True),
        threading.Thread(target=_feed, args=(channel, process.stdin), daemon=True),
    ]
    for pump in pumps:
        pump.start()
    status = _wait(process, channel)
    with contextlib.suppress(OSError, paramiko.SSHException):
        channel.send_exit_status(status if status >= 0 else 128 - status)
    for pump in pumps[:2]:
        pump.join()
    with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
        channel.close()


def _wait(process: subprocess.Popen[bytes], channel: paramiko.Channel) -> int:
    """The exit code; the whole group is killed if the channel closes before."""
    ended = threading.Event()

    def reap() -> None:
        process.wait()  # with a timeout it would poll
        ended.set()

    threading.Thread(target=reap, daemon=True).start()
    while not ended.wait(LOOK_S):
        if channel.closed:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
    return process.returncode


def _pump(source: IO[bytes], send: Callable[[bytes], None], channel: paramiko.Channel) -> None:
    """From the command to the client; blocks while the client's window is full, so memory stays small."""
    with source, contextlib.suppress(OSError, EOFError, paramiko.SSHException):
        ready = select.poll()
        ready.register(source, select.POLLIN)
        while not channel.closed:
            if ready.poll(LOOK_S * 1000):
                data = os.read(source.fileno(), BLOCK)
                if not data:
                    return
                send(data)


def _feed(channel: paramiko.Channel, sink: IO[bytes]) -> None:
    """From the client to the command, until the client has no more or the command reads no more."""
    with contextlib.suppress(OSError, EOFError):
        while data := channel.recv(BLOCK):
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(sink.fileno(), rest) :]
    with contextlib.suppress(OSError):
        sink.close()


def _end(channel: paramiko.Channel, status: int, text: str) -> None:
    with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
        channel.sendall_stderr(text.encode())
        channel.send_exit_status(status)
        channel.close()
