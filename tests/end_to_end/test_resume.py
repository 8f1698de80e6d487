"""Runs that are killed go on with `--resume`: what has ended is done once, what was under way is reported.

`PBRUN_CRASH_POINTS=200` kills the run at that many places instead of a few.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from runner.cli.main import main
from runner.journal.read import read
from runner.model.event import TaskResult
from tests.end_to_end.process import ROOT, environment, read_log, write_playbook
from tests.end_to_end.test_interrupts import hears_interrupts
from tests.sshd_farm import Farm, sshd_farm

POINTS = int(os.environ.get("PBRUN_CRASH_POINTS", "3"))
SITE = """
- hosts: all
  gather_facts: false
  serial: [1, 2]
  tasks:
    - {name: t1, shell: "echo t1 >> ids", register: one, notify: h1}
    - {name: hush, shell: "echo t2 >> ids; echo hush-hush", no_log: true, register: hush, notify: h1}
    - {name: each, shell: "echo t3.{{ item }} >> ids", loop: [1, 2, 3]}
    - block:
        - {name: fails, shell: "echo t4 >> ids; false"}
      rescue:
        - {name: rescues, shell: "echo t5 {{ hush.stdout | default(123456789) | string | length }} >> ids"}
    - {include_tasks: more.yml}
    - {name: last, shell: "echo t7 {{ total }} >> ids", notify: h2}
  handlers:
    - {name: h1, shell: "echo h1 >> ids"}
    - {name: h2, shell: "echo h2 >> ids"}
"""
MORE = '- {name: adds, shell: "echo t6 >> ids", notify: h1}\n- set_fact: {total: "{{ (one.rc | default(0)) + 5 }}"}\n'
IDS = ["t1", "t2", "t3.1", "t3.2", "t3.3", "t4", "t5 9", "t6", "h1", "t7 5", "h2"]


@pytest.fixture(scope="module")
def farm() -> Iterator[Farm]:
    """Two hosts with a home folder each."""
    with sshd_farm(hosts=2, homes=True, first_address=2000) as running:
        yield running


def site(folder: Path, lines: Sequence[str] = ("localhost ansible_connection=local",)) -> list[str]:
    """The command line of a run."""
    (folder / "hosts.ini").write_text("\n".join(lines) + "\n")
    (folder / "more.yml").write_text(MORE)
    return [write_playbook(folder / "site.yml", SITE), "-i", str(folder / "hosts.ini")]


def begin(state: Path, *words: str) -> subprocess.Popen[bytes]:
    """pbrun as a process."""
    return subprocess.Popen(
        [sys.executable, "-m", "runner", *words], cwd=ROOT, env=environment(state), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True, preexec_fn=hears_interrupts,
    )  # fmt: skip


def ends(run: subprocess.Popen[bytes]) -> tuple[int, str]:
    """Its exit code and all that it said."""
    out, err = run.communicate(timeout=90)
    assert b"Traceback" not in err, err
    return run.returncode, (out + err).decode()


def kill_at(run: subprocess.Popen[bytes], log: Path, lines: int, number: signal.Signals = signal.SIGKILL) -> None:
    """Kill the run as soon as its log has so many lines."""
    while run.poll() is None and (not log.exists() or log.read_bytes().count(b"\n") < lines):
        time.sleep(0.001)
    run.send_signal(number)


def check_once(ids: Sequence[str], said: str) -> None:
    """Every id was written once; one may be missing only if the run has said that a step was lost and skipped."""
    counts = Counter(ids)
    assert all(counts[one] == 1 for one in counts), counts
    missing = set(IDS) - set(counts)
    assert not missing or "skipped as --indeterminate says" in said, (missing, said)


@pytest.mark.sshd
@pytest.mark.parametrize("point", range(POINTS))
def test_a_run_that_is_killed_anywhere_does_the_rest_and_nothing_twice(tmp_path: Path, farm: Farm, point: int) -> None:
    homes = [farm.folder / "homes" / address for address in farm.addresses]
    for home in homes:
        (home / "ids").unlink(missing_ok=True)
    log = tmp_path / "log.jsonl"
    run = begin(tmp_path, *site(tmp_path, farm.inventory_lines()), "--log", str(log))
    kill_at(run, log, 6 + 97 * point // POINTS)
    run.communicate(timeout=30)
    code, said = ends(begin(tmp_path, "--resume", str(log), "--indeterminate", "skip", "-vv"))
    assert code == 0, said
    for home in homes:
        ids = (home / "ids").read_text().splitlines() if (home / "ids").exists() else []
        check_once(ids, said)
    assert "hush-hush" not in log.read_text()
    lines = read_log(log)
    assert lines[-1]["type"] == "run_end"


def interrupted(folder: Path) -> tuple[Path, list[str]]:
    """A run on this machine that a Ctrl-C has ended in its second half."""
    marks = folder / "ids"
    text = f"""
