"""A log that cannot be written any more, at every place: nothing is sent after it, what was sent is in it and ends."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from runner.journal import read
from runner.journal.verify import lines_of, verify
from runner.model.event import TaskIntent
from tests.end_to_end.process import ROOT

# The log may have so many bytes: the system writes what fits of a record (a short write), then refuses.
LIMITED = """
import json, resource, sys
from pathlib import Path
from benchmarks.simulate import Remembered, World, write_files
from runner.engine import execute
from runner.errors import JournalFault
from runner.model.call import TripEnd
from runner.model.options import Options
from runner.preparation import prepare

class Watched(Remembered):
    sent, ended = (), ()
    def send(self, trip):
        self.sent += (trip.id,)
        super().send(trip)
    def wait(self, timeout_s):
        got = super().wait(timeout_s)
        self.ended += tuple(one.trip for one in got if isinstance(one, TripEnd))
        return got

folder, world = Path(sys.argv[1]), World(2, 3)
playbook, inventory = write_files(world, folder)
def go(name, limit):
    options = Options((playbook,), (inventory,), log=str(folder / name), log_sync="none", output="plain")
    prepared, hosts = prepare(options), Watched(world)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        code, said = execute(prepared, options, make=lambda *_: hosts).exit_code, ""
    except JournalFault as fault:
        code, said = fault.exit_code, str(fault)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    print(json.dumps([name, code, said, hosts.sent, hosts.ended]), file=sys.stderr)

go("whole", resource.RLIM_INFINITY)
ends, at = [], 0
for line in (folder / "whole").open("rb"):
    at += len(line)
    ends += [at - len(line) // 2, at]
for limit in ends[:-1]:
    go(f"log-{limit}", limit)
"""


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
