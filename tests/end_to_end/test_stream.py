"""`--stream` over real SSH: lines come while the command runs, hidden things stay hidden, and nothing else changes."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.process import Ran, pbrun, read_log, write_playbook
from tests.end_to_end.test_resume import begin, ends
from tests.sshd_farm import Farm, sshd_farm

pytestmark = pytest.mark.sshd

# The session's sshd dies under a command that has printed something.
CUT = """p=$$; while [ $p -gt 1 ]; do
          read -r x name s up r </proc/$p/stat; case $name in *sshd*) kill -9 $p; break ;; esac; p=$up; done"""
TASKS = f"""
- hosts: all
  gather_facts: false
  vars: {{token: "{{{{ 'canary-' ~ 'of-a-secret' }}}}"}}
  tasks:
    - name: loop
      shell: "echo {{{{ item }}}}; sleep 0.6; echo last >&2; exit 3"
      loop: [a, b]
      register: looped
      failed_when: looped.rc != 3
    - name: odd
      shell: |
          printf 'bad\\377\\033[31m\\007 end\\n'; head -c 5000 /dev/zero | tr '\\0' x; echo; printf unended
    - {{name: hidden, shell: echo hushed-line; sleep 0.5, no_log: true}}
    - {{name: quick, command: echo quick}}
    - {{name: again, shell: echo try; exit 1, register: tried, until: tried.rc == 0, retries: 1, delay: 0,
       ignore_errors: true}}
    - {{name: elsewhere, shell: echo there, delegate_to: localhost}}
    - {{name: late, shell: echo begun; sleep 30; echo never, timeout: 1, ignore_errors: true}}
    - name: cut
      shell: |
          echo before; sleep 2.5
          {CUT}
          sleep 5
"""


@pytest.fixture(scope="module")
def farm() -> Iterator[Farm]:
    """One host with a home folder of its own."""
    with sshd_farm(homes=True, first_address=2100) as running:
        yield running


def inventory(folder: Path, farm: Farm) -> tuple[str, str]:
    """The words that name the farm's hosts."""
    (folder / "hosts.ini").write_text("\n".join(farm.inventory_lines()) + "\n")
    return "-i", str(folder / "hosts.ini")


def printed(log: tuple[dict[str, Any], ...], task: str) -> list[tuple[str, str]]:
    """Each line that a task printed, with its stream."""
    events = [line for line in log if line["type"] == "task_output" and line["task"] == task]
    return [(event["stream"], line) for event in events for line in event["lines"]]


def answers(ran: Ran) -> list[tuple[Any, ...]]:
    """What the results are, without times."""
    names = ("task", "item", "status", "rc", "stdout", "stderr", "msg")
    return [tuple(line.get(name) for name in names) for line in ran.results()]


def test_lines_come_and_nothing_else_changes(tmp_path: Path, farm: Farm) -> None:
    book = write_playbook(tmp_path / "p.yaml", TASKS)
    streamed = pbrun(tmp_path, book, *inventory(tmp_path, farm), "--stream")
    plain = pbrun(tmp_path, book, *inventory(tmp_path, farm))
    assert answers(streamed) == answers(plain)
    assert streamed.code == plain.code == 4, streamed.told()
    assert not any(line["type"] == "task_output" for line in plain.log)

    log = streamed.log
    assert printed(log, "loop") == [("stdout", "a"), ("stderr", "last"), ("stdout", "b"), ("stderr", "last")]
    assert [line for _, line in printed(log, "odd")] == ["bad\\xff\x1b[31m\x07 end", "unended"]
    (odd,) = [line for line in log if line["type"] == "task_output" and line["task"] == "odd"]
    assert odd["left_out"] == 1, "a line of 5,000 bytes is in the result alone"
    assert printed(log, "hidden") == []
    assert "hushed-line" not in streamed.told() + str(log)
    assert printed(log, "quick") == [("stdout", "quick")]
    assert printed(log, "again") == [("stdout", "try")] * 2
    assert printed(log, "elsewhere") == [("stdout", "there")]
    assert printed(log, "late") == [("stdout", "begun")]
    assert printed(log, "cut") == [("stdout", "before")]
    assert "\x1b[31m" not in streamed.out
    assert "h0: stderr | last" in streamed.out


def test_a_killed_run_goes_on_with_what_it_streamed(tmp_path: Path, farm: Farm) -> None:
    """The files that the lines are read from are there before the command: they are not taken for its end."""
    task = "shell: echo one; sleep 1; echo two >>ids; echo two, stream: true"
    text = f"- hosts: all\n  gather_facts: false\n  tasks:\n    - {{name: slow, {task}}}\n"
    log = tmp_path / "log"
    run = begin(tmp_path, write_playbook(tmp_path / "p.yaml", text), *inventory(tmp_path, farm), "--log", str(log))
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not (log.exists() and b'"task_output"' in log.read_bytes()):
        time.sleep(0.02)
    run.send_signal(signal.SIGKILL)
    ends(run)
    code, told = ends(begin(tmp_path, "--resume", str(log)))
    assert code == 0, told
    (result,) = [line for line in read_log(log) if line["type"] == "task_result"]
    assert result["stdout"] == "one\ntwo"
    assert [path.read_text() for path in farm.folder.rglob("ids")] == ["two\n"]


@pytest.mark.root
def test_a_secret_and_another_user_on_a_terminal(tmp_path: Path, farm: Farm) -> None:
    """`su` needs a terminal on the host; a prompt's answer is masked line by line, and in a check nothing runs."""
    text = """
- hosts: all
  gather_facts: false
  tasks:
    - name: other
      shell: id -un; sleep 0.5; echo "my ${word}-of-mine"
      environment: {word: "{{ ansible_become_password }}"}
      become: true
      become_user: daemon
      become_method: su
      become_flags: -s /bin/sh
      stream: true
"""
    words = (write_playbook(tmp_path / "p.yaml", text), *inventory(tmp_path, farm))
    with (tmp_path / "hosts.ini").open("a") as file:
        file.write("[all:vars]\nansible_become_password=canary-word\n")
    checked = pbrun(tmp_path, *words, "--check")
    assert printed(checked.log, "other") == []
    ran = pbrun(tmp_path, *words)
    assert ran.code == 0, ran.told()
    assert [line for _, line in printed(ran.log, "other")] == ["daemon", "my ********-of-mine"]
    assert "canary-word" not in ran.told() + str(ran.log)


def test_one_command_shows_each_line_once(tmp_path: Path, farm: Farm) -> None:
    ran = pbrun(tmp_path, "exec", "all", *inventory(tmp_path, farm), "--stream", "echo a; sleep 0.5; echo b; exit 4")
    rows = ran.out.splitlines()
    assert rows[:2] == ["h0: stdout | a", "h0: stdout | b"]
    assert rows[2].startswith("h0 | FAILED (rc=4)")
    assert len([row for row in rows if row.endswith(("a", "b"))]) == 2
