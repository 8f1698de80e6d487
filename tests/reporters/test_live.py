"""The live screen: what lasts, how it folds, and what a real terminal shows of it."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from rich.console import Console

from runner.journal import line
from runner.model.call import Status
from runner.model.event import Event, HostLost, IntentWithdrawn, PlanMade, PlayStart, Recap, Record, RunEnd, TaskIntent
from runner.reporters import ReporterContext
from runner.reporters._fold import PATIENCE_S, names
from runner.reporters._picture import clock, picture
from runner.reporters._progress import Progress
from runner.reporters.live import Live
from tests.reporters.runs import events, result

HOSTS = tuple(f"web{number}" for number in range(1, 49))


def lasting(found: Iterable[Event], width: int = 80, verbosity: int = 0) -> str:
    """The lines that stay, without the display."""
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=False, highlight=False, markup=False, emoji=False)
    reporter = Live(ReporterContext(out, io.StringIO(), line, verbosity=verbosity), console)
    for number, event in enumerate(found):
        reporter.see(Record(number, "run", 1e9 + number / 1000, event))
    reporter.close()
    return out.getvalue()


def test_what_is_the_same_on_many_hosts_is_one_line() -> None:
    def run() -> Iterator[Event]:
        yield PlayStart("site", "p", HOSTS)
        for host in HOSTS:
            yield result("a", host, Status.CHANGED if host in ("web10", "web2") else Status.OK)
        for host in HOSTS:
            yield result("b", host, Status.CHANGED, item="x", final=False)
            yield result("b", host, Status.CHANGED)
        yield RunEnd("ok", 0, dict.fromkeys(HOSTS, Recap(2, 1)))

    assert lasting(run()).splitlines() == [
        "", "PLAY [site]", "", "TASK [a]", "ok: 46 hosts", "changed: [web2], [web10]", "", "TASK [b]",
        "changed: 48 hosts => (item=x)", "", "PLAY RECAP", "48 hosts : ok=2 changed=1",
    ]  # fmt: skip


def test_failures_are_shown_at_once_and_their_like_is_counted() -> None:
    def run() -> Iterator[Event]:
        yield PlayStart("site", "p", HOSTS)
        for host in HOSTS:
            yield result("a", host, Status.FAILED, msg="boom", stderr="why\n", rc=1)
            if host == "web1":
                yield result("b", "web1")
        yield RunEnd("failed", 2, dict.fromkeys(HOSTS, Recap(failed=1)))

    text = lasting(run())
    assert text.count("stderr | why") == 1
    assert "fatal: [web1]: FAILED! => boom (rc=1)\n    stderr | why\n" in text
    assert "fatal: 47 hosts as well => boom (rc=1)\n" in text


def test_a_slow_host_holds_nothing_back_for_long() -> None:
    out = io.StringIO()
    reporter = Live(ReporterContext(out, io.StringIO(), line), Console(file=out, width=80))
    reporter.see(Record(0, "run", 1e9, PlayStart("site", "p", ("a", "slow"))))
    reporter.see(Record(1, "run", 1e9, result("t", "a")))
    assert "ok: [a]" not in out.getvalue()
    reporter.see(Record(2, "run", 1e9 + PATIENCE_S, result("u", "a")))
    assert "TASK [t]\nok: [a]\n" in out.getvalue()
    reporter.close()
    assert "TASK [u]\nok: [a]\n" in out.getvalue()


def test_a_run_with_a_bit_of_everything() -> None:
    text = lasting(events(), width=80)
    for row in (
        "[WARNING]: [web1]: something is odd\n    here\n",
        "+listen 8080;\n",
        "changed: [web1] => (item={'x': 1})\n",
        "fatal: [web1]: FAILED! => non-zero return code (rc=3)\n    cmd    | sh -c 'exit 3'\n",
        "    stderr | \\x1b[2J\\x1b]0;owned\\x07bar\\xff\\u202e\n",
        "fatal: [db1]: INDETERMINATE! => the connection broke: the step may have run\n",
        "may run: [web2]\n",
        "[web2]: ...ignoring\n",
        "RUNNING HANDLER [restart]\n",
        "skipping: no hosts matched\n",
        "web2 : ok=4 changed=1 unreachable=1 unknown=1\n",
    ):
        assert row in text
    assert "\x1b" not in text and text.count("One or more items failed") == 0


def test_progress_counts() -> None:
    seen = Progress()
    tasks = [{"id": "one"}, {"id": "two"}, {"id": "h", "handler": True}]
    seen.see(PlanMade(({"name": "site", "tasks": tasks},)))
    seen.see(PlayStart("site", "p", ("a", "b", "c", "d")))
    (progress,) = seen.shown()
    for host in "abcd":
        seen.see(TaskIntent("site", "one", "one", host, None, 1, "m", "read", "0"))
    assert progress.running == set("abcd") and progress.share == 0
    seen.see(result("one", "a"))
    seen.see(result("one", "b", Status.FAILED))
    seen.see(IntentWithdrawn("one", "d"))
    seen.see(result("two", "a"))
    assert (progress.finished, progress.running, progress.out) == ({"a"}, {"c"}, {"b"})
    assert progress.share == 0.5
    seen.see(result("one", "c", Status.FAILED, ignored=True))
    seen.see(result("h", "c", handler=True))
    assert progress.out == {"b"} and progress.finished == {"a"}
    assert progress.current() == []


def test_plays_side_by_side() -> None:
    seen = Progress()
    for play in ("x", "y", "z"):
        seen.see(PlayStart(play, play, ("a",)))
        if play != "y":
            seen.see(TaskIntent(play, f"task of {play}", play, "a", None, 1, "m", "read", "0"))
    assert [play.name for play in seen.shown()] == ["x", "z"]
    console = Console(file=io.StringIO(), width=80, record=True)
    console.print(picture(seen, 0))
    assert [row.split("  ")[0] or row.split()[0] for row in console.export_text().splitlines() if row.strip()] == [
        "PLAY x", "task", "PLAY z", "task",
    ]  # fmt: skip
    seen.see(HostLost("a", "run", "gone"))
    assert [play.name for play in seen.shown()] == ["z"]


@pytest.mark.parametrize("width", [80, 40, 200])
def test_the_display_fits(width: int) -> None:
    progress = Progress()
    name = "a play \x1b with a long name, longer than a narrow terminal has columns"
    progress.see(PlayStart(name, "p", HOSTS))
    for number in range(7):
        for host in HOSTS[: number + 1]:
            progress.see(TaskIntent(name, f"task {number} " + "x" * 90, str(number), host, None, 1, "m", "read", "0"))
    console = Console(file=io.StringIO(), width=width, record=True, force_terminal=True)
    console.print(picture(progress, 61))
    rows = console.export_text().splitlines()
    assert len(rows) == 9
    assert not rows[0].strip()
    assert all(len(row) <= width for row in rows)
    if width >= 80:
        assert rows[1].endswith("0/48 hosts done · 7 running 1:01")
        assert rows[3].rstrip().endswith("0/1 done · [web1]")
        assert re.search(r"0/5 done · \[.*…$", rows[7].rstrip())
        assert rows[8].strip() == "and 2 more tasks"


def test_names_and_clock() -> None:
    assert names(["web10", "web2"]) == "[web2], [web10]"
    assert names(HOSTS) == "48 hosts"
    assert names(["x" * 90]) == f"[{'x' * 90}]"
    assert [clock(seconds) for seconds in (0.9, 61, 3600)] == ["0:00", "1:01", "1:00:00"]


SCRIPT = """
import os, sys, time
from runner.journal import line
from runner.model.event import *
from runner.registry import load
from runner.reporters import context_for
from tests.reporters.runs import events
reporter = load("reporters", "live").create(context_for(sys.stdout, sys.stderr, line, os.environ))
for number, event in enumerate(events()):
    reporter.see(Record(number, "run", 1e9 + number, event))
    if isinstance(event, TaskIntent) and event.host == "db1":
        open(sys.argv[1], "w").close()
        while os.path.exists(sys.argv[1]):
            time.sleep(0.02)
