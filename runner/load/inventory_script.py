"""Running an inventory script: only one that nobody else can change, without a shell, within limits."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from pathlib import Path
from typing import IO, Final

from runner.model.quick import dataclass

TIMEOUT_S: Final = 60.0
MAX_OUTPUT: Final = 64 * 1024 * 1024
# How long output may still come after the script itself has ended (a child of it may hold the pipe for ever).
_DRAIN_S: Final = 0.5
_ELF: Final = b"\x7fELF"


class ScriptFault(Exception):
    """The script cannot be run or did not do what it should; the text says why."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds a script may run and bytes it may print."""

    timeout_s: float = TIMEOUT_S
    max_output: int = MAX_OUTPUT


def is_script(path: Path) -> bool:
    """Whether a file is meant to be run: it is executable and begins as a program does (`#!` or ELF)."""
    if not path.is_file() or not os.access(path, os.X_OK):
        return False
    try:
        with path.open("rb") as opened:
            return opened.read(4).startswith((b"#!", _ELF))
    except OSError:
        return False


def run_script(path: str, arguments: list[str], limits: Limits | None = None) -> bytes:
    """What the script printed on stdout. Raises ScriptFault, with the end of its stderr, when anything is wrong."""
    limits = limits or Limits()
    try:
        process = subprocess.Popen(
            [path, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise ScriptFault(f"cannot be run: {error.strerror or error}") from None
    try:
        stdout, stderr, reason = _collect(process, limits)
    finally:
        _end(process)
    if reason is None and process.returncode != 0:
        reason = f"ended with exit code {process.returncode}"
    if reason is not None:
        raise ScriptFault(f"{' '.join(arguments)} {reason}{_quoted(stderr)}")
    return stdout


def _collect(process: subprocess.Popen[bytes], limits: Limits) -> tuple[bytes, bytes, str | None]:
    """Both streams until they end, the script has ended and is silent, or a limit is reached (then also why)."""
    assert process.stdout and process.stderr
    output: dict[IO[bytes], bytearray] = {process.stdout: bytearray(), process.stderr: bytearray()}
    deadline = time.monotonic() + limits.timeout_s
    with selectors.DefaultSelector() as selector:
        for stream in output:
            selector.register(stream, selectors.EVENT_READ)
        while selector.get_map():
            left = deadline - time.monotonic()
            if left <= 0:
                reason = f"did not end within {limits.timeout_s:g} s"
                return bytes(output[process.stdout]), bytes(output[process.stderr]), reason
            ready = selector.select(min(left, _DRAIN_S))
            if not ready and process.poll() is not None:
                break
            for key, _ in ready:
                stream = key.fileobj  # type: ignore[assignment]
                block = os.read(key.fd, 65536)
                output[stream] += block
                if not block:
                    selector.unregister(stream)
            if sum(map(len, output.values())) > limits.max_output:
                return b"", bytes(output[process.stderr]), f"printed more than {limits.max_output} bytes"
    try:
        process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        return b"", bytes(output[process.stderr]), f"did not end within {limits.timeout_s:g} s"
    return bytes(output[process.stdout]), bytes(output[process.stderr]), None


def _end(process: subprocess.Popen[bytes]) -> None:
    """Nothing of the script stays behind: its whole process group is killed if it did not end by itself."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    for stream in (process.stdout, process.stderr):
        if stream:
            stream.close()


def _quoted(stderr: bytes) -> str:
    lines = stderr.decode("utf-8", "replace").strip().splitlines()
    return "; it said: " + " | ".join(line.strip() for line in lines[-5:]) if lines else ""
