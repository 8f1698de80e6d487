"""What every dispatcher must do, over every transport."""

from __future__ import annotations

import glob
import hashlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner import registry
from runner.model.call import Become, Download, Fragment, Line, Target, Upload
from runner.sh.quote import quote
from tests.dispatch.trips import Carrier, carrier
from tests.sshd_farm import Farm

TRANSPORTS = [pytest.param("ssh", marks=pytest.mark.sshd), "local"]
# What is local never goes to a Dask worker: `tests/dispatch/test_dask.py`.
WAYS = [
    pytest.param(dispatcher, transport, marks=[pytest.mark.sshd] if transport == "ssh" else [])
    for dispatcher in registry.names("dispatch")
    for transport in registry.names("transports")
    if (dispatcher, transport) != ("dask", "local")
]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if {"carry", "target"} <= set(metafunc.fixturenames):
        metafunc.parametrize(("carry", "target"), WAYS, indirect=True)
    elif "carry" in metafunc.fixturenames:
        metafunc.parametrize("carry", registry.names("dispatch"), indirect=True)
    elif "target" in metafunc.fixturenames:
        metafunc.parametrize("target", TRANSPORTS, indirect=True)


@pytest.fixture
def carry(request: pytest.FixtureRequest) -> Iterator[Carrier]:
    address = request.getfixturevalue("dask_cluster").address if request.param == "dask" else ""
    with carrier(request.param, address=address) as running:
        yield running


@pytest.fixture
def target(request: pytest.FixtureRequest) -> Target:
    if request.param == "local":
        return Target("here", transport="local")
    farm: Farm = request.getfixturevalue("farm")
    return farm.target(0)


def upload(data: bytes, name: str = "0", **fields: str) -> Upload:
    digest = hashlib.sha1(data, usedforsecurity=False).hexdigest()
    return Upload(name, len(data), digest, content=None if fields else data, **fields)


def test_replies_in_order_then_the_end(carry: Carrier, target: Target) -> None:
    answer = carry.run(target, "echo one", "echo two >&2", "pb_kv key value; pb_differs")
    assert [(reply.index, reply.rc, reply.stdout, reply.stderr) for reply in answer.replies] == [
        (0, 0, b"one\n", b""),
        (1, 0, b"", b"two\n"),
        (2, 0, b"", b""),
    ]
    assert answer.replies[2].differs
    assert answer.replies[2].values == {"key": b"value"}
    assert answer.end is not None
    assert (answer.end.lost, answer.end.sent) == (None, True)


def test_a_failure_stops_the_trip(carry: Carrier, target: Target) -> None:
    answer = carry.run(target, "echo one", "exit 3", "echo never")
    assert [(reply.index, reply.rc) for reply in answer.replies] == [(0, 0), (1, 3)]
    assert answer.end is not None
    assert answer.end.lost is None


def test_what_is_streamed_comes_while_its_step_runs(carry: Carrier, target: Target, tmp_path: Path) -> None:
    heard = tmp_path / "heard"
    carry.when_printed = lambda text: heard.touch() if text == "first" else None
    if "inline" in type(carry.dispatcher).__module__:
        heard.touch()  # it has nobody who could listen meanwhile
    waits = f"echo first; for i in $(seq 200); do [ -e {heard} ] && break; sleep 0.1; done; echo $i >&2; printf last"
    command = Fragment("pb_differs", f"pb_user_run /bin/sh -c {quote(waits)}")
    answer = carry.run(target, Line(0, 0, command, stream=True), Line(1, 1, command))
    (streamed, plain) = answer.replies
    assert (streamed.rc, streamed.stdout, plain.stdout) == (0, b"first\nlast", b"first\nlast")
    assert plain.stderr == b"1\n" and 1 <= int(streamed.stderr) < 200, "its lines came only with its end"
    assert sorted(answer.printed) == [
        (0, "stderr", streamed.stderr.decode().rstrip()),
        (0, "stdout", "first"),
        (0, "stdout", "last"),
    ]


def test_one_shell_for_many_trips(carry: Carrier, target: Target) -> None:
    pids = {carry.run(target, "echo $PPID $$").out for _ in range(3)}
    assert len(pids) == 1


