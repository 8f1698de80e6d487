"""Two runs on the same hosts: they keep apart, and with `--lock` the second one waits or is refused."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.dispatch._lock import take_lock
from runner.errors import Unreachable
from runner.model.call import HostLock, Target
from runner.model.ports import Connection, Process
from runner.transports import local
from tests.end_to_end.process import ROOT, environment, pbrun, read_log, write_playbook
from tests.sshd_farm import Farm, sshd_farm


@pytest.fixture(scope="module")
def farm() -> Iterator[Farm]:
    with sshd_farm(hosts=2, options=("MaxSessions 1",), homes=True, first_address=2100) as running:
        yield running


def site(folder: Path, farm: Farm, task: str) -> tuple[str, ...]:
    """The words of a run with these tasks on both hosts."""
    folder.mkdir(exist_ok=True)
    (folder / "hosts.ini").write_text("\n".join(farm.inventory_lines()) + "\n")
    text = f"- hosts: all\n  gather_facts: false\n  tasks:\n{task}"
    return (write_playbook(folder / "p.yaml", text), "-i", str(folder / "hosts.ini"))


def begin(folder: Path, words: tuple[str, ...], mark: Path) -> subprocess.Popen[bytes]:
    """A run that has begun once the mark (which may be its log) is there."""
    log = ("--log", str(mark if mark.suffix == ".log" else folder / "first.log"))
    run = subprocess.Popen([sys.executable, "-m", "runner", *words, *log], cwd=ROOT, env=environment(folder),
                           stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    end = time.monotonic() + 60
    while not mark.exists():
        assert time.monotonic() < end and run.poll() is None
        time.sleep(0.02)
    return run


def until_said(log: Path, text: str) -> None:
    """Wait until a log holds a text."""
    end = time.monotonic() + 60
    while text not in log.read_text():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.sshd
def test_a_locked_host_is_refused_or_waited_for_and_free_when_its_holder_dies(tmp_path: Path, farm: Farm) -> None:
    """F23."""
    ids, go, mark = tmp_path / "ids", tmp_path / "go", tmp_path / "mark"
    slow = f"    - shell: touch {mark}; until [ -e {go} ]; do sleep 0.1; done; echo first >> {ids}\n"
    quick = f"    - shell: echo second >> {ids}\n"
    first = begin(tmp_path, (*site(tmp_path / "a", farm, slow), "--lock"), mark)
    words = site(tmp_path / "b", farm, quick)
    refused = pbrun(tmp_path, *words, "--lock")
    assert refused.code == 4 and not ids.exists(), refused.told()
    (run_id,) = {line["run"] for line in read_log(tmp_path / "first.log")}
    for host in ("h0", "h1"):
        assert f"[{host}]: UNREACHABLE! => locked by " in refused.out
    assert f"(run {run_id}, since 20" in refused.out and "--lock-wait" in refused.out
    assert all(line["status"] == "unreachable" for line in refused.results())
    unlocked = pbrun(tmp_path, *words, "--limit", "h1")
    assert unlocked.code == 0, "only who wants a lock is kept out"
    ids.unlink()
    waits = begin(tmp_path, (*words, "--lock-wait", "60"), tmp_path / "second.log")
    until_said(tmp_path / "second.log", "waiting up to 60 s")
    go.touch()
    assert waits.wait(60) == 0
    assert first.wait(60) == 0
    assert sorted(ids.read_text().split()[:2]) == ["first", "first"] and len(ids.read_text().split()) == 4
    go.unlink()
    mark.unlink()
    killed = begin(tmp_path, (*site(tmp_path / "c", farm, slow), "--lock"), mark)
    killed.send_signal(signal.SIGKILL)
    killed.wait(30)
    assert pbrun(tmp_path, *words, "--lock-wait", "30").code == 0
    go.touch()
    end = time.monotonic() + 20
    while left := list(farm.folder.glob("homes/*/.pbrun/lock*")):
        assert time.monotonic() < end, left
        time.sleep(0.05)


SHELLS = ["/bin/dash", "/bin/bash --posix", "busybox sh"]


@pytest.mark.parametrize("shell", [shell for shell in SHELLS if shutil.which(shell.split()[0])])
def test_one_of_many_gets_the_lock_and_what_the_dead_left_is_none(
    tmp_path: Path, shell: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    target = Target("h", transport="local", shell=shell)
    got: list[tuple[Connection, Process]] = []
    refused: list[str] = []

    def attempt(number: int, wait_s: float = 0.0) -> None:
        connection = local.connect(target, lambda _: None)
        try:
            lock = HostLock(f"eve@{number} (run r{number}, since now)", f"r{number}", wait_s)
            holder = take_lock(connection, target, lock, lambda _: None, lambda _: None)  # type: ignore[arg-type, return-value]
        except Unreachable as error:
            refused.append(str(error))
            connection.close()
        else:
            got.append((connection, holder))

    folder = tmp_path / ".pbrun"
    folder.mkdir(mode=0o700)
    name = f"lock-{os.uname().nodename}"
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    for stale in (f"{os.getpid()} 1 {boot}\nmallory\n", f"999999999 1 {boot}\n", "1 1 another-boot\n", "garbage", ""):
        (folder / name).write_text(stale)
        threads = [threading.Thread(target=attempt, args=(number,)) for number in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        attempt(4)
        assert len(got) == 1 and len(refused) == 3, (stale, refused)
        assert all("locked by eve@" in text or "somebody" in text for text in refused)
        got.pop()[0].close()
        attempt(5, 10)
        got.pop()[0].close()
        refused.clear()
        end = time.monotonic() + 20
        while (folder / name).exists():
            assert time.monotonic() < end
            time.sleep(0.01)


@pytest.mark.sshd
def test_two_runs_at_once_keep_apart(tmp_path: Path, farm: Farm) -> None:
    """F23, S22: without a lock each does its work, and neither touches what the other has on the hosts."""
    loop = "    - shell: echo {0}.{{{{ item }}}} >> {1}; sleep 0.05\n      loop: [1, 2, 3, 4, 5]\n"
    copy = "    - copy: {{content: '{0}', dest: '{1}/out-{0}'}}\n"
    runs, codes = [], {}
    for name in ("a", "b"):
        folder = tmp_path / name
        text = loop.format(name, f"{tmp_path}/ids-{name}") + copy.format(name, tmp_path)
        runs.append((name, site(folder, farm, text)))

    def go(name: str, words: tuple[str, ...]) -> None:
        codes[name] = pbrun(tmp_path / name, *words).code

    threads = [threading.Thread(target=go, args=run) for run in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(90)
    assert codes == {"a": 0, "b": 0}
    for name in ("a", "b"):
        assert sorted((tmp_path / f"ids-{name}").read_text().split()) == sorted(f"{name}.{n}" for n in "1122334455")
        assert (tmp_path / f"out-{name}").read_text() == name
    assert not list(farm.folder.glob("homes/*/.pb-*"))
