"""git against real repositories: what a dry run says of them, and what then is there."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from runner.model.call import Outcome, Status
from tests.modules.harness import listing, run_module

ENV = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_ALLOW_PROTOCOL": "file",
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@example.org",
}


@dataclass
class Remote:
    """A repository with two commits on main, a tag at the first, and a branch."""

    path: Path
    home: Path

    def git(self, *words: str, at: Path | None = None) -> str:
        """Run git in it."""
        env = {"PATH": os.environ["PATH"], "HOME": str(self.home), **ENV}
        done = subprocess.run(["git", *words], cwd=at or self.path, env=env, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def commit(self, name: str, text: str) -> str:
        """One more commit."""
        (self.path / name).write_text(text)
        self.git("add", name)
        self.git("commit", "-q", "-m", f"{name}: {text}")
        return self.git("rev-parse", "HEAD")

    def run(self, check: bool = False, **args: Any) -> Outcome:
        """Run the module."""
        given = {"repo": str(self.path), "dest": "~/tree/copy", **args}
        return run_module("git", given, home=self.home, check=check, env=ENV, diff=True)

    def both(self, **args: Any) -> Outcome:
        """The run, after a dry run that touches nothing and says the same."""
        before = listing(self.home)
        said = self.run(check=True, **args)
        assert listing(self.home) == before
        done = self.run(**args)
        assert (said.status, said.msg) == (done.status, done.msg), (said, done)
        for name in ("before", "remote_url_changed"):
            assert said.values.get(name) == done.values.get(name)
        return done


@pytest.fixture
def remote(home: Path, tmp_path: Path) -> Remote:
    made = Remote(tmp_path / "remote", home)
    made.path.mkdir()
    made.git("init", "-q", "-b", "main")
    made.commit("a", "one")
    made.git("tag", "-a", "v1", "-m", "first")
    made.git("branch", "side")
    made.commit("a", "two")
    return made


def test_cloned_and_brought_up_to_date(remote: Remote) -> None:
    copy, head = remote.home / "tree/copy", remote.git("rev-parse", "HEAD")
    done = remote.both()
    assert (done.status, done.values) == (Status.CHANGED, {"before": None, "after": head})
    assert (copy / "a").read_text() == "two"
    assert done.diff[0].after == f"{head}\n"
    again = remote.both()
    assert (again.status, again.values) == (Status.OK, {"before": head, "after": head, "remote_url_changed": False})
    new = remote.commit("b", "b")
    assert remote.run(check=True).values["after"] == new
    assert remote.both().values == {"before": head, "after": new, "remote_url_changed": False}
    assert remote.run(update=False).values == {"before": new, "after": new}


def test_versions(remote: Remote) -> None:
    copy, first = remote.home / "tree/copy", remote.git("rev-parse", "v1^{}")
    assert remote.both(version="v1").values["after"] == first
    assert remote.both(version="v1").status is Status.OK
    head = remote.git("rev-parse", "HEAD")
    assert remote.both(version="main").values == {"before": first, "after": head, "remote_url_changed": False}
    assert remote.git("rev-parse", "--abbrev-ref", "HEAD", at=copy) == "main"
    assert remote.both(version=first).values["after"] == first
    assert remote.both(version=first).status is Status.OK
    side = remote.both(version="side")
    assert (side.status, side.values["after"]) == (Status.OK, first)
    assert remote.git("rev-parse", "--abbrev-ref", "HEAD", at=copy) == "side"
    missing = remote.run(version="none")
    assert missing.status is Status.FAILED
    assert missing.msg.startswith("Failed to checkout none: ")
    assert remote.run(version="--help").msg.startswith("version cannot be")


def test_local_changes(remote: Remote) -> None:
    copy = remote.home / "tree/copy"
    remote.run()
    (copy / "new").write_text("not tracked")
    assert remote.both().status is Status.OK
    (copy / "a").write_text("mine")
    refused = remote.both()
    assert refused.status is Status.FAILED
    assert refused.msg.startswith("Local modifications exist in the destination: ")
    assert remote.both(force=True).status is Status.CHANGED
    assert ((copy / "a").read_text(), (copy / "new").exists()) == ("two", True)


def test_what_is_no_repository(remote: Remote) -> None:
    (remote.home / "tree/copy").mkdir(parents=True)
    (remote.home / "tree/copy/x").write_text("")
    assert "already exists and is not an empty directory" in remote.both().msg
    nothing = remote.both(repo=str(remote.home / "none"), dest="~/other")
    assert nothing.status is Status.FAILED
    assert remote.both(dest=None, clone=False).values["after"] == remote.git("rev-parse", "HEAD")


def test_another_remote(remote: Remote, tmp_path: Path) -> None:
    remote.run()
    moved = tmp_path / "moved"
    remote.path.rename(moved)
    remote.path = moved
    done = remote.both()
    assert (done.status, done.values["remote_url_changed"]) == (Status.CHANGED, True)
    assert remote.both().status is Status.OK


def test_bare_shallow_and_apart(remote: Remote) -> None:
    bare = remote.both(bare=True, dest="~/bare")
    assert bare.status is Status.CHANGED
    assert (remote.home / "bare/HEAD").exists()
    assert remote.both(bare=True, dest="~/bare").status is Status.OK
    remote.commit("b", "b")
    assert remote.both(bare=True, dest="~/bare").status is Status.CHANGED
    remote.both(dest="~/shallow", depth=1, version="main", single_branch=True)
    assert remote.git("rev-list", "--count", "HEAD", at=remote.home / "shallow") == "1"
    new = remote.commit("c", "c")
    assert remote.both(dest="~/shallow", depth=1, version="main").values["after"] == new
    remote.both(dest="~/shallow", depth=1, version="side")
    assert (remote.home / "shallow/a").read_text() == "one"
    remote.both(dest="~/apart", separate_git_dir="~/apart.git")
    assert (remote.home / "apart.git/HEAD").exists()
    assert remote.both(dest="~/apart", separate_git_dir="~/apart.git").status is Status.OK
    moved = remote.both(dest="~/apart", separate_git_dir="~/elsewhere.git")
    assert moved.values["git_dir_now"] == str(remote.home / "elsewhere.git")
    assert remote.both(dest="~/apart", separate_git_dir="~/elsewhere.git").status is Status.OK


def test_submodules(remote: Remote, tmp_path: Path) -> None:
    part = Remote(tmp_path / "part", remote.home)
    part.path.mkdir()
    part.git("init", "-q", "-b", "master")
    part.commit("p", "one")
    remote.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(part.path), "part")
    remote.git("commit", "-q", "-m", "part")
    assert remote.both().status is Status.CHANGED
    inside = remote.home / "tree/copy/part/p"
    assert inside.read_text() == "one"
    assert remote.both().status is Status.OK
    part.commit("p", "two")
    assert remote.run(check=True, track_submodules=True).unknown
    assert remote.run(track_submodules=True).values["submodules_changed"] is True
    assert inside.read_text() == "two"
    assert remote.run(track_submodules=True, force=True).status is Status.CHANGED
    assert remote.both(recursive=False, force=True, dest="~/flat").status is Status.CHANGED
    assert not (remote.home / "flat/part/p").exists()


def test_archives(remote: Remote) -> None:
    done = remote.both(archive="~/a.tar.gz", archive_prefix="app/")
    assert done.status is Status.CHANGED
    names = subprocess.run(["tar", "-tzf", remote.home / "a.tar.gz"], check=True, capture_output=True, text=True).stdout
    assert names.split() == ["app/", "app/a"]
    assert remote.both(archive="~/a.tar.gz", archive_prefix="app/").status is Status.OK
    (remote.home / "a.tar.gz").write_text("")
    assert remote.both(archive="~/a.tar.gz", archive_prefix="app/").status is Status.CHANGED
    assert remote.run(archive="~/a.rar").msg.startswith("Unable to get file extension")


def test_signatures_are_asked_for(remote: Remote) -> None:
    assert remote.run(verify_commit=True).msg.startswith('Failed to verify GPG signature of commit/tag "HEAD"')


def test_how_ssh_is_started(remote: Remote) -> None:
    """ssh is a stand-in that writes down its arguments."""
    tools = remote.home / "bin"
    tools.mkdir()
    (tools / "ssh").write_text('#!/bin/sh\nprintf "%s\\n" "$*" >>"$HOME/argv"\nexit 1\n')
    (tools / "ssh").chmod(0o755)
    env = {**ENV, "GIT_ALLOW_PROTOCOL": "ssh", "PATH": f"{tools}:{os.environ['PATH']}"}
    given = {
        "repo": "git@host:a.git",
        "dest": "~/c",
        "key_file": "~/my key",
        "accept_newhostkey": True,
        "ssh_opts": "-v",
    }
    assert run_module("git", given, home=remote.home, env=env).status is Status.FAILED
    said = (remote.home / "argv").read_text()
    wanted = f"-v -o StrictHostKeyChecking=accept-new -o BatchMode=yes -i {remote.home}/my key -o IdentitiesOnly=yes"
    assert wanted in said
