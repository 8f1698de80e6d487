"""A real terminal (tmux) that pbrun runs in: keys go in, and the lines a user would see come out."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.end_to_end.process import ROOT, environment


@dataclass(frozen=True, slots=True)
class Terminal:
    """One tmux server of the test's own."""

    socket: str

    def tmux(self, *words: str) -> str:
        """Run a tmux command; its output."""
        command = ["tmux", "-S", self.socket, "-f", "/dev/null", *words]
        clean = {name: value for name, value in os.environ.items() if name not in ("TMUX", "NO_COLOR", "CI")}
        done = subprocess.run(
            command, capture_output=True, text=True, check=True, env={**clean, "LC_ALL": "C.UTF-8"}, timeout=20
        )
        return done.stdout

    def screen(self) -> str:
        """All lines so far, also those that have scrolled away."""
        return self.tmux("capture-pane", "-p", "-S", "-500").rstrip("\n")

    def until(self, text: str, times: int = 1) -> str:
        """Wait until the last line holds `text`, and all lines `times` times or more; the screen then."""
        for _ in range(600):
            screen = self.screen()
            if text in screen.rpartition("\n")[2] and screen.count(text) >= times:
                return screen
            time.sleep(0.05)
        raise AssertionError(f"{text!r} did not come; the screen:\n{screen}")

    def keys(self, *words: str) -> None:
        """Press keys: text, or names as tmux knows them (`Enter`, `C-c`)."""
        self.tmux("send-keys", *words)


@contextmanager
def terminal(state: Path, *words: str, width: int = 80) -> Iterator[Terminal]:
    """`pbrun` with these words in a terminal; `rc=N` is the last line when it has ended."""
    command = shlex.join([sys.executable, "-m", "runner", *words])
    settings = " ".join(f"{name}={shlex.quote(value)}" for name, value in environment(state).items())
    script = f"cd {shlex.quote(str(ROOT))}; env {settings} {command}; echo rc=$?; sleep 60"
    made = Terminal(str(state / "tmux"))
    made.tmux("new-session", "-d", "-x", str(width), "-y", "40", script)
    try:
        yield made
    finally:
        made.tmux("kill-server")
