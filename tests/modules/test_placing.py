"""copy and template beyond single cases: large files, folders, full disks, links, what a dry run knows."""

from __future__ import annotations

import dataclasses
import os
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

from runner.model.call import Fragment, Status
from runner.registry import load
from tests.modules.harness import FolderDesk, listing, make_call, run_module


def test_a_dry_run_knows_what_would_be_there(home: Path) -> None:
    run: dict[str, Any] = {"home": home, "check": True}
    soon = frozenset({"~/new", "~/new/f"})
    assert run_module("copy", {"content": "x", "dest": "~/new/f"}, will_exist=soon, **run).status == Status.CHANGED
    assert run_module("file", {"path": "~/new", "state": "directory"}, will_exist=soon, **run).status == Status.OK
    assert run_module("stat", {"path": "~/new/f"}, will_exist=soon, **run).unknown
    assert run_module("file", {"path": "~/new/f", "mode": "0600"}, will_exist=soon, **run).status != Status.FAILED
    (home / "f").write_text("x")
    gone = frozenset({"~/f"})
    assert run_module("copy", {"content": "x", "dest": "~/f"}, will_vanish=gone, **run).status == Status.CHANGED
    assert run_module("stat", {"path": "~/f"}, will_vanish=gone, **run).values["stat"] == {"exists": False}


def test_large_files_are_sent_only_when_they_differ(shell: str, home: Path) -> None:
    (home / "big").write_bytes(os.urandom(200_000))
    desk, args = FolderDesk(home), {"src": "big", "dest": "~/out"}
    call = make_call("copy", args)
    module = load("modules", "copy")
    look = module.fragment(call, desk)
    assert isinstance(look, Fragment)
    assert not look.uploads and not look.last and len(look.probe) < 4000
    for status in (Status.CHANGED, Status.OK):
        assert run_module("copy", args, shell=shell, home=home, desk=desk).status == status
    assert (home / "out").read_bytes() == (home / "big").read_bytes()


def test_templates_are_rendered_and_shown(shell: str, home: Path) -> None:
    (home / "t.j2").write_text("{% if x %}\nx is {{ x }}\n{% endif %}\n")
    desk = FolderDesk(home, {"x": "$(id) 'é'"})
    args = {"src": "t.j2", "dest": "~/sub/", "mode": "0640"}
    (home / "sub").mkdir()
    first = run_module("template", args, shell=shell, home=home, desk=desk, diff=True)
    assert (home / "sub/t.j2").read_text() == "x is $(id) 'é'\n"
    assert first.status == Status.CHANGED
    assert (first.diff[0].before, first.diff[0].after) == ("", "x is $(id) 'é'\n")
    again = run_module("template", args, shell=shell, home=home, desk=dataclasses.replace(desk), diff=True)
    assert (again.status, again.diff) == (Status.OK, ())


def test_binary_and_large_files_are_not_shown(shell: str, home: Path) -> None:
    (home / "f").write_bytes(b"\0\1")
    (home / "g").write_bytes(b"x" * 200_000)
    for name, note in (("f", "binary"), ("g", "larger than")):
        outcome = run_module("copy", {"content": "text", "dest": f"~/{name}"}, shell=shell, home=home, diff=True)
        assert note in outcome.diff[0].before_header
        assert not outcome.diff[0].before and not outcome.diff[0].after


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small file system")
def test_a_full_disk_leaves_the_old_file(shell: str, home: Path) -> None:
    small = home / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", small], check=False).returncode:
        pytest.skip("cannot mount here")
    try:
        (small / "f").write_text("old")
        for content in ("y" * 60_000 + "z" * 5_000, "y" * 100_000):
            outcome = run_module("copy", {"content": content, "dest": "~/small/f"}, shell=shell, home=home)
            assert outcome.status == Status.FAILED
            assert "disk is full" in outcome.msg
            assert (small / "f").read_text() == "old"
            assert [path.name for path in small.iterdir()] == ["f"]
    finally:
        subprocess.run(["umount", small], check=True)


def test_links_below_a_folder_are_never_followed(shell: str, home: Path) -> None:
    (home / "d").mkdir()
    (home / "outside").touch(0o600)
    (home / "d/link").symlink_to("../outside")
    args = {"path": "~/d", "state": "directory", "mode": "0777", "owner": "1", "recurse": True}
    run_module("file", args, shell=shell, home=home)
    assert stat.S_IMODE((home / "outside").stat().st_mode) == 0o600
    assert (home / "outside").stat().st_uid == os.geteuid()


def test_a_folder_goes_over_in_one_look_and_one_text(shell: str, home: Path) -> None:
    source = home / "src"
    (source / "a/b c").mkdir(parents=True)
    (source / "empty").mkdir()
    for name in ("x", "a/y'z", "a/b c/-w", "a/new\nline", "a/back\\slash", "a/$(touch PWNED)"):
        (source / name).write_text(name * 3)
    (source / "big").write_bytes(os.urandom(100_000))
    (source / "x").chmod(0o755)
    (source / "lnk").symlink_to("x")
    args = {"src": "src", "dest": "~/out", "mode": "preserve", "local_follow": False}
    run: dict[str, Any] = {"shell": shell, "home": home, "desk": FolderDesk(home), "diff": True}
    before = listing(home)
    assert run_module("copy", args, check=True, **run).status == Status.CHANGED
    assert listing(home) == before
    assert run_module("copy", args, **run).status == Status.CHANGED

    def shape(root: Path) -> list[tuple[str, str, int, bytes]]:
        return [(str(Path(e[0]).relative_to(root)), e[1], e[2], e[5]) for e in listing(root)]

    assert shape(home / "out/src") == shape(source)
    done = listing(home)
    assert run_module("copy", args, **run).status == Status.OK
    assert listing(home) == done
    (home / "out/src/x").write_text("changed")
    (home / "out/src/a/y'z").chmod(0o600)
    assert run_module("copy", args, **run).status == Status.CHANGED
    assert shape(home / "out/src") == shape(source)
