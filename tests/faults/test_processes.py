"""Signals, memory and clocks: of commands on hosts, and of the controller itself."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.end_to_end.process import ROOT, environment, pbrun, read_log, write_playbook

HOST = ("-i", "h,", "-c", "local")


def book(folder: Path, *tasks: str) -> str:
    """A playbook of these tasks."""
    lines = ["- hosts: all", "  gather_facts: false", "  tasks:", *(f"    - {task}" for task in tasks)]
    return write_playbook(folder / "p.yaml", "\n".join(lines) + "\n")


def begin(folder: Path, *words: str, first: Callable[[], None] | None = None, **more: str) -> subprocess.Popen[bytes]:
    """pbrun as a process that does something to itself first."""
    return subprocess.Popen(
        [sys.executable, "-m", "runner", *words], cwd=ROOT, env={**environment(folder), **more},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=first,
    )  # fmt: skip


def until(path: Path) -> None:
    """Wait for a file."""
    end = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < end, f"{path} never came"
        time.sleep(0.02)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGPIPE])
def test_a_command_that_a_signal_ends_has_failed(tmp_path: Path, number: signal.Signals) -> None:
    """F2: `128 + N`; the shell that carries the next steps is another one, and lives."""
    tasks = (
        f"{{name: ended, shell: 'echo before; kill -{int(number)} $$; echo never', ignore_errors: true, register: r}}",
        "{name: after, shell: 'echo {{ r.rc }} {{ r.stdout }}'}",
    )
    run = pbrun(tmp_path, book(tmp_path, *tasks), *HOST)
    (line,) = run.results(task="ended")
    assert (run.code, line["status"], line["rc"], line["stdout"]) == (0, "failed", 128 + number, "before")
    assert run.results(task="after")[0]["stdout"] == f"{128 + number} before"
    assert f"rc={128 + number}" in run.out


def test_a_controller_that_is_stopped_for_a_while_goes_on(tmp_path: Path) -> None:
    """F20: SIGSTOP and SIGCONT, for longer than the step and the limits it has left."""
    mark = tmp_path / "begun"
    tasks = (
        f"{{name: slow, shell: 'touch {mark}; sleep 0.3; echo done', timeout: 2}}",
        "{name: after, command: echo after}",
    )
    log = tmp_path / "log"
    run = begin(tmp_path, book(tmp_path, *tasks), *HOST, "--log", str(log))
    until(mark)
    run.send_signal(signal.SIGSTOP)
    time.sleep(2.5)
    run.send_signal(signal.SIGCONT)
    out, err = run.communicate(timeout=60)
    assert run.returncode == 0, out + err
    results = [line for line in read_log(log) if line["type"] == "task_result"]
    assert [line["stdout"] for line in results] == ["done", "after"]


def most_memory(run: subprocess.Popen[bytes]) -> int:
    """How many bytes the process ever had in memory, once it has ended; it must have ended well."""
    _, status, used = os.wait4(run.pid, 0)
    run.returncode = os.waitstatus_to_exitcode(status)
    assert run.stdout and run.stderr
    said = run.stdout.read() + run.stderr.read()
    assert run.returncode == 0, said
    return used.ru_maxrss * 1024


def test_much_output_within_little_memory(tmp_path: Path) -> None:
    """F25: of what is printed the beginning and the end are kept, and the run itself stays small."""
    text = "echo first; yes a line of output | head -c 90000000; echo; echo last"
    log = tmp_path / "log"
    words = (book(tmp_path, f"{{name: flood, shell: '{text}'}}", "{name: after, command: echo after}"), *HOST)
    assert most_memory(begin(tmp_path, *words, "--log", str(log))) < 500_000_000
    first, after = (line for line in read_log(log) if line["type"] == "task_result")
    assert (first["rc"], after["stdout"]) == (0, "after")
    assert len(first["stdout"]) < 20_000_000
    assert first["stdout"].startswith("first\na line") and first["stdout"].endswith("\nlast")
    assert "bytes left out" in first["stdout"]


CLOCK = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
static long jump(void) {
    const char *f = getenv("PB_JUMPED");
    return f && !access(f, F_OK) ? atol(getenv("PB_JUMP")) : 0;
}
int clock_gettime(clockid_t id, struct timespec *t) {
    int (*real)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, "clock_gettime");
    int done = real(id, t);
    if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE) t->tv_sec += jump();
    return done;
}
int gettimeofday(struct timeval *t, void *z) {
    int (*real)(struct timeval *, void *) = dlsym(RTLD_NEXT, "gettimeofday");
    int done = real(t, z);
    t->tv_sec += jump();
    return done;
}
time_t time(time_t *t) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (t) *t = now.tv_sec;
    return now.tv_sec;
}
"""


@pytest.fixture(scope="module")
def clock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library that sets a process's clock."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("needs a C compiler")
    library = tmp_path_factory.mktemp("clock") / "clock.so"
    built = [compiler, "-shared", "-fPIC", "-o", str(library), "-xc", "-", "-ldl"]
    subprocess.run(built, input=CLOCK, text=True, check=True)
    return library


@pytest.mark.parametrize("jump", [-7200, 7200])
def test_the_clock_is_set_in_the_middle(tmp_path: Path, clock: Path, jump: int) -> None:
    """F24: pauses, retries and jobs take as long as they should, and nothing lasts less than nothing."""
    mark = tmp_path / "jumped"
    tasks = (
        f"{{name: sets, shell: 'sleep 0.1; touch {mark}; sleep 0.1', timeout: 30}}",
        "{name: pauses, pause: {seconds: 1}}",
        f"{{name: retries, shell: 'echo >> {tmp_path}/n; test $(wc -l <{tmp_path}/n) = 2', register: r, "
        "until: r is success, retries: 3, delay: 1}",
        "{name: job, shell: sleep 0.5; echo job, async: 30, poll: 1}",
        "{name: after, command: echo after, timeout: 30}",
    )
    log = tmp_path / "log"
    begun = time.monotonic()
    run = begin(tmp_path, book(tmp_path, *tasks), *HOST, "--log", str(log),
                LD_PRELOAD=str(clock), PB_JUMPED=str(mark), PB_JUMP=str(jump))  # fmt: skip
    out, err = run.communicate(timeout=60)
    assert run.returncode == 0, out + err
    assert 2.5 < time.monotonic() - begun < 50
    lines = read_log(log)
    results = [line for line in lines if line["type"] == "task_result"]
    assert [line["task"] for line in results if line["final"]] == ["sets", "pauses", "retries", "job", "after"]
    assert all(line["duration_s"] >= 0 for line in results)
    assert 0 < lines[-1]["duration_s"] < 50
    moments = {line["ts"][:13] for line in lines}
    assert len(moments) > 1, "the library did not set the clock"
