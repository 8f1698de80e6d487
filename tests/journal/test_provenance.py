"""Where a run comes from."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from runner.journal.provenance import ci, controller, git, user, without_credentials

ENVIRON = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}


def run_git(folder: Path, *words: str) -> str:
    who = ["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "init.defaultBranch=main"]
    return subprocess.run(["git", *who, "-C", str(folder), *words], capture_output=True, text=True, check=True).stdout


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A repository with one commit and a folder in it."""
    run_git(tmp_path, "init", "-q")
    (tmp_path / "plays").mkdir()
    (tmp_path / "plays" / "site.yaml").write_text("[]\n")
    run_git(tmp_path, "add", ".")
    run_git(tmp_path, "commit", "-qm", "first")
    return tmp_path


def test_commit_and_state(tree: Path) -> None:
    commit = run_git(tree, "rev-parse", "HEAD").strip()
    assert git(tree / "plays", ENVIRON) == {"commit": commit, "branch": "main", "dirty": False}
    run_git(tree, "remote", "add", "origin", "https://user:hunter2@example.org/x.git?token=abc")
    (tree / "new").touch()
    found = git(tree, ENVIRON)
    assert found["dirty"] is True
    assert found["remote"] == "https://example.org/x.git"


def test_no_repository_no_git_and_no_commit(tmp_path: Path) -> None:
    assert git(tmp_path, ENVIRON) == {}
    assert git(tmp_path / "missing", ENVIRON) == {}
    run_git(tmp_path, "init", "-q")
    assert git(tmp_path, ENVIRON) == {}


def test_git_that_is_absent_or_hangs(tree: Path) -> None:
    assert git(tree, {"PATH": str(tree)}) == {}
    fake = tree / "git"
    fake.write_text("#!/bin/sh\nsleep 20\n")
    fake.chmod(0o755)
    assert git(tree, {"PATH": f"{tree}:{ENVIRON['PATH']}"}, timeout_s=0.2) == {}


def test_the_repository_cannot_start_anything(tree: Path) -> None:
    trap = tree / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch {tree}/sprung\n")
    trap.chmod(0o755)
    run_git(tree, "config", "core.fsmonitor", str(trap))
    run_git(tree, "config", "core.pager", str(trap))
    hooks = tree / ".git" / "hooks"
    for hook in ("post-index-change", "fsmonitor-watchman", "reference-transaction"):
        (hooks / hook).symlink_to(trap)
    os.utime(tree / "plays" / "site.yaml")
    assert git(tree, ENVIRON)["dirty"] is True
    assert not (tree / "sprung").exists()


def test_git_does_not_look_elsewhere_because_of_the_environment(
    tree: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other")
    assert git(other, {**ENVIRON, "GIT_DIR": str(tree / ".git")}) == {}


def test_addresses_lose_their_credentials() -> None:
    assert without_credentials("git@example.org:x/y.git") == "git@example.org:x/y.git"
    assert without_credentials("ssh://me:pw@h/x") == "ssh://h/x"
    assert without_credentials("https://a@b:c@h/x") == "https://h/x"


def test_ci_and_names() -> None:
    assert ci({"GITHUB_RUN_ID": "7", "GITHUB_TOKEN": "secret", "BUILD_TAG": "", "CI_JOB_ID": "x" * 9999}) == {
        "GITHUB_RUN_ID": "7",
        "CI_JOB_ID": "x" * 512,
    }
    assert ci({}) == {}
    assert user() and controller()
