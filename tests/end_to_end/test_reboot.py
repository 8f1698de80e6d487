"""reboot and wait_for_connection against a host that really goes away: a clone whose door is shut for a while."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.clones import DOWN, KNOCKED, Clone, clone, door
from tests.end_to_end.process import Ran, pbrun, write_playbook
from tests.sshd_farm import Farm, sshd_farm

pytestmark = [pytest.mark.root, pytest.mark.sshd]
# As a machine does it: sessions end, nobody can connect for some time, and it was started at another moment.
SHUTDOWN = f"""#!/bin/sh
printf '%s\\n' "$@" >/told
cat /proc/sys/kernel/random/uuid >/boot_id
touch {DOWN}
setsid sh -c 'sleep 0.3; pkill sshd; sleep 2; mount --bind /boot_id /proc/sys/kernel/random/boot_id; rm {DOWN}' \\
    >/dev/null 2>&1 </dev/null &
"""
# Not before somebody was turned away, however long it took them to come.
OPENS = f"until [ -e {KNOCKED} ]; do sleep 0.1; done; sleep 1.5; rm {DOWN}"


def run(folder: Path, farm: Farm, tasks: str) -> tuple[Ran, float]:
    """The run of a play with these tasks, and how long it took."""
    hosts = folder / "hosts.ini"
    hosts.write_text("\n".join(farm.inventory_lines()) + "\n")
    book = write_playbook(folder / "p.yaml", f"- hosts: all\n  gather_facts: false\n  tasks:\n{tasks}")
    begun = time.monotonic()
    return pbrun(folder, book, "-i", str(hosts)), time.monotonic() - begun


def install(machine: Clone, text: str) -> None:
    """Make this the clone's shutdown."""
    machine.run("sh", "-c", "rm -f /sbin/shutdown; cat >/sbin/shutdown; chmod 755 /sbin/shutdown", text=text)


def test_a_host_restarts_and_the_play_goes_on(tmp_path: Path) -> None:
    tasks = """    - {name: before, command: cat /proc/sys/kernel/random/boot_id}
    - {name: restart, reboot: {msg: "it's time", connect_timeout: 3}}
    - {name: after, command: cat /proc/sys/kernel/random/boot_id}
"""
    with clone() as machine, door(machine) as farm:
        install(machine, SHUTDOWN)
        ran, took = run(tmp_path, farm, tasks)
        assert ran.code == 0, ran.told()
        (restarted,) = ran.results(task="restart")
        assert restarted["changed"]
        assert restarted["values"]["rebooted"] is True
        assert 1 <= restarted["values"]["elapsed"] <= took
        first, second = (ran.results(task=name)[0]["stdout"] for name in ("before", "after"))
        assert first != second
        assert machine.run("cat", "/told") == "-r\n0\nit's time\n"


def test_a_host_that_does_not_come_back(tmp_path: Path) -> None:
    tasks = """    - {name: restart, reboot: {reboot_timeout: 2}}
    - {name: after, command: id}
"""
    with clone() as machine, door(machine) as farm:
        install(machine, SHUTDOWN.replace("sleep 2", "sleep 60"))
        ran, _ = run(tmp_path, farm, tasks)
        assert ran.code == 2, ran.told()
        (restarted,) = ran.results(task="restart")
        assert restarted["msg"].startswith("Timed out waiting for last boot time check (timeout=2)")
        assert not ran.results(task="after")


def test_waiting_for_a_host_that_is_not_there_yet(tmp_path: Path) -> None:
    tasks = """    - {name: wait, wait_for_connection: {timeout: 20, sleep: 1}}
    - {name: after, command: hostname}
"""
    with clone() as machine, door(machine) as farm:
        machine.run("sh", "-c", f"touch {DOWN}; setsid sh -c '{OPENS}' >/dev/null 2>&1 &")
        ran, took = run(tmp_path, farm, tasks)
        assert ran.code == 0, ran.told()
        assert ran.results(task="after")[0]["stdout"] == "clone"
        assert 1 <= ran.results(task="wait")[0]["values"]["elapsed"] <= took
        machine.run("touch", DOWN)
        ran, _ = run(tmp_path, farm, tasks.replace("20", "1"))
        (waited,) = ran.results(task="wait")
        assert waited["msg"].startswith("timed out waiting for ping module test: "), ran.told()
        assert ran.code == 2


def test_a_shell_that_never_gets_ready_is_one_try_that_failed(tmp_path: Path) -> None:
    """The connection is there and the login shell hangs, as it may while a machine starts: the next try is another."""
    seen = tmp_path / "seen"
    hang = f'ForceCommand [ -e {seen} ] && exec sh -c "$SSH_ORIGINAL_COMMAND"; touch {seen}; exec sleep 100'
    with sshd_farm(1, [hang]) as farm:
        ran, took = run(tmp_path, farm, "    - wait_for_connection: {timeout: 50, connect_timeout: 2}\n")
    assert ran.code == 0, ran.told()
    assert seen.exists()
    assert took < 50


def test_this_machine_is_not_restarted(tmp_path: Path) -> None:
    book = write_playbook(
        tmp_path / "p.yaml",
        "- hosts: localhost\n  connection: local\n  gather_facts: false\n"
        "  tasks:\n    - {name: restart, reboot: {reboot_command: touch PWNED}}\n",
    )
    ran = pbrun(tmp_path, book, "-i", "localhost,")
    assert ran.results(task="restart")[0]["msg"] == (
        "Running reboot with local connection would reboot the control node."
    )
    assert not (tmp_path / "PWNED").exists()
