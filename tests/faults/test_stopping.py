"""Runs that are broken off at the worst moment: what has come back is not lost, and they can go on."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.end_to_end.process import ROOT, environment, pbrun, write_playbook

# The signal comes while answers are on their way from the dispatcher to the loop.
INTERRUPTED = """
import json, os, signal, sys
from pathlib import Path
from benchmarks.simulate import Remembered, World, write_files
from runner.engine import execute
from runner.journal import read
from runner.model.call import Reply
from runner.model.event import IntentWithdrawn, TaskIntent, TaskResult
from runner.model.options import Options
from runner.preparation import prepare

class Hit(Remembered):
    replies, at = 0, 0
    def wait(self, timeout_s):
        got = super().wait(timeout_s)
        before, self.replies = self.replies, self.replies + sum(isinstance(one, Reply) for one in got)
        if before < self.at <= self.replies:
            os.kill(os.getpid(), signal.SIGINT)
        return got

signal.signal(signal.SIGINT, signal.default_int_handler)
folder, world, told = Path(sys.argv[1]), World(2, 5), []
playbook, inventory = write_files(world, folder)
for at in range(1, 9):
    options = Options((playbook,), (inventory,), log=str(folder / f"log-{at}"), log_sync="none", output="plain")
    hosts = Hit(world)
    hosts.at = at
    code = execute(prepare(options), options, make=lambda *_: hosts).exit_code
    events = [record.event for record in read(folder / f"log-{at}")]
    kinds = [sum(isinstance(event, kind) for event in events) for kind in (TaskIntent, TaskResult, IntentWithdrawn)]
    told.append([code, hosts.replies, *kinds])
print(json.dumps(told), file=sys.stderr)
"""


def test_an_interrupt_loses_no_answer_that_has_come(tmp_path: Path) -> None:
    """Otherwise its step would count as one that never left, and run again when the run goes on."""
    command = [sys.executable, "-c", INTERRUPTED, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=True)
    told = json.loads(done.stderr.splitlines()[-1])
    assert {code for code, *_ in told[:4]} == {99}
    for _, replies, intents, results, withdrawn in told:
        assert withdrawn == 0 and results >= max(replies, intents), told


def test_a_result_too_large_for_a_full_log_is_asked_for_again(tmp_path: Path) -> None:
    """What came after it is not in the log either, so that the run can go on from there."""
    ids, log = tmp_path / "ids", tmp_path / "log"
    tasks = (
        f"{{name: one, shell: echo one >> {ids}}}",
        f"{{name: prints, shell: 'echo prints >> {ids}; head -c 52000 /dev/zero | tr \"\\\\0\" y'}}",
        f"{{name: two, shell: echo two >> {ids}}}",
        f"{{name: three, shell: 'echo three >> {ids}; exit 3', ignore_errors: true}}",
    )
    lines = ["- hosts: all", "  gather_facts: false", "  tasks:", *(f"    - {task}" for task in tasks)]
    playbook = write_playbook(tmp_path / "p.yaml", "\n".join(lines) + "\n")
    command = [sys.executable, "-m", "runner", playbook, "-i", "h,", "-c", "local", "--log", str(log)]
    first = subprocess.run(
        command, cwd=ROOT, env=environment(tmp_path), stdin=subprocess.DEVNULL, capture_output=True, timeout=90,
        check=False, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (56_000, 56_000)),
    )  # fmt: skip
    assert first.returncode == 8, first.stderr
    results = [json.loads(line) for line in log.read_text().splitlines() if '"task_result"' in line]
    assert [line["task"] for line in results] == ["one"]
    second = pbrun(tmp_path, "--resume", str(log), logs=False)
    assert second.code == 0, second.told()
    assert ids.read_text().split() == ["one", "prints", "two", "three"]


@pytest.mark.parametrize(("policy", "code"), [("fail", 6), ("skip", 0), ("rerun", 0)])
def test_a_job_that_was_over_is_not_begun_again(tmp_path: Path, policy: str, code: int) -> None:
    """The run was killed when the job was over and removed from its host, and its result not in the log yet."""
    ids, log = tmp_path / "ids", tmp_path / "log"
    task = f"{{name: job, shell: echo job >> {ids}, async: 30, poll: 1}}"
    text = f"- hosts: all\n  gather_facts: false\n  tasks:\n    - {task}\n    - {{name: last, command: echo last}}\n"
    words = (write_playbook(tmp_path / "p.yaml", text), "-i", "h,", "-c", "local", "--log", str(log))
    assert pbrun(tmp_path, *words, logs=False).code == 0
    lines = log.read_text().splitlines(keepends=True)
    last = max(number for number, line in enumerate(lines) if '"task_intent"' in line and '"task":"job"' in line)
    log.write_text("".join(lines[: last + 1]))
    resumed = pbrun(tmp_path, "--resume", str(log), "--indeterminate", policy, logs=False)
    assert resumed.code == code, resumed.told()
    assert ids.read_text().split() == ["job"] * (2 if policy == "rerun" else 1)
