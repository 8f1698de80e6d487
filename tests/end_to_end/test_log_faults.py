"""A log that cannot be written any more, at every place: nothing is sent after it, what was sent is in it and ends."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from runner.journal import read
from runner.journal.verify import lines_of, verify
from runner.model.event import TaskIntent, TaskResult
from tests.end_to_end.process import ROOT

# The log may have so many bytes: the system writes what fits of a record (a short write), then refuses.
LIMITED = """
import ctypes, json, resource, sys
from pathlib import Path
from benchmarks.simulate import Remembered, World, write_files
from runner.engine import execute
from runner.errors import JournalFault
from runner.model.call import TripEnd
from runner.model.options import Options
from runner.preparation import prepare

class Watched(Remembered):
    sent, ended, held, pace = (), (), (), None  # pace: so many messages at once, whatever has come
    def send(self, trip):
        self.sent += (trip.id,)
        super().send(trip)
    def wait(self, timeout_s):
        self.held += tuple(super().wait(timeout_s))
        got, self.held = self.held[:self.pace], self.held[self.pace or len(self.held):]
        self.ended += tuple(one.trip for one in got if isinstance(one, TripEnd))
        return got

library = ctypes.CDLL(sys.argv[2]) if len(sys.argv) > 2 else None
folder, world = Path(sys.argv[1]), World(2, 3)
playbook, inventory = write_files(world, folder)
def go(name, limit, sync="none", arm=None, pace=None):
    options = Options((playbook,), (inventory,), log=str(folder / name), log_sync=sync, output="plain")
    prepared, hosts = prepare(options), Watched(world)
    hosts.pace = pace
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    if arm:
        library.pb_arm(*arm)
    try:
        code, said = execute(prepared, options, make=lambda *_: hosts).exit_code, ""
    except JournalFault as fault:
        code, said = fault.exit_code, str(fault)
    finally:
        if arm:
            library.pb_arm(-1, -1, 0, 0)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    print(json.dumps([name, code, said, hosts.sent, hosts.ended]), file=sys.stderr)

go("whole", resource.RLIM_INFINITY)
ends, at = [], 0
for line in (folder / "whole").open("rb"):
    at += len(line)
    ends += [at - len(line) // 2, at]
if library is None:
    for limit in ends[:-1]:
        for pace in (1, 2, 3, None):
            go(f"log-{limit}-{pace}", limit, pace=pace)
else:
    for number in range(int(sys.argv[3])):
        for name, arm in (("eio", (number, -1, 5, 0)), ("full", (number, -1, 28, 0)), ("short", (number, -1, 28, 1))):
            go(f"{name}-{number}", resource.RLIM_INFINITY, "none", arm)
        for pace in (1, None):
            go(f"sync-{number}-{pace}", resource.RLIM_INFINITY, "always", (-1, number, 5, 0), pace)
"""

# The Nth write to a file that is appended to fails, or comes short and then fails; or the Nth wait for the disk does.
FAILING = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
static int writes = -1, syncs = -1, code, cut;
void pb_arm(int w, int s, int e, int c) { writes = w; syncs = s; code = e; cut = c; }
ssize_t write(int fd, const void *data, size_t size) {
    ssize_t (*real)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");
    if (writes >= 0 && (fcntl(fd, F_GETFL) & O_APPEND) && writes-- == 0) {
        if (cut) { cut = 0; writes = 0; return real(fd, data, size / 2); }
        errno = code; return -1;
    }
    return real(fd, data, size);
}
int fdatasync(int fd) {
    int (*real)(int) = dlsym(RTLD_NEXT, "fdatasync");
    if (syncs >= 0 && syncs-- == 0) { errno = code; return -1; }
    return real(fd);
}
"""
PLACES = 5  # so many writes a run of this size has


def test_every_write_and_every_wait_for_the_disk_may_fail(tmp_path: Path) -> None:
    """What came back is in the log all the same, wherever one write failed: it is tried again."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("needs a C compiler")
    library = tmp_path / "failing.so"
    built = [compiler, "-shared", "-fPIC", "-o", str(library), "-xc", "-", "-ldl"]
    subprocess.run(built, input=FAILING, text=True, check=True)
    command = [sys.executable, "-c", LIMITED, str(tmp_path), str(library), str(PLACES)]
    more = {**os.environ, "LD_PRELOAD": str(library)}
    done = subprocess.run(command, cwd=ROOT, env=more, capture_output=True, text=True, timeout=100, check=True)
    rows = [json.loads(row) for row in done.stderr.splitlines() if row.startswith('["')][1:]
    assert len(rows) == PLACES * 5
    for name, code, said, sent, ended in rows:
        log = tmp_path / name
        cause = "disk is full" if name.startswith(("full", "short")) else "input/output error"
        assert code == 8 and cause in said, name
        assert sorted(ended) == sorted(sent), name
        events = [record.event for record in read(log)]
        assert not verify(lines_of(log)).faults or not log.stat().st_size, name
        steps = [event for event in events if isinstance(event, TaskIntent)]
        results = {(event.host, event.task_id) for event in events if isinstance(event, TaskResult)}
        assert {(step.host, step.task_id) for step in steps if step.trip in sent} <= results, name
        assert set(sent) <= {step.trip for step in steps}, name


def test_a_log_that_is_full_at_any_place(tmp_path: Path) -> None:
    command = [sys.executable, "-c", LIMITED, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=True)
    first, *rows = [json.loads(row) for row in done.stderr.splitlines() if row.startswith('["')]
    assert first[:3] == ["whole", 0, ""] and len(rows) > 20
    for name, code, said, sent, ended in rows:
        log = tmp_path / name
        assert code == 8 and "largest size" in said, name
        assert sorted(ended) == sorted(sent), name
        assert not verify(lines_of(log)).faults or not log.stat().st_size, name
        events = [record.event for record in read(log)]
        assert {event.trip for event in events if isinstance(event, TaskIntent)} >= set(sent), name