reporter.close()
print("THE END")
time.sleep(60)
"""


@pytest.mark.skipif(not shutil.which("tmux"), reason="needs tmux")
@pytest.mark.parametrize("environ", [{}, {"NO_COLOR": "1"}])
def test_on_a_real_terminal(tmp_path: Path, environ: dict[str, str]) -> None:
    script, waiting, socket = tmp_path / "run.py", tmp_path / "waiting", str(tmp_path / "socket")
    script.write_text(SCRIPT)

    def tmux(*words: str) -> str:
        command = ["tmux", "-S", socket, "-f", "/dev/null", *words]
        return subprocess.run(
            command, capture_output=True, text=True, check=True, env={**clean, "LC_ALL": "C.UTF-8"}
        ).stdout

    def until(word: str) -> str:
        for _ in range(200):
            screen = tmux("capture-pane", "-p", "-S", "-200")
            if word in screen:
                return screen
            time.sleep(0.05)
        raise AssertionError(screen)

    clean = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "CI", "TMUX"}} | environ
    run = f"PYTHONPATH={Path.cwd()} exec {sys.executable} {script} {waiting}"
    tmux("new-session", "-d", "-x", "80", "-y", "24", run)
    try:
        during = until("0/3 hosts done · 3 running")
        assert "0/3 done · [db1], [web1], [web2]" in during
        waiting.unlink()
        after = until("THE END")
        coloured = tmux("capture-pane", "-p", "-e", "-S", "-200")
    finally:
        tmux("kill-server")
    assert "hosts done" not in after  # the display is gone, the lines stay
    assert "fatal: [web2]: UNREACHABLE! => connection refused" in after
    assert bool(re.search(r"\x1b\[3[0-8]", coloured)) == (not environ)
