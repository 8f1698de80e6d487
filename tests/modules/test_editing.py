"""What data cases cannot say of modules that edit: earlier steps of a dry run, others who edit, large files."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from runner.model.call import Fragment, Outcome, Status
from runner.modules import cron
from tests.modules.harness import FolderDesk, _run_fragment, make_call, run_module


def test_a_key_in_a_folder_that_an_earlier_step_makes(home: Path) -> None:
    args = {"user": "root", "path": f"{home}/none/ssh/keys", "key": "ssh-rsa AAAA"}
    made = frozenset({f"{home}/none"})
    assert run_module("authorized_key", args, home=home, check=True, will_exist=made).status is Status.CHANGED
    assert run_module("authorized_key", args, home=home, check=True).status is Status.FAILED


@pytest.mark.root
@pytest.mark.parametrize("owner", [0, 65534])
def test_a_users_link_leads_into_nobody_elses_folder(owner: int, shell: str, home: Path) -> None:
    (home / "roots").mkdir()
    (home / "roots" / "keys").write_text("ssh-rsa AAAA root\n")
    (home / "ssh").symlink_to("roots")
    os.lchown(home / "ssh", owner, owner)
    args = {"user": "nobody", "path": "~/ssh/keys", "key": "ssh-rsa BBBB", "manage_dir": False}
    done = run_module("authorized_key", args, shell=shell, home=home)
    if owner:
        assert done.msg == f"{home}/ssh is a link to a folder of somebody else"
        assert (home / "roots" / "keys").read_text() == "ssh-rsa AAAA root\n"
    else:
        assert done.status is Status.CHANGED


@pytest.mark.parametrize("name", ["blockinfile", "replace", "ini_file"])
def test_a_file_that_an_earlier_step_makes_is_unknown(name: str, home: Path) -> None:
    args = {
        "blockinfile": {"block": "x"},
        "replace": {"regexp": "x"},
        "ini_file": {"section": "s", "option": "o", "value": "v"},
    }[name]
    path = "/nonexistent/f"
    done = run_module(name, {"path": path, **args}, home=home, check=True, will_exist=frozenset({path}))
    assert done.unknown


def test_parts_that_an_earlier_step_makes_are_unknown(home: Path) -> None:
    (home / "d").mkdir()
    args = {"src": f"{home}/d", "dest": "~/f"}
    assert run_module("assemble", args, home=home, check=True, will_exist=frozenset({f"{home}/d/a"})).unknown
    assert run_module("assemble", args, home=home, check=True, will_exist=frozenset({"/other"})).unknown is None


def test_a_large_file(shell: str, home: Path) -> None:
    (home / "f").write_text("x" * 100_000 + "\n")
    done = run_module("blockinfile", {"path": "~/f", "block": "y", "backup": True}, shell=shell, home=home)
    assert done.status is Status.CHANGED
    assert (home / "f").read_text().endswith("x\n# BEGIN ANSIBLE MANAGED BLOCK\ny\n# END ANSIBLE MANAGED BLOCK\n")
    assert re.fullmatch(r"f\.\d+\.[-0-9@:]+~", Path(done.values["backup_file"]).name)
    assert Path(done.values["backup_file"]).read_text() == "x" * 100_000 + "\n"


def test_a_crontab_that_somebody_else_changes_meanwhile(shell: str, home: Path) -> None:
    programs = home / "programs"
    programs.mkdir()
    (programs / "crontab").write_text(f'#!/bin/sh\ncase $* in *-l) cat "{home}/tab" ;; *) cat >"{home}/tab" ;; esac\n')
    (programs / "crontab").chmod(0o755)
    (home / "tab").write_text("1 1 1 1 1 a\n")
    call = make_call("cron", {"name": "x", "job": "y"}, environment={"PATH": f"{programs}:/usr/bin:/bin"})
    first = cron.fragment(call, FolderDesk())
    assert isinstance(first, Fragment)
    second = cron.outcome(call, first, _run_fragment(call, first, shell, home, 0o022), FolderDesk())
    assert isinstance(second, Fragment)
    (home / "tab").write_text("2 2 2 2 2 b\n")
    done = cron.outcome(call, second, _run_fragment(call, second, shell, home, 0o022), FolderDesk())
    assert isinstance(done, Outcome)
    assert done.msg == "the crontab changed while we worked on it"
    assert (home / "tab").read_text() == "2 2 2 2 2 b\n"


def test_the_password_reaches_no_text_for_the_host(home: Path) -> None:
    from runner.modules import htpasswd

    call = make_call("htpasswd", {"path": "~/f", "name": "jane", "password": "very secret"})
    first = htpasswd.fragment(call, FolderDesk())
    assert isinstance(first, Fragment)
    second = htpasswd.outcome(call, first, _run_fragment(call, first, "dash", home, 0o022), FolderDesk())
    assert isinstance(second, Fragment)
    assert "very secret" not in first.probe + first.apply + second.probe + second.apply
