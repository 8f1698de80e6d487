"""subversion against a real repository."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

from runner.model.call import Outcome, Status
from tests.modules.harness import listing, run_module


def svn(*words: str) -> None:
    env = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "LC_ALL": "C"}
    subprocess.run(words, check=True, capture_output=True, env=env)


def test_a_working_copy(home: Path, tmp_path: Path) -> None:
    repo, source = tmp_path / "repo", tmp_path / "source"
    svn("svnadmin", "create", str(repo))
    svn("svn", "-q", "checkout", f"file://{repo}", str(source))
    (source / "a").write_text("one\n")
    svn("svn", "-q", "add", str(source / "a"))
    svn("svn", "-q", "commit", "-m", "one", str(source))

    def both(**args: Any) -> Outcome:
        given = {"repo": f"file://{repo}", "dest": "~/copy", **args}
        before = [entry[0] for entry in listing(home)]
        said = run_module("subversion", given, home=home, check=True)
        assert [entry[0] for entry in listing(home)] == before
        done = run_module("subversion", given, home=home)
        assert (said.status, said.msg) == (done.status, done.msg), (said, done)
        return done

    first = both()
    assert first.status is Status.CHANGED
    assert (first.values["before"], first.values["after"][0]) == (None, "Revision: 1")
    assert both().status is Status.OK
    (source / "a").write_text("two\n")
    svn("svn", "-q", "commit", "-m", "two", str(source))
    second = both()
    assert (second.values["before"][0], second.values["after"][0]) == ("Revision: 1", "Revision: 2")
    assert (home / "copy/a").read_text() == "two\n"
    assert both(revision="1").status is Status.CHANGED
    assert both(revision="1").status is Status.OK
    (home / "copy/a").write_text("mine\n")
    assert both().msg == "ERROR: modified files exist in the repository."
    assert both(force=True).status is Status.CHANGED
    assert both(export=True, dest="~/plain").status is Status.CHANGED
    assert not (home / "plain/.svn").exists()
    assert "already exists, but its not a subversion" in both(dest="~/plain").msg
    assert both(checkout=False, update=False, dest=None).values == {"after": "Revision: 2"}
    assert both(repo=f"file://{repo}/none", dest="~/x").status is Status.FAILED


def test_a_password_is_no_argument(home: Path, tmp_path: Path) -> None:
    """svn is a stand-in that writes down its arguments and what it reads."""
    (tmp_path / "svn").write_text(
        '#!/bin/sh\n[ "$1" != --version ] || { echo 1.14.2; exit; }\n'
        'echo "$*" >>"$HOME/argv"\ncat >>"$HOME/read"\nexit 1\n'
    )
    (tmp_path / "svn").chmod(0o755)
    given = {
        "repo": "http://x/",
        "dest": "~/c",
        "username": "me",
        "password": "$(x)'%s",
        "executable": str(tmp_path / "svn"),
    }
    assert run_module("subversion", given, home=home).status is Status.FAILED
    assert "--password-from-stdin --non-interactive" in (home / "argv").read_text()
    assert ((home / "read").read_text(), "$(x)" in (home / "argv").read_text()) == ("$(x)'%s\n", False)