- hosts: all
  gather_facts: false
  tasks:
    - {{name: one, shell: "echo one >> {marks}; echo hush-hush", no_log: true, register: one}}
    - {{name: slow, file: {{path: "{folder}/made", state: touch}}, loop: [1], loop_control: {{pause: 0}}}}
    - {{name: wait, pause: {{seconds: 30}}, when: "not lookup('file', '{folder}/gate') | bool"}}
    - {{name: two, no_log: true, shell: "echo two {{{{ one.stdout }}}} >> {marks}"}}
"""
    (folder / "gate").write_text("false")
    (folder / "hosts.ini").write_text("localhost ansible_connection=local\n")
    words = [write_playbook(folder / "site.yml", text), "-i", str(folder / "hosts.ini")]
    run = begin(folder, *words)
    runs = folder / "pbrun" / "runs"
    while run.poll() is None and not (folder / "made").exists():
        time.sleep(0.01)
    time.sleep(0.3)
    run.send_signal(signal.SIGINT)
    code, said = ends(run)
    assert code == 99, said
    (log,) = runs.glob("*.jsonl")
    assert f"pbrun --resume {read_log(log)[0]['run']}" in said
    return log, words


def test_after_an_interrupt_the_run_goes_on_and_what_has_changed_is_refused(tmp_path: Path) -> None:
    log, _ = interrupted(tmp_path)
    run = read_log(log)[0]["run"]
    text = (tmp_path / "site.yml").read_text()
    (tmp_path / "site.yml").write_text(text + "    - {name: three, shell: 'true'}\n")
    code, said = ends(begin(tmp_path, "--resume"))
    assert code == 1 and f"{tmp_path}/site.yml has changed" in said and "--resume-changed" in said
    (tmp_path / "site.yml").write_text(text)
    assert ends(begin(tmp_path, "--resume", "--limit", "x"))[0] == 5
    key = next(log.parent.glob("*.key-*"))
    key.rename(tmp_path / "key")
    code, said = ends(begin(tmp_path, "--resume", run[:6]))
    assert code == 1 and "its key is gone" in said
    (tmp_path / "key").rename(key)
    (tmp_path / "gate").write_text("true")
    code, said = ends(begin(tmp_path, "--resume", run[:6], "--resume-changed"))
    assert code == 0, said
    assert (tmp_path / "ids").read_text().splitlines() == ["one", "two hush-hush"]
    assert "hush-hush" not in log.read_text()
    for name in ((), (run,), (str(log),)):
        code, said = ends(begin(tmp_path, "--resume", *name))
        assert (code, "nothing is left to resume" in said) == (0, True), said
    lines: Sequence[dict[str, Any]] = read_log(log)
    assert [line["type"] for line in lines].count("resume_start") == 1
    assert lines[-1]["status"] == "ok" and lines[-1]["hosts"]["localhost"]["ok"] == 3


def test_what_failed_is_tried_again_from_where_it_failed(tmp_path: Path) -> None:
    text = f"""
- hosts: all
  gather_facts: false
  tasks:
    - {{name: one, shell: "echo one {{{{ inventory_hostname }}}} >> {tmp_path}/ids"}}
    - {{name: two, shell: "test -e {tmp_path}/gate || test {{{{ inventory_hostname }}}} = h1"}}
    - {{name: three, shell: "echo three {{{{ inventory_hostname }}}} >> {tmp_path}/ids"}}
"""
    words = [write_playbook(tmp_path / "site.yml", text), "-i", "h1,h2,", "-c", "local"]
    code, said = ends(begin(tmp_path, *words))
    assert code == 2, said
    (first,) = (tmp_path / "pbrun" / "runs").glob("*.jsonl")
    (tmp_path / "gate").touch()
    code, said = ends(begin(tmp_path, "retry", str(first)))
    assert code == 0, said
    assert sorted((tmp_path / "ids").read_text().splitlines()) == ["one h1", "one h2", "three h1", "three h2"]
    (second,) = set((tmp_path / "pbrun" / "runs").glob("*.jsonl")) - {first}
    assert read_log(second)[0]["parent"] == read_log(first)[0]["run"]
    assert "nothing is left to retry" in ends(begin(tmp_path, "retry", str(second)))[1]


def test_jobs_that_go_on_by_themselves_are_found_again(tmp_path: Path) -> None:
    """One is waited for, of the other only a later task asks; the run is killed while both are going on."""
    marks = tmp_path / "ids"
    text = f"""