def test_replies_come_as_they_happen(target: Target) -> None:
    with carrier() as carry:
        answer = carry.run(target, "echo one", "sleep 0.6; echo two")
        assert answer.times[1] - answer.times[0] > 0.4


def test_what_a_trip_cannot_send(carry: Carrier, target: Target) -> None:
    answer = carry.run(target, "echo a\0b", "echo never")
    assert [(reply.index, reply.rc) for reply in answer.replies] == [(0, 1)]
    assert b"NUL" in answer.replies[0].values["msg"]
    assert carry.run(target, "echo fine").out == b"fine\n"


@pytest.mark.parametrize("size", [0, 1, 5_000_000])
def test_uploads(carry: Carrier, target: Target, tmp_path: Path, size: int) -> None:
    data = os.urandom(size)
    source = tmp_path / "source"
    source.write_bytes(data)
    text = 'cat "$pb_up_0" "$pb_up_b" | sha1sum; ls -l "$pb_up_0" | cut -c1-10; echo "$pb_up_0"'
    step = Fragment(probe=text, uploads=(upload(data, source=str(source)), upload(b"x", "b")))
    reply = carry.run(target, step).replies[0]
    digest, mode, path = reply.stdout.decode().split("\n")[:3]
    assert digest.split()[0] == hashlib.sha1(data + b"x", usedforsecurity=False).hexdigest()
    assert mode == "-rw-------"
    assert carry.run(target, f"ls {path} || echo gone").out == b"gone\n"


def test_an_upload_that_cannot_be_read(carry: Carrier, target: Target, tmp_path: Path) -> None:
    step = Fragment(probe="echo never", uploads=(upload(b"x", source=str(tmp_path / "none")),))
    answer = carry.run(target, "echo one", step, "echo never")
    assert [(reply.index, reply.rc) for reply in answer.replies] == [(0, 0), (1, 1)]
    assert b"no such file" in answer.replies[1].values["msg"]


def test_a_failed_upload_of_a_tolerant_step_stops_nothing(carry: Carrier, target: Target, tmp_path: Path) -> None:
    bad = Fragment(probe="echo never", uploads=(upload(b"x", source=str(tmp_path / "none")),))
    answer = carry.run(target, Line(0, 0, bad, tolerant=True), Line(1, 1, Fragment(probe="echo after")))
    assert sorted((reply.index, reply.rc) for reply in answer.replies) == [(0, 1), (1, 0)]


def test_downloads(carry: Carrier, target: Target, tmp_path: Path) -> None:
    data = os.urandom(3_000_000)
    source, dest = tmp_path / "it's a file", tmp_path / "new" / "folder" / "dest"
    source.write_bytes(data)
    sha1 = hashlib.sha1(data, usedforsecurity=False).hexdigest()
    answer = carry.run(target, Fragment(probe=":", download=Download(str(source), str(dest), sha1)), "echo after")
    assert [reply.rc for reply in answer.replies] == [0, 0]
    assert dest.read_bytes() == data
    assert dest.stat().st_mode & 0o777 == 0o600
    assert os.listdir(dest.parent) == ["dest"]  # noqa: PTH208
    brought = Download(str(tmp_path / "none"), str(dest), hashlib.sha1(b"abc").hexdigest(), 3, b"abc")
    answer = carry.run(target, Fragment("pb_differs", ":", download=brought, bare=":"), "echo after")
    assert [reply.rc for reply in answer.replies] == [0, 0]
    assert dest.read_bytes() == b"abc"


def test_downloads_that_fail_leave_nothing_and_stop(carry: Carrier, target: Target, tmp_path: Path) -> None:
    source, dest = tmp_path / "source", tmp_path / "dest"
    source.write_bytes(b"abc")
    dest.write_bytes(b"old")
    wrong = Fragment(probe=":", download=Download(str(source), str(dest), "0" * 40))
    answer = carry.run(target, wrong, "echo never")
    assert [(reply.index, reply.rc) for reply in answer.replies] == [(0, 1)]
    assert b"changed while it was fetched" in answer.replies[0].values["msg"]
    missing = carry.run(target, Fragment(probe=":", download=Download(str(tmp_path / "none"), str(dest), None)))
    assert b"No such file" in missing.replies[0].values["msg"]
    long = carry.run(target, Fragment(probe=":", download=Download(str(source), str(dest), None, size=2)))
    assert b"grew" in long.replies[0].values["msg"]
    assert dest.read_bytes() == b"old"
    assert sorted(os.listdir(tmp_path)) == ["dest", "source"]  # noqa: PTH208


