"""What stays of the lab between runs, and several runs at once."""

from __future__ import annotations

import getpass
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from runner.errors import EnvironmentFault
from runner.lab import LabHost, known, reset, start
from runner.lab.homes import folder_name, home_of
from tests.lab.clients import connected, ssh


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "lab"


def test_homes_and_keys_stay_and_files_are_private(state: Path) -> None:
    with start(["web1"], state) as first:
        ssh(first.targets["web1"], "echo kept > file")
        key = Path(first.targets["web1"].private_key_file).read_bytes()
        host_key = Path(first.targets["web1"].known_hosts_file).read_text().split()[-1]
    with start(["web1"], state) as second:
        target = second.targets["web1"]
        assert ssh(target, "cat file").stdout == b"kept\n"
        assert Path(target.private_key_file).read_bytes() == key
        assert Path(target.known_hosts_file).read_text().split()[-1] == host_key
        for path in (*(state / "keys").iterdir(), Path(target.known_hosts_file)):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
        for folder in (state, state / "keys", state / "homes" / "web1"):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700, folder


RUN = """
import sys
from pathlib import Path
from runner.lab import start
with start(["a", "b"], Path(sys.argv[1])) as lab:
    host = lab.targets["a"]
    print(host.port, host.known_hosts_file, host.private_key_file, flush=True)
    sys.stdin.read()
"""


def other_run(state: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", RUN, str(state)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def test_two_runs_at_once_on_a_new_lab(state: Path) -> None:
    runs = [other_run(state) for _ in range(3)]
    said = [run.stdout.readline().split() for run in runs if run.stdout]
    assert len({port for port, _hosts, _key in said}) == 3
    assert len({hosts for _port, hosts, _key in said}) == 3
    for port, known_hosts, key in said:
        client = connected(LabHost("127.0.0.1", int(port), getpass.getuser(), key, known_hosts))
        client.close()
    with pytest.raises(EnvironmentFault, match="in use by a run"):
        reset(state)
    for run in runs:
        run.communicate("")
        assert run.returncode == 0
    assert sorted(reset(state)) == ["a", "b"]


def test_what_a_killed_run_leaves_is_removed(state: Path) -> None:
    run = other_run(state)
    assert run.stdout and run.stdin
    left = Path(run.stdout.readline().split()[1])
    run.send_signal(signal.SIGKILL)
    run.wait()
    run.stdout.close()
    run.stdin.close()
    assert left.exists()
    start(["a"], state).close()
    assert not left.exists()
    assert reset(state) == ["a", "b"]


def test_reset_forgets(state: Path) -> None:
    assert reset(state) == []
    with start(["web1", "web2", "db/1"], state) as lab:
        ssh(lab.targets["web1"], "mkdir -p d/e; touch d/e/f; ln -s / root; chmod 0 d/e d")
    assert set(known(state)) == {"db/1", "web1", "web2"}
    assert reset(state, ["web1", "never"]) == ["web1"]
    assert set(known(state)) == {"db/1", "web2"}
    assert sorted(reset(state)) == ["db/1", "web2"]
    assert [entry.name for entry in state.iterdir()] == ["lock"]
    assert Path("/etc/passwd").exists()


@pytest.mark.parametrize("name", ["..", ".", "../x", "a/b", "é\n", "x" * 400, ".ssh", "[::1]", "", "%2E", "a b", "-rf"])
def test_any_name_is_one_folder(name: str, tmp_path: Path) -> None:
    home = home_of(tmp_path, name)
    assert home.parent == tmp_path / "homes"
    assert folder_name(name) not in {"", ".", ".."} and "/" not in folder_name(name)
    assert len(folder_name(name).encode()) <= 255
    home.mkdir(parents=True)


def test_names_do_not_collide() -> None:
    names = [".a", "%2Ea", "a/b", "a%2Fb", "A", "a", "x" * 300, "x" * 301]
    assert len({folder_name(name) for name in names}) == len(names)


def test_a_place_that_cannot_be_used_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EnvironmentFault, match="cannot make its folder"):
        start(["a"], tmp_path / "file" / "lab")
