"""What tests/clones.py promises: everything is real in a clone, nothing of it is here, and it ends with its maker."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.clones import DOWN, Shared, clone, door

pytestmark = pytest.mark.root
MAKES_ONE = """
import time
from tests.clones import clone
with clone() as machine:
    print(machine.pid, flush=True)
    time.sleep(60)
"""


def test_what_is_done_there_is_not_here(tmp_path: Path) -> None:
    clock = Path("/proc/sys/vm/swappiness").read_text()
    mounts = Path("/proc/self/mountinfo").read_text()
    with clone(shared=[tmp_path]) as machine:
        machine.run(
            "sh", "-ec", f"useradd eve; echo x >/x; echo y >/tmp/y; echo z >{tmp_path}/z; mount -t tmpfs t /mnt"
        )
        assert machine.run("id", "-un", "eve") == "eve\n"
        assert machine.run("sh", "-c", "echo 1 >/proc/sys/vm/swappiness || date -s 2001-01-01", check=False)
        assert machine.run("hostname") == "clone\n"
        upper, tmp, _ = machine.written
        assert ((upper / "x").read_text(), (tmp / "y").read_text()) == ("x\n", "y\n")
        assert [path for path in (Path("/x"), Path("/tmp/y"), Path("/home/eve")) if path.exists()] == []
    assert (tmp_path / "z").read_text() == "z\n"
    assert Path("/proc/sys/vm/swappiness").read_text() == clock
    assert time.time() > 1_700_000_000
    assert Path("/proc/self/mountinfo").read_text() == mounts


def test_the_dead_are_buried() -> None:
    """Or a service that was ended would still have its process."""
    with clone() as machine:
        left = machine.run("sh", "-c", "sh -c 'sleep 60 >/dev/null 2>&1 & echo $!'").strip()
        machine.run("kill", left)
        machine.run("sh", "-c", f"n=50; while [ -e /proc/{left} ] && [ $n -gt 0 ]; do sleep 0.1; n=$((n-1)); done")
        assert machine.run("sh", "-c", f"test -e /proc/{left} || echo gone") == "gone\n"


def test_it_ends_with_its_maker() -> None:
    maker = subprocess.Popen([sys.executable, "-c", MAKES_ONE], stdout=subprocess.PIPE, text=True)
    assert maker.stdout
    line = maker.stdout.readline()
    if not line:
        pytest.skip("cannot make a clone")
    maker.kill()
    maker.wait()
    maker.stdout.close()
    deadline = time.monotonic() + 10
    while Path(f"/proc/{int(line)}").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_shared_one_is_made_anew_when_it_was_ended() -> None:
    shared = Shared()
    first = shared.get()
    assert shared.get() is first
    first.process.kill()
    first.process.wait()
    assert shared.get().run("id", "-u") == "0\n"
    shared.close()


@pytest.mark.sshd
def test_door() -> None:
    with clone() as machine, door(machine) as farm:
        machine.run("useradd", "-m", "eve")
        machine.run("usermod", "-p", "*", "eve")
        ssh = ["ssh", "-i", str(farm.key), "-p", str(farm.port), *farm.ssh_args(), "-o", "BatchMode=yes"]

        def over_ssh(user: str, command: str) -> str:
            words = [*ssh, f"{user}@{farm.addresses[0]}", command]
            return subprocess.run(words, capture_output=True, text=True, timeout=30, check=False).stdout

        assert over_ssh("root", "hostname; id -u") == "clone\n0\n", farm.log()
        assert over_ssh("eve", "id -un") == "eve\n", farm.log()
        machine.run("touch", DOWN)
        assert over_ssh("root", "hostname") == ""
    assert not os.path.exists("/etc/ssh/clone")  # noqa: PTH110 - as anything here would see it
