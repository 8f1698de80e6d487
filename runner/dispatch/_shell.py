"""A program on a host as the login user or another: started in plain words, past every prompt, ready for its stdin.

Whatever a login shell prints before (a noisy rc file, a message of the day) is skipped; it may be csh, fish or nologin.
"""

from __future__ import annotations

import secrets
import shlex
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from runner.errors import ConnectionLost, Unreachable
from runner.model.call import Become, Target
from runner.model.ports import BecomeCommand, BecomeMethod, Connection, Process

START_TIMEOUT_S: Final = 60.0
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
        line = f"exec {shell}" if script is None else f"exec {shell} -c {shlex.quote(script)}"
        return Started(connection.start(line), lambda _: None)
    mark = secrets.token_hex(8)
    method = becomes(become.method)
    prompt = f"pbrun-{secrets.token_hex(8)}:"
    bare = method.command(become, shell, prompt)
    inner = script or (f"cat | {shell}" if bare.needs_tty else f"exec {shell}")
    asked = method.command(become, f"{shell} -c {shlex.quote(f'echo {mark}; {inner}')}", prompt)
    process = connection.start(f"echo {mark}; exec {asked.command}", tty=asked.needs_tty)
    started = Started(process, lambda text: method.refusal(text, become), tty=asked.needs_tty)
    if not asked.prompt:
        return started
    try:
        early = _Talk(process, asked, become, mark.encode(), started.refusal).run()
    except BaseException:
        process.close()
        raise
    return Started(process, started.refusal, early, asked.needs_tty)


@dataclass(slots=True)
class _Talk:
    """The conversation with a become method. The mark stands before it, where the login shell's noise ends, and
    after it, where the other user's shell begins."""

    process: Process
    asked: BecomeCommand
    become: Become
    mark: bytes
    refusal: Callable[[str], str | None]
    out: bytes = b""
    seen: bytes = b""
    answered: bool = False

    def run(self) -> bytes:
        """Answer the prompt, once. Returns what came on stdout after the second mark."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                got = self.process.read(max(0.0, deadline - time.monotonic()))
            except TimeoutError:
                raise self._refused(
                    f"{self.become.method}: no answer in {START_TIMEOUT_S:g} s while becoming {self.become.user}"
                ) from None
            if got is None:
                raise self._refused(f"{self.become.method} ended without a word")
            # Looked at whole before it is cut: a program may send much in the same breath as its mark.
            self.out += got[0]
            parts = self.out.split(self.mark + b"\n", 2)
            if len(parts) == 3:
                return parts[2]
            self.out = self.out[-NOISE_LIMIT:]
            self.seen = (self.seen + got[0] + got[1])[-NOISE_LIMIT:]
            if len(parts) == 2:
                self._answer()

    def _answer(self) -> None:
        prompt = self.asked.prompt.encode()
        if self.answered:
            wrong = any(text.encode() in self.seen for text in self.asked.wrong_password)
            if wrong or prompt in self.seen:
                raise self._refused(f"{self.become.method}: wrong password for becoming {self.become.user}")
        elif prompt in self.seen:
            if not self.become.password:
                raise self._refused(f"{self.become.method}: a password is required to become {self.become.user}")
            self.answered = True
            self.seen = b""
            self.process.write(self.become.password.reveal().encode("utf-8", "surrogateescape") + b"\n")

    def _refused(self, otherwise: str) -> Unreachable:
        text = self.seen.decode("utf-8", "replace")
        return Unreachable(
            self.refusal(text) or with_last_line(otherwise, text.replace(self.mark.decode(), "")), become=True
        )


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
