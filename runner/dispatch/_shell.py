"""A program on a host as the login user or another: started in plain words, past every prompt, ready for its stdin.

Whatever a login shell prints before (a noisy rc file, a message of the day) is skipped; it may be csh, fish or nologin.
"""

from __future__ import annotations

import secrets
import shlex
import time
from collections.abc import Callable
from typing import Final

from runner.errors import ConnectionLost, Unreachable
from runner.model.call import Become, Target
from runner.model.ports import BecomeCommand, BecomeMethod, Connection, Process
from runner.model.quick import dataclass

NOISE_LIMIT: Final = 64 << 10
NOLOGIN: Final = ("currently not available", "nologin", "account is disabled", "This account is")

Becomes = Callable[[str], BecomeMethod]


@dataclass(frozen=True, slots=True)
class Started:
    """A running program. `early` is what it had written to stdout already; `tty`: both streams are one, its stdin has
    no end. `refusal` explains a program that ended at once from what it printed."""

    process: Process
    refusal: Callable[[str], str | None]
    early: bytes = b""
    tty: bool = False


def start(
    connection: Connection, target: Target, become: Become | None, becomes: Becomes, script: str | None = None
) -> Started:
    """Start the target's shell, which reads its stdin, or `script`, one line of sh that may read it.

    Raises `Unreachable` (with `become` set when that was refused), `ConnectionLost`.
    """
    shell = " ".join(shlex.quote(word) for word in shlex.split(target.shell) or ["/bin/sh"])
    if become is None:
        return Started(connection.start("exec " + (f"{shell} -c {shlex.quote(script)}" if script else shell)), _nothing)
    method = becomes(become.method)
    prompt = f"pbrun-{secrets.token_hex(8)}:"
    bare = method.command(become, shell, prompt)

    def refusal(text: str) -> str | None:
        return method.refusal(text, become)

    if not bare.prompt:
        asked = method.command(become, f"{shell} -c {shlex.quote(script)}" if script else shell, prompt)
        return Started(connection.start(f"exec {asked.command}"), refusal)
    begin, ready = f"pbrun-{secrets.token_hex(8)}", f"pbrun-{secrets.token_hex(8)}"
    inner = script or (f"cat | {shell}" if bare.needs_tty else f"exec {shell}")
    asked = method.command(become, f"{shell} -c {shlex.quote(f'echo {ready}; {inner}')}", prompt)
    line = f"echo {begin}; echo {begin} >&2; exec {asked.command}"
    process = connection.start(f"exec {shell} -c {shlex.quote(line)}", tty=asked.needs_tty)
    try:
        early = _Talk(process, asked, become, begin.encode(), ready.encode(), refusal).run(target.shell_timeout_s)
    except BaseException:
        process.close()
        raise
    return Started(process, refusal, early, asked.needs_tty)


def _nothing(_: str) -> None:
    """The refusal of a login shell: it has none."""


@dataclass(slots=True)
class _Talk:
    """The conversation with a become method that may ask for a password.

    `begin` stands on both streams where the login shell's noise ends: what looks like a prompt before it is none, and
    a password sent there could be run as a command. `ready` stands where the other user's shell begins.
    """

    process: Process
    asked: BecomeCommand
    become: Become
    begin: bytes
    ready: bytes
    refusal: Callable[[str], str | None]
    out: bytes = b""
    err: bytes = b""
    answered: bool = False

    def run(self, within_s: float) -> bytes:
        """Answer the prompt, once. Returns what came on stdout after the ready mark."""
        deadline = time.monotonic() + within_s
        while True:
            try:
                got = self.process.read(max(0.0, deadline - time.monotonic()))
            except TimeoutError:
                raise self._refused(
                    f"{self.become.method}: no answer in {within_s:g} s while becoming {self.become.user}"
                ) from None
            if got is None:
                raise self._refused(f"{self.become.method} ended without a word")
            self.out, self.err = self.out + got[0], self.err + got[1]
            # Looked at whole before it is cut: a program may send much in the same breath as its mark.
            before, found, after = self.out.partition(self.ready + b"\n")
            if found:
                return after
            self._answer(_after(before, self.begin) + _after(self.err, self.begin))
            self.out, self.err = _cut(self.out, self.begin), _cut(self.err, self.begin)

    def _answer(self, said: bytes) -> None:
        asks = said.count(self.asked.prompt.encode())
        if self.answered:
            if asks > 1 or any(text.encode() in said for text in self.asked.wrong_password):
                raise self._refused(f"{self.become.method}: wrong password for becoming {self.become.user}")
        elif asks:
            if not self.become.password:
                raise self._refused(f"{self.become.method}: a password is required to become {self.become.user}")
            self.answered = True
            self.process.write(self.become.password.reveal().encode("utf-8", "surrogateescape") + b"\n")

    def _refused(self, otherwise: str) -> Unreachable:
        said = _after(self.out, self.begin) + b"\n" + _after(self.err, self.begin)
        text = (said if said.strip() else self.out + b"\n" + self.err).decode("utf-8", "replace")
        return Unreachable(self.refusal(text) or with_last_line(otherwise, text), become=True)


def _after(text: bytes, mark: bytes) -> bytes:
    """What follows the mark's last line; nothing without one."""
    return text.rpartition(mark)[2].lstrip(b"\n") if mark in text else b""


def _cut(text: bytes, mark: bytes) -> bytes:
    """No more than is needed, the mark kept."""
    if len(text) <= NOISE_LIMIT:
        return text
    return (mark + b"\n" if mark in text else b"") + text[-NOISE_LIMIT:]


def ended_early(started: Started, become: Become | None, noise: str) -> Unreachable:
    """Why a shell ended before it was ready."""
    reason = started.refusal(noise)
    if reason is not None:
        return Unreachable(reason, become=True)
    if become is None and any(text in noise for text in NOLOGIN):
        return Unreachable(with_last_line("the login user may not use a shell on this host", noise))
    try:
        code = started.process.wait(1.0)
    except ConnectionLost as error:
        return Unreachable(str(error))
    who = "the login shell" if become is None else f"the shell of {become.user} ({become.method})"
    text = f"{who} ended at once" + (f" with exit code {code}" if code is not None else "")
    return Unreachable(with_last_line(text, noise), become=become is not None)


def with_last_line(text: str, output: str) -> str:
    """`text`, and the last line that a program printed."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return f"{text}: {lines[-1][:300]}" if lines else text