def test_no_download_in_a_check(carry: Carrier, target: Target, tmp_path: Path) -> None:
    step = Fragment(probe=":", download=Download("/etc/passwd", str(tmp_path / "dest"), None))
    carry.run(target, Line(0, 0, step, check=True))
    assert not (tmp_path / "dest").exists()


def test_a_deadline_ends_the_step_and_its_children(carry: Carrier, target: Target, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    text = f"echo begun; (trap '' TERM; echo $$ >>{pids}; sh -c 'echo $$ >>{pids}; sleep 61; :') & sleep 62"
    slow = Line(0, 0, Fragment(probe=text), tolerant=True, timeout_s=0.5)
    begun = time.monotonic()
    answer = carry.run(target, slow, Line(1, 1, Fragment(probe="echo after")))
    assert time.monotonic() - begun < 40
    assert [(reply.index, reply.timed_out) for reply in answer.replies] == [(0, True), (1, False)]
    assert answer.replies[0].rc != 0
    assert answer.replies[0].stdout == b"begun\n"
    assert answer.replies[1].stdout == b"after\n"
    assert answer.end is not None
    assert answer.end.lost is None
    found = pids.read_text().split()
    assert len(found) == 2
    until = time.monotonic() + 3  # a killed process may wait for its turn to die
    while _runs(int(found[1])) and time.monotonic() < until:
        time.sleep(0.02)
    assert not _runs(int(found[1]))


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def test_reset_opens_a_new_connection(carry: Carrier, target: Target) -> None:
    first = carry.run(target, "echo $$").out
    carry.dispatcher.reset(target.host)
    assert carry.run(target, "echo $$").out != first


def test_close_leaves_nothing_on_the_host(target: Target) -> None:
    with carrier() as carry:
        folder = carry.run(target, 'echo "$pb_dir"').out.decode().strip()
        assert glob.glob(folder)  # noqa: PTH207
        begun = time.monotonic()
    assert time.monotonic() - begun < 15
    assert not glob.glob(folder)  # noqa: PTH207


def test_a_shell_that_is_killed(carry: Carrier, target: Target) -> None:
    answer = carry.run(target, "echo one", "kill -9 $$; sleep 1", "echo never")
    assert [reply.index for reply in answer.replies] == [0]
    assert answer.end is not None
    assert (answer.end.lost is not None, answer.end.sent) == (True, True)
    assert carry.run(target, "echo again").out == b"again\n"


def test_a_shell_that_died_while_idle_is_replaced(carry: Carrier, target: Target) -> None:
    pid = int(carry.run(target, "echo $$").out)
    os.kill(pid, 9)
    time.sleep(0.3)
    answer = carry.run(target, "echo again")
    assert answer.out == b"again\n"


def test_parallel_trips_to_one_host(target: Target, tmp_path: Path) -> None:
    """Each of them waits for the others: one after another they would never end."""
    text = f"touch {tmp_path}/NUMBER; until [ $(ls {tmp_path} | wc -l) = 3 ]; do sleep 0.1; done; echo $$"
    with carrier() as carry:
        answers = carry.run_all([(target, (text.replace("NUMBER", str(n)),), None) for n in range(3)])
        assert len({answer.out for answer in answers}) == 3


def test_unknown_plugins_and_bugs_are_reported(carry: Carrier) -> None:
    answer = carry.run(Target("h", transport="no-such"), "echo hi")
    assert answer.end is not None
    assert "internal error" in (answer.end.lost or "")
    answer = carry.run(Target("h", transport="local"), "echo hi", become=Become("sudo", "-oops"))
    assert answer.end is not None
    assert (answer.end.sent, answer.end.refused) == (False, True)
