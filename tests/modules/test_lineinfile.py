"""lineinfile: the same bytes as Ansible's, twice, in a dry run, and against every shell."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from runner.model.call import Fragment, Outcome, Status
from runner.modules import lineinfile
from tests.modules.harness import FolderDesk, _run_fragment, listing, make_call, run_module

# content (None: no file), arguments beside path, expected content (None: no file), expected msg
CASES: dict[str, tuple[str | None, dict[str, Any], str | None, str]] = {
    "at the end": ("a\n", {"line": "b"}, "a\nb\n", "line added"),
    "the last line has no newline": ("a", {"line": "b"}, "a\nb\n", "line added"),
    "is there": ("a\nb\n", {"line": "b"}, "a\nb\n", ""),
    "regexp, the last match": (
        "x=1\ny\nx=2\n",
        {"regexp": "^x=", "line": "x=3"},
        "x=1\ny\nx=3\n",
        "line replaced",
    ),
    "regexp, the first match": (
        "x=1\ny\nx=2\n",
        {"regexp": "^x=", "line": "x=3", "firstmatch": True},
        "x=3\ny\nx=2\n",
        "line replaced",
    ),
    "regexp without a match": ("y\n", {"regexp": "^x=", "line": "x=3"}, "y\nx=3\n", "line added"),
    "no match, but the very line": ("x\ny\n", {"regexp": "^nothing", "line": "x"}, "x\ny\n", ""),
    "search_string": ("a.b\n", {"search_string": "a.b", "line": "c"}, "c\n", "line replaced"),
    "backrefs": (
        "host=old\n",
        {"regexp": "^(host=).*", "line": r"\g<1>new", "backrefs": True},
        "host=new\n",
        "line replaced",
    ),
    "backrefs without a match": ("q\n", {"regexp": "^(h)", "line": r"\1", "backrefs": True}, "q\n", ""),
    "insertafter": ("[a]\n[b]\n", {"insertafter": r"^\[a", "line": "k"}, "[a]\nk\n[b]\n", "line added"),
    "insertafter the last line": ("x\n[b]\n", {"insertafter": r"^\[b", "line": "k"}, "x\n[b]\nk\n", "line added"),
    "insertafter an unended line": ("[b]", {"insertafter": r"^\[b", "line": "k"}, "[b]\nk\n", "line added"),
    "insertbefore": ("a\nb\n", {"insertbefore": "^b", "line": "k"}, "a\nk\nb\n", "line added"),
    "insertbefore BOF": ("a\n", {"insertbefore": "BOF", "line": "k"}, "k\na\n", "line added"),
    "insertafter EOF": ("a\n", {"insertafter": "EOF", "line": "k"}, "a\nk\n", "line added"),
    "insertafter nothing": ("a\n", {"insertafter": "zzz", "line": "k"}, "a\nk\n", "line added"),
    "carriage returns": ("a\r\nb\r\n", {"regexp": "^b", "line": "c"}, "a\r\nc\n", "line replaced"),
    "beyond ASCII": ("ä\n", {"regexp": "^ä", "line": "ö €"}, "ö €\n", "line replaced"),
    "shell's own characters": ("a\n", {"line": "$(touch PWNED) `x` '\"\\ %s"}, None, "line added"),
    "absent by line": ("a\nb\na\n", {"state": "absent", "line": "a"}, "b\n", "2 line(s) removed"),
    "absent by regexp": ("a\nb\n", {"state": "absent", "regexp": "^b"}, "a\n", "1 line(s) removed"),
    "absent, none": ("a\n", {"state": "absent", "regexp": "^z"}, "a\n", ""),
    "absent, no file": (None, {"state": "absent", "line": "a"}, None, "file not present"),
    "create": (None, {"create": True, "line": "a"}, "a\n", "line added"),
    "a large file": ("x" * 40000 + "\n", {"line": "b"}, "x" * 40000 + "\nb\n", "line added"),
}


@pytest.mark.parametrize("case", CASES)
def test_case(case: str, shell: str, home: Path) -> None:
    content, given, expected, msg = CASES[case]
    if case.startswith("shell"):
        expected = f"{content}{given['line']}\n"
    path = home / "f"
    if content is not None:
        path.write_bytes(content.encode())
    args = {"path": str(path), **given}
    before = listing(home)
    predicted = run_module("lineinfile", args, shell=shell, home=home, check=True, diff=True)
    assert listing(home) == before
    done = run_module("lineinfile", args, shell=shell, home=home, diff=True)
    assert done.msg == msg
    assert predicted == done
    assert (done.status is Status.CHANGED) == (expected != content)
    if expected is None:
        assert not path.exists()
    else:
        assert path.read_bytes() == expected.encode()
    again = run_module("lineinfile", args, shell=shell, home=home)
    assert again.status is Status.OK
    assert [entry.name for entry in home.iterdir()] == ([] if expected is None else ["f"])


def test_diff_is_the_content(home: Path) -> None:
    (home / "f").write_text("a\n")
    done = run_module("lineinfile", {"path": "~/f", "line": "b"}, home=home, diff=True)
    assert [(diff.before, diff.after, diff.before_header) for diff in done.diff] == [("a\n", "a\nb\n", "~/f (content)")]


def test_keeps_mode_and_follows_a_link(shell: str, home: Path) -> None:
    (home / "real").write_text("a\n")
    (home / "real").chmod(0o640)
    (home / "sub").mkdir()
    (home / "sub" / "link").symlink_to("../real")
    run_module("lineinfile", {"path": "~/sub/link", "line": "b"}, shell=shell, home=home)
    assert (home / "real").read_text() == "a\nb\n"
    assert (home / "real").stat().st_mode & 0o7777 == 0o640
    assert (home / "sub" / "link").is_symlink()


@pytest.mark.root
def test_keeps_the_owner(shell: str, home: Path) -> None:
    (home / "f").write_text("a\n")
    os.chown(home / "f", 1, 2)
    run_module("lineinfile", {"path": "~/f", "line": "b"}, shell=shell, home=home)
    status = (home / "f").stat()
    assert (status.st_uid, status.st_gid) == (1, 2)


def test_mode_alone_is_a_change(shell: str, home: Path) -> None:
    (home / "f").write_text("a\n")
    (home / "f").chmod(0o600)
    args = {"path": "~/f", "line": "a", "mode": "u=rw,go=r"}
    predicted = run_module("lineinfile", args, shell=shell, home=home, check=True, diff=True)
    assert (home / "f").stat().st_mode & 0o7777 == 0o600
    done = run_module("lineinfile", args, shell=shell, home=home, diff=True)
    assert predicted == done
    assert done.msg == "ownership, perms or SE linux context changed"
    assert (done.diff[0].before, done.diff[0].after) == ("mode: 0600\n", "mode: 0644\n")
    assert (home / "f").stat().st_mode & 0o7777 == 0o644
    assert run_module("lineinfile", args, shell=shell, home=home).status is Status.OK


def test_new_file_has_the_umask_and_its_folder(shell: str, home: Path) -> None:
    args = {"path": "~/new/f", "line": "a", "create": True}
    run_module("lineinfile", args, shell=shell, home=home, umask=0o027)
    assert (home / "new" / "f").stat().st_mode & 0o7777 == 0o640


def test_backup(shell: str, home: Path) -> None:
    (home / "f").write_text("a\n")
    (home / "f").chmod(0o604)
    done = run_module("lineinfile", {"path": "~/f", "line": "b", "backup": True}, shell=shell, home=home)
    backup = Path(done.values["backup"])
    assert re.fullmatch(r"f\.\d+\.\d{4}-\d\d-\d\d@\d\d:\d\d:\d\d~", backup.name)
    assert backup.read_text() == "a\n"
    assert backup.stat().st_mode & 0o7777 == 0o604
    again = run_module("lineinfile", {"path": "~/f", "line": "b", "backup": True}, shell=shell, home=home)
    assert again.values["backup"] == ""
    assert len(list(home.iterdir())) == 2


def test_validate(shell: str, home: Path) -> None:
    (home / "f").write_text("a\n")
    refused = run_module(
        "lineinfile",
        {"path": "~/f", "line": "b", "validate": """sh -c 'echo "no: $1" >&2; exit 3' x %s"""},
        shell=shell,
        home=home,
    )
    assert refused.status is Status.FAILED
    assert re.match(r"failed to validate: rc:3 error:no: .*/\.pb-", refused.msg)
    assert (home / "f").read_text() == "a\n"
    assert [entry.name for entry in home.iterdir()] == ["f"]
    fine = run_module("lineinfile", {"path": "~/f", "line": "b", "validate": "grep -q b %s"}, shell=shell, home=home)
    assert fine.status is Status.CHANGED
    assert (home / "f").read_text() == "a\nb\n"


@pytest.mark.parametrize(
    ("args", "msg"),
    [
        ({"line": "a"}, "Destination ~/none does not exist !"),
        ({"line": "a", "path": "~"}, "Path ~ is a directory !"),
        ({"line": "a", "path": "~/fifo"}, "~/fifo is no regular file (fifo)"),
        ({"line": "a", "path": "~/f", "regexp": r"\u0041"}, "Invalid regular expression"),
        ({"line": r"\9", "path": "~/f", "regexp": "a", "backrefs": True}, "Invalid regular expression"),
        ({"line": "a", "path": "~/f", "backrefs": True}, "regexp is required with backrefs=true"),
        ({"path": "~/f"}, "line is required with state=present"),
        ({"path": "~/f", "state": "absent"}, "one of line, search_string, or regexp is required with state=absent"),
        ({"path": "~/f", "line": "b", "validate": "true"}, "validate must contain %s: true"),
        ({"path": "~/f", "line": "b", "owner": "no-such-user"}, "chown failed: failed to look up user no-such-user"),
        ({"path": "~/loop", "line": "b"}, "too many symbolic links"),
    ],
)
def test_refuses(args: dict[str, Any], msg: str, home: Path) -> None:
    os.mkfifo(home / "fifo")
    (home / "f").write_text("a\n")
    (home / "loop").symlink_to("loop")
    before = listing(home)
    done = run_module("lineinfile", {"path": "~/none", **args}, home=home)
    assert done.status is Status.FAILED
    assert done.msg.startswith(msg)
    assert listing(home) == before


def test_changed_while_we_worked(shell: str, home: Path) -> None:
    path = home / "f"
    path.write_text("a\n")
    call = make_call("lineinfile", {"path": str(path), "line": "b"})
    desk = FolderDesk()
    first = lineinfile.fragment(call, desk)
    assert isinstance(first, Fragment)
    second = lineinfile.outcome(call, first, _run_fragment(call, first, shell, home, 0o022), desk)
    assert isinstance(second, Fragment)
    path.write_text("somebody else's\n")
    done = lineinfile.outcome(call, second, _run_fragment(call, second, shell, home, 0o022), desk)
    assert isinstance(done, Outcome)
    assert done.status is Status.FAILED
    assert "changed while we worked" in done.msg
    assert path.read_text() == "somebody else's\n"


def test_dry_run_of_a_file_to_come(home: Path) -> None:
    args = {"path": "/nonexistent/f", "line": "a"}
    done = run_module("lineinfile", args, home=home, check=True, will_exist=frozenset({"/nonexistent/f"}))
    assert done.status is Status.SKIPPED
    assert done.unknown


def test_dry_run_of_a_file_that_goes(home: Path) -> None:
    (home / "f").write_text("a\n")
    path = str(home / "f")
    args = {"path": path, "line": "a", "create": True}
    done = run_module("lineinfile", args, home=home, check=True, will_vanish=frozenset({path}))
    assert done.status is Status.CHANGED


@pytest.mark.root
def test_a_mounted_file_is_written_in_place_only_if_that_is_wished(shell: str, home: Path) -> None:
    path = home / "f"
    path.write_text("a\n")
    subprocess.run(["mount", "--bind", path, path], check=True)
    try:
        refused = run_module("lineinfile", {"path": "~/f", "line": "b"}, shell=shell, home=home)
        assert refused.status is Status.FAILED
        assert refused.msg.startswith("cannot replace ")
        assert path.read_text() == "a\n"
        args = {"path": "~/f", "line": "b", "unsafe_writes": True, "mode": "0604"}
        assert run_module("lineinfile", args, shell=shell, home=home).status is Status.CHANGED
        assert path.read_text() == "a\nb\n"
        assert path.stat().st_mode & 0o7777 == 0o604
        assert [entry.name for entry in home.iterdir()] == ["f"]
    finally:
        subprocess.run(["umount", path], check=True)


@pytest.mark.root
def test_copy_writes_a_mounted_file_in_place(shell: str, home: Path) -> None:
    path = home / "f"
    path.write_text("a\n")
    subprocess.run(["mount", "--bind", path, path], check=True)
    try:
        args = {"dest": "~/f", "content": "b\n"}
        assert run_module("copy", args, shell=shell, home=home).status is Status.FAILED
        assert run_module("copy", args | {"unsafe_writes": True}, shell=shell, home=home).status is Status.CHANGED
        assert path.read_text() == "b\n"
        assert [entry.name for entry in home.iterdir()] == ["f"]
    finally:
        subprocess.run(["umount", path], check=True)