- hosts: all
  gather_facts: false
  tasks:
    - {{name: left, shell: "sleep 1; echo left >> {marks}; echo one", async: 60, poll: 0, register: left}}
    - {{name: watched, shell: "sleep 2; echo watched >> {marks}; echo two", async: 60, poll: 1, register: watched}}
    - {{name: asked, async_status: {{jid: "{{{{ left.ansible_job_id }}}}"}}, register: asked,
       until: asked is finished, retries: 20, delay: 1}}
    - {{name: said, shell: "echo {{{{ watched.stdout }}}} {{{{ asked.stdout }}}} >> {marks}"}}
"""
    log = tmp_path / "log.jsonl"
    words = [write_playbook(tmp_path / "site.yml", text), "-i", "localhost,", "-c", "local", "--log", str(log)]
    run = begin(tmp_path, *words)
    while run.poll() is None and not (log.exists() and log.read_text().count('"what":"job"') == 2):
        time.sleep(0.01)
    time.sleep(0.5)
    run.kill()
    run.communicate(timeout=30)
    code, said = ends(begin(tmp_path, "--resume", str(log)))
    assert code == 0, said
    assert marks.read_text().splitlines() == ["left", "watched", "two one"]


def kill_session(session: int) -> None:
    """Kill all processes of a session, as a host that is switched off does."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(stat.read_text().rpartition(")")[2].split()[3]) == session:
                os.kill(int(stat.parent.name), signal.SIGKILL)


def test_an_apply_that_lost_a_step_goes_on_and_says_what_was_foretold(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A script says the inventory; the machine dies in the second step, whose end nobody knows then."""
    script, began, plan = tmp_path / "hosts", tmp_path / "began", str(tmp_path / "plan.json")
    said = '{"web": {"hosts": ["h1"], "vars": {"ansible_connection": "local", "level": LEVEL}}}'
    script.write_text(f"#!/bin/sh\necho '{said}' | sed s/LEVEL/$(cat {tmp_path}/level)/\n")
    script.chmod(0o755)
    text = f"""
- hosts: all
  gather_facts: false
  tasks:
    - {{name: one, copy: {{dest: {tmp_path}/one, content: "{{{{ level }}}}"}}}}
    - {{name: two, shell: "ps -o sid= $$ > {began}; test -e {tmp_path}/gate || sleep 60"}}
    - {{name: three, template: {{src: three.j2, dest: {tmp_path}/three}}}}
"""
    (tmp_path / "three.j2").write_text("three\n")
    (tmp_path / "level").write_text("1")
    book = write_playbook(tmp_path / "site.yml", text)
    assert ends(begin(tmp_path, "plan", book, "-i", str(script), "-o", plan))[0] == 0
    log = tmp_path / "log.jsonl"
    run = begin(tmp_path, "apply", plan, "--log", str(log))
    while run.poll() is None and not (began.exists() and began.read_text().strip()):
        time.sleep(0.01)
    run.kill()
    run.communicate(timeout=30)
    kill_session(int(began.read_text()))

    # Neither what the run has not come to may have changed, nor what the script says.
    (tmp_path / "three.j2").write_text("four\n")
    (tmp_path / "level").write_text("2")
    code, said = ends(begin(tmp_path, "--resume", str(log)))
    assert code == 1 and "three.j2 has changed" in said and said.count("variable level has changed") == 1, said
    (tmp_path / "three.j2").write_text("three\n")
    (tmp_path / "level").write_text("1")
    code, said = ends(begin(tmp_path, "--resume", str(log)))
    assert code == 6 and "h1: 'two'" in said and f"--resume {log} --indeterminate skip" in said, said
    # The run is over, and can be taken up again all the same: to decide that step.
    code, said = ends(begin(tmp_path, "--resume", str(log), "--indeterminate", "skip"))
    assert code == 0 and "plan: 2 as foretold, 0 not, 1 could not be foretold" in said, said
    assert (tmp_path / "three").read_text() == "three\n"
    results = [record.event for record in read(log) if isinstance(record.event, TaskResult)]
    assert [(one.task, one.status, one.foretold) for one in results if one.foretold] == [
        ("one", "changed", "change"),
        ("two", "indeterminate", "unknown"),
        ("two", "skipped", "unknown"),
        ("three", "changed", "change"),
    ]
    assert main(["log", "verify", str(log)]) == 0
    assert main(["log", "show", str(log)]) == 0
    shown = capsys.readouterr().out
    assert "skipped     h1" in shown and "may have run" not in shown
