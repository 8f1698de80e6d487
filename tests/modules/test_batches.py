"""Files that are placed one after another in a trip: what is asked of all at once is true of each."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from runner.model.call import Call, Fragment, Line, Outcome, Status
from runner.registry import load
from tests.modules.harness import FolderDesk, make_call, run_lines

NAMES = ("plain", "b c", "new\nline", "back\\slash", "cr\r", "-", "-n", "*", "$(touch PWNED)", "q'uo\"te", "é", "%s")
Task = tuple[str, dict[str, Any]]


def copy(dest: str, content: str = "x", **more: Any) -> Task:
    return "copy", {"dest": dest, "content": content, **more}


def shell_task(text: str) -> Task:
    return "shell", {"_raw_params": text}


def run(tasks: Sequence[Task], home: Path, shell: str = "dash", *, check: bool = False, **more: Any) -> list[Outcome]:
    """What these tasks come to in one trip."""
    desk, calls = FolderDesk(home), [make_call(name, args, check=check) for name, args in tasks]
    sent: list[tuple[Call, Fragment]] = []
    for call in calls:
        fragment = load("modules", call.module).fragment(call, desk)
        assert isinstance(fragment, Fragment)
        sent.append((call, fragment))
    lines = [Line(n, n, fragment, check=check, tolerant=True) for n, (_, fragment) in enumerate(sent)]
    replies, _ = run_lines(lines, shell, home=home, **more)
    found = [
        load("modules", call.module).outcome(call, fragment, reply, desk)
        for (call, fragment), reply in zip(sent, replies, strict=True)
    ]
    assert all(isinstance(outcome, Outcome) for outcome in found)
    return found


def assert_told(outcomes: Sequence[Outcome], tasks: Sequence[Task], home: Path, status: Status) -> None:
    """Each has this status, and tells of its file what the file is."""
    for outcome, (_, args) in zip(outcomes, tasks, strict=True):
        path = home / outcome.values["dest"]
        seen = path.lstat()
        assert outcome.status == status, args
        assert path.read_bytes() == args["content"].encode(), args
        told = {name: outcome.values[name] for name in ("mode", "uid", "gid", "size", "state", "owner", "group")}
        assert told == {
            "mode": f"{stat.S_IMODE(seen.st_mode):04o}",
            "uid": seen.st_uid,
            "gid": seen.st_gid,
            "size": seen.st_size,
            "state": "file",
            "owner": path.owner(),
            "group": path.group(),
        }, args
        if "mode" in args:
            assert told["mode"] == args["mode"]
        assert {name: args[name] for name in ("owner", "group") if name in args}.items() <= told.items()
    assert not list(home.rglob(".pb-*"))


def test_files_of_any_name_are_made_seen_and_changed(shell: str, home: Path) -> None:
    tasks = [copy(name, f"content of {name}", mode="0640") for name in NAMES]
    tasks += [copy(f"~/{number}", "y" * number) for number in range(4)]
    assert_told(run(tasks, home, shell), tasks, home, Status.CHANGED)
    assert_told(run(tasks, home, shell, check=True), tasks, home, Status.OK)
    assert_told(run(tasks, home, shell), tasks, home, Status.OK)
    other = [(name, {**args, "content": args["content"].upper() + "!"}) for name, args in tasks]
    foreseen = run(other, home, shell, check=True)
    assert {outcome.status for outcome in foreseen} == {Status.CHANGED}
    assert_told(run(other, home, shell), other, home, Status.CHANGED)
    assert not (home / "PWNED").exists()


@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_modes_and_owners_are_those_asked_for(shell: str, home: Path, umask: int) -> None:
    modes = ("0644", "0644", "0600", "0600", "0755", "4755", "0644", "0440", "0000", "0666", "0640", "0640")
    tasks = [copy(f"m{number}", "x", mode=mode) for number, mode in enumerate(modes)]
    tasks += [copy(f"d{number}", "y") for number in range(3)]
    if os.geteuid() == 0:
        (home / "theirs").mkdir()
        (home / "theirs").chmod(0o2777)
        os.chown(home / "theirs", 1, 1)
        for number, more in enumerate(({}, {"owner": "root"}, {"group": "root"}, {"owner": "daemon", "group": "bin"})):
            tasks += [copy(f"{folder}o{number}.{n}", "z", **more) for folder in ("theirs/", "") for n in range(3)]
    assert_told(run(tasks, home, shell, umask=umask), tasks, home, Status.CHANGED)
    asked = [(name, {**args, "content": "once more"}) for name, args in tasks]
    assert_told(run(asked, home, shell, umask=umask), asked, home, Status.CHANGED)
    assert_told(run(asked, home, shell, umask=umask), asked, home, Status.OK)
    other = [(name, {**args, "mode": "0611"}) for name, args in asked if "owner" not in args]
    foreseen = run(other, home, shell, check=True)
    assert {outcome.status for outcome in foreseen} == {Status.CHANGED}
    had = [(path, path.lstat().st_mode, path.lstat().st_uid, path.lstat().st_gid) for path in home.rglob("*")]
    plain = [copy(args["dest"], "again") for _, args in tasks]
    assert_told(run(plain, home, shell, umask=umask), plain, home, Status.CHANGED)
    assert had == [(path, path.lstat().st_mode, path.lstat().st_uid, path.lstat().st_gid) for path in home.rglob("*")]


@pytest.mark.skipif(shutil.which("setfacl") is None, reason="needs setfacl")
def test_a_folder_may_give_what_is_new_another_mode(shell: str, home: Path) -> None:
    (home / "acl").mkdir()
    if subprocess.run(["setfacl", "-d", "-m", "u::rw,g::rw,o::rw", home / "acl"], check=False).returncode:
        pytest.skip("this file system cannot have ACLs")
    tasks = [
        copy(f"{folder}{mode}{n}", "x", mode=mode) for n in "ab" for folder in ("acl/", "") for mode in ("0640", "0600")
    ]
    assert_told(run(tasks, home, shell), tasks, home, Status.CHANGED)


def test_what_a_step_changes_is_seen_by_the_next(shell: str, home: Path) -> None:
    (home / "d").mkdir()
    for name in ("a", "b", "c"):
        (home / name).write_text("x")
    (home / "twin").write_text("x")
    os.link(home / "twin", home / "hard")
    (home / "soft").symlink_to("a")
    unchanged, changed = Status.OK, Status.CHANGED
    told = (
        (copy("a"), unchanged),
        (copy("b"), unchanged),
        (shell_task("printf y >b; mv c d/c; ln -s d/c c"), changed),
        (copy("a"), unchanged),
        (copy("b"), changed),
        (copy("c", follow=True), unchanged),
        (copy("d/../b", "z"), changed),
        (copy("b", "z"), unchanged),
        (copy("./b", "v"), changed),
        (copy("b", "z"), changed),
        (copy("twin", mode="0600"), changed),
        (copy("hard", mode="0600"), unchanged),
        (copy("soft", "new"), changed),
        (copy("a"), unchanged),
        (copy("d", "x"), Status.FAILED),
        (copy("b", "z", force=False), unchanged),
        (copy("none/b"), Status.FAILED),
        (copy("b", "w", backup=True), changed),
        (copy("b", "w"), unchanged),
    )
    found = run([task for task, _ in told], home, shell)
    assert [outcome.status for outcome in found] == [status for _, status in told]
    assert (home / "soft").read_text() == "new" and not (home / "soft").is_symlink()


def test_few_programs_are_run(home: Path, tmp_path: Path) -> None:
    """Of ten new files only the first is looked at, and of ten unchanged ones all are at once."""
    (tmp_path / "bin").mkdir()
    for name in ("stat", "sha1sum", "chmod", "chown", "mv"):
        program = tmp_path / "bin" / name
        program.write_text(f'#!/bin/sh\necho {name} >>"$HOME/ran"\nexec {shutil.which(name)} "$@"\n')
        program.chmod(0o755)
    env = {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}"}
    tasks = [copy(f"f{number}", f"{number}", mode="0644") for number in range(10)]
    for wanted in ({"stat": 1, "mv": 10}, {"stat": 1, "sha1sum": 1}):
        run(tasks, home, env=env)
        ran = (home / "ran").read_text().split()
        assert {name: ran.count(name) for name in ran} == wanted
        (home / "ran").unlink()


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="gives files away")
def test_what_is_given_away_is_private_until_then(home: Path, tmp_path: Path) -> None:
    """Also where the step before it has shown what mode the folder gives."""
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin/chown"
    program.write_text(
        f'#!/bin/sh\nstat -L -c "%a %s" /proc/self/fd/8 >>"$HOME/seen"\nexec {shutil.which("chown")} "$@"\n'
    )
    program.chmod(0o755)
    env = {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}"}
    ours = [copy(f"f{n}", "text", mode="0666") for n in range(3)]
    run([*ours, *(copy(f"g{n}", "text", mode="0666", owner="daemon") for n in range(3))], home, env=env)
    run([copy(f"g{n}", "other", mode="0666") for n in range(3)], home, env=env)
    assert (home / "seen").read_text().splitlines() == ["600 4"] * 3 + ["600 5"] * 3
    assert {path.stat().st_mode & 0o777 for path in home.glob("[fg]*")} == {0o666}
    assert {path.stat().st_uid for path in home.glob("g*")} == {1}
