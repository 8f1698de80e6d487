"""Jobs on real shells: they outlive their session, keep their time, leave a result, and trust no folder of others."""

from __future__ import annotations

import os
import shutil
import stat
import time
from pathlib import Path

import pytest

from runner.model.call import Effect, Fragment, Line, Reply, Upload
from runner.sh import jobs
from tests.modules.harness import run_lines

NAME = "j" + "5a" * 16


@pytest.fixture(params=["dash", "bash", "busybox"])
def shell(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A shell under a name that says that it is one: a job's shell is the session's."""
    link = tmp_path / "bin" / ("ash" if request.param == "busybox" else str(request.param))
    link.parent.mkdir()
    link.symlink_to(shutil.which(str(request.param)) or "")
    return str(link)


def send(made: Fragment, shell: str, home: Path) -> Reply:
    return run_lines([Line(0, 0, made)], shell, home=home)[0][0]


def launch(made: Fragment, shell: str, home: Path, limit_s: int = 30) -> Reply:
    reply = send(jobs.launch(made, "~/jobs", NAME, limit_s), shell, home)
    assert reply.rc == 0, reply
    return reply


def ended(shell: str, home: Path, within_s: float = 20) -> jobs.State:
    deadline = time.monotonic() + within_s
    while not (state := jobs.read(send(jobs.look("~/jobs", NAME), shell, home))).over:
        assert time.monotonic() < deadline, "the job does not end"
        time.sleep(0.1)
    return state


def _lives(process: Path) -> bool:
    try:
        return process.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_it_outlives_its_session_and_leaves_what_it_came_to(shell: str, tmp_path: Path) -> None:
    text = "pb_kv note 'a\nb'; pb_user_run sh -c 'sleep 0.5; echo out; echo err >&2; exit 3'"
    before = time.monotonic()
    launch(Fragment("pb_differs", text), shell, tmp_path)
    assert not jobs.read(send(jobs.look("~/jobs", NAME), shell, tmp_path)).over
    assert time.monotonic() - before < 10
    reply = ended(shell, tmp_path).reply
    assert reply is not None
    assert (reply.rc, reply.stdout, reply.stderr, reply.differs) == (3, b"out\n", b"err\n", True)
    assert reply.values == {"note": b"a\nb"}
    assert 0 < reply.start <= reply.end


def test_what_is_the_same_is_left_alone(shell: str, tmp_path: Path) -> None:
    launch(Fragment("pb_kv seen 1", "echo never", Effect.IDEMPOTENT), shell, tmp_path)
    reply = ended(shell, tmp_path).reply
    assert reply is not None and (reply.rc, reply.differs, reply.stdout) == (0, False, b"")


def test_its_folder_is_private_and_claimed_once(shell: str, tmp_path: Path) -> None:
    launch(Fragment("pb_differs", "exit 0"), shell, tmp_path)
    assert stat.S_IMODE((tmp_path / "jobs" / NAME).stat().st_mode) == 0o700
    again = send(jobs.launch(Fragment("pb_differs", "exit 0"), "~/jobs", NAME, 30), shell, tmp_path)
    assert again.rc != 0 and b"there already" in again.values["msg"]


def test_a_folder_that_others_may_write_to_is_refused(shell: str, tmp_path: Path) -> None:
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs").chmod(0o777)
    reply = send(jobs.launch(Fragment("pb_differs", "exit 0"), "~/jobs", NAME, 30), shell, tmp_path)
    assert reply.rc != 0 and b"others may write" in reply.values["msg"]
    (tmp_path / "jobs").chmod(0o1777)
    launch(Fragment("pb_differs", "exit 0"), shell, tmp_path)


def test_its_time_ends_it_and_all_it_began(shell: str, tmp_path: Path) -> None:
    script = "sleep 77 & echo $! >kid; (sleep 77 & echo $! >orphan); sleep 77; echo late >late"
    before = time.monotonic()
    launch(Fragment("pb_differs", f"pb_user_run sh -c '{script}'"), shell, tmp_path, limit_s=1)
    state = ended(shell, tmp_path)
    assert state.late and state.reply is None
    assert time.monotonic() - before < 15
    assert not (tmp_path / "late").exists()
    deadline = time.monotonic() + 5
    for name in ("kid", "orphan"):
        process = Path("/proc") / (tmp_path / name).read_text().strip() / "stat"
        while _lives(process):
            assert time.monotonic() < deadline, f"the job's {name} goes on"
            time.sleep(0.05)


def test_a_job_that_was_killed_is_gone_not_slow(shell: str, tmp_path: Path) -> None:
    launch(Fragment("pb_differs", "pb_user_run sleep 3"), shell, tmp_path)
    os.kill(int((tmp_path / "jobs" / NAME / "pid").read_text()), 9)
    assert ended(shell, tmp_path).gone


def test_a_host_that_was_started_anew_has_lost_its_jobs(shell: str, tmp_path: Path) -> None:
    launch(Fragment("pb_differs", "pb_user_run sleep 3"), shell, tmp_path)
    (tmp_path / "jobs" / NAME / "boot").write_text("another boot\n")
    assert ended(shell, tmp_path).gone


def test_it_keeps_the_environment_the_umask_and_the_uploads(shell: str, tmp_path: Path) -> None:
    sent = tmp_path / "sent"
    sent.write_bytes(b"content")
    text = 'cat "$pb_up_x" >copy; pb_user_run sh -c \'echo "$PB_GIVEN $(umask)"; env | grep -c "^pb_"\''
    made = Fragment("pb_differs", text, uploads=(Upload("x", 7, "", content=b"content"),))
    line = Line(0, 0, jobs.launch(made, "~/jobs", NAME, 30), environment={"PB_GIVEN": "a b"})
    run_lines([line], shell, home=tmp_path, umask=0o027, uploads={(0, "x"): str(sent)})
    reply = ended(shell, tmp_path).reply
    assert reply is not None and reply.stdout.split() == [b"a", b"b", b"0027", b"0"]
    assert (tmp_path / "copy").read_bytes() == b"content"
    assert stat.S_IMODE((tmp_path / "copy").stat().st_mode) == 0o640


def test_it_is_removed_and_then_missing(shell: str, tmp_path: Path) -> None:
    launch(Fragment("pb_differs", "exit 0"), shell, tmp_path)
    ended(shell, tmp_path)
    assert not jobs.read(send(jobs.remove("~/jobs", NAME), shell, tmp_path)).missing
    assert not (tmp_path / "jobs" / NAME).exists()
    for made in (jobs.remove("~/jobs", NAME), jobs.look("~/jobs", NAME)):
        assert jobs.read(send(made, shell, tmp_path)).missing


def test_without_setsid_it_still_outlives_its_session(tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in ("sh", "mkdir", "date", "sleep", "mv", "cat", "rm", "id", "stat", "ls", "head", "readlink", "chmod"):
        (tools / tool).symlink_to(shutil.which(tool) or "")
    line = Line(0, 0, jobs.launch(Fragment("pb_differs", "sleep 0.3; echo fine"), "~/jobs", NAME, 30))
    replies, _ = run_lines([line], "/bin/sh", home=tmp_path, env={"PATH": str(tools)})
    assert replies[0].rc == 0, replies[0]
    reply = ended("dash", tmp_path).reply
    assert reply is not None and reply.stdout == b"fine\n"
