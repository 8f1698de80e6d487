"""file, copy and template: each case in every shell, predicted in a dry run, done, and the same the second time."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from runner.model.call import Status
from tests.modules.harness import listing, run_module

Setup = Callable[[Path], None]


def nothing(home: Path) -> None:
    assert home.is_dir()


def old(mode: int = 0o640, text: str = "old\n") -> Setup:
    def made(home: Path) -> None:
        (home / "f").write_text(text)
        (home / "f").chmod(mode)

    return made


def tree(home: Path) -> None:
    (home / "d/sub").mkdir(parents=True)
    (home / "d/sub/x").write_text("x")
    (home / "d/run").write_text("r")
    (home / "d/run").chmod(0o744)
    (home / "outside").write_text("o")
    (home / "outside").chmod(0o600)
    (home / "d/link").symlink_to("../outside")


def setgid(home: Path) -> None:
    (home / "a").mkdir()
    (home / "a").chmod(0o2755)


def two(home: Path) -> None:
    (home / "f").write_text("old\n")
    (home / "h").write_text("other")


def linked(home: Path) -> None:
    (home / "real").write_text("real\n")
    (home / "f").symlink_to("real")


@dataclass(frozen=True)
class Case:
    """`module`, `args`; `setup` makes the host; `check` looks at it afterwards; `again`: the second run's status."""

    module: str
    args: dict[str, Any]
    setup: Setup = nothing
    first: Status = Status.CHANGED
    again: Status = Status.OK
    mode: int | None = None
    path: str = "f"
    content: str | None = None
    umask: int = 0o022
    values: dict[str, Any] = field(default_factory=dict)


CASES = {
    "copy new": Case(
        "copy", {"content": "a\n", "dest": "~/f"}, mode=0o644, content="a\n", values={"size": 2, "state": "file"}
    ),
    "copy new umask 077": Case("copy", {"content": "a", "dest": "~/f"}, mode=0o600, umask=0o077),
    "copy new umask 0": Case("copy", {"content": "a", "dest": "~/f"}, mode=0o666, umask=0),
    "copy mode": Case("copy", {"content": "a", "dest": "~/f", "mode": "0400"}, mode=0o400, values={"mode": "0400"}),
    "copy symbolic": Case("copy", {"content": "a", "dest": "~/f", "mode": "u+x,g=u,o="}, mode=0o770),
    "copy sticky": Case("copy", {"content": "a", "dest": "~/f", "mode": "4755"}, mode=0o4755),
    "copy keeps the mode": Case("copy", {"content": "new", "dest": "~/f"}, old(0o600), mode=0o600, content="new"),
    "copy mode only": Case("copy", {"content": "old\n", "dest": "~/f", "mode": "0600"}, old(), mode=0o600),
    "copy same": Case("copy", {"content": "old\n", "dest": "~/f"}, old(), first=Status.OK, mode=0o640),
    "copy not forced": Case(
        "copy", {"content": "x", "dest": "~/f", "force": False}, old(), first=Status.OK, content="old\n"
    ),
    "copy json": Case("copy", {"content": {"a": [1, "é"]}, "dest": "~/f"}, content='{"a": [1, "\\u00e9"]}'),
    "copy empty": Case("copy", {"content": "", "dest": "~/f"}, content=""),
    "copy backup": Case("copy", {"content": "n", "dest": "~/f", "backup": True}, old(), content="n"),
    "copy validated": Case("copy", {"content": "n", "dest": "~/f", "validate": "grep -q n %s"}, content="n"),
    "copy owner": Case(
        "copy", {"content": "n", "dest": "~/f", "owner": "daemon", "group": "1"}, values={"owner": "daemon", "gid": 1}
    ),
    "copy replaces a link": Case("copy", {"content": "n", "dest": "~/f"}, linked, content="n", mode=0o644),
    "copy follows a link": Case(
        "copy", {"content": "n", "dest": "~/f", "follow": True}, linked, path="real", content="n"
    ),
    "copy on the host": Case(
        "copy", {"src": "~/f", "dest": "~/g", "remote_src": True}, old(0o751), path="g", mode=0o644
    ),
    "copy on the host over another": Case(
        "copy", {"src": "~/f", "dest": "~/h", "remote_src": True}, two, path="h", content="old\n"
    ),
    "copy preserve": Case(
        "copy", {"src": "~/f", "dest": "~/g", "remote_src": True, "mode": "preserve"}, old(0o711), path="g", mode=0o711
    ),
    "copy a tree there": Case(
        "copy",
        {"src": "~/d/", "dest": "~/e", "remote_src": True, "local_follow": False},
        tree,
        path="e/sub/x",
        content="x",
    ),
    "copy into a folder there": Case(
        "copy", {"src": "~/d", "dest": "~/e", "remote_src": True}, tree, path="e/d/link", content="o"
    ),
    "folder": Case("file", {"path": "~/a/b/c", "state": "directory", "mode": "0751"}, path="a/b", mode=0o751),
    "folder plain": Case(
        "file", {"path": "~/a", "state": "directory"}, path="a", mode=0o755, values={"state": "directory"}
    ),
    "folder recurse": Case(
        "file", {"path": "~/d", "state": "directory", "mode": "0700", "recurse": True}, tree, path="d/sub/x", mode=0o700
    ),
    "folder recurse X": Case(
        "file",
        {"path": "~/d", "state": "directory", "mode": "u=rwX,go=", "recurse": True},
        tree,
        path="d/run",
        mode=0o700,
    ),
    "folder recurse owner": Case(
        "file", {"path": "~/d", "state": "directory", "owner": "1", "recurse": True}, tree, values={"uid": 1}
    ),
    "folder loses setgid": Case(
        "file",
        {"path": "~/a", "state": "directory", "mode": "0755"},
        setgid,
        path="a",
        mode=0o755,
    ),
    "touch": Case("file", {"path": "~/f", "state": "touch", "mode": "0640"}, again=Status.CHANGED, mode=0o640),
    "touch preserved": Case(
        "file", {"path": "~/f", "state": "touch", "modification_time": "preserve", "access_time": "preserve"}
    ),
    "touch at": Case(
        "file", {"path": "~/f", "state": "touch", "modification_time": "202001020304.05", "access_time": "preserve"}
    ),
    "file mode": Case("file", {"path": "~/f", "mode": "a+r"}, old(0o600), mode=0o644),
    "file followed": Case("file", {"path": "~/f", "state": "file", "mode": "0604"}, linked, path="real", mode=0o604),
    "absent tree": Case("file", {"path": "~/d", "state": "absent"}, tree, values={"state": "absent"}),
    "absent link": Case("file", {"path": "~/f", "state": "absent"}, linked, path="real", content="real\n"),
    "absent nothing": Case("file", {"path": "~/f", "state": "absent"}, first=Status.OK),
    "link": Case("file", {"path": "~/l", "src": "f", "state": "link"}, old(), path="l", content="old\n"),
    "link elsewhere": Case(
        "file", {"path": "~/f", "src": "nowhere", "state": "link", "force": True}, linked, values={"state": "link"}
    ),
    "link over a file": Case("file", {"path": "~/f", "src": "/etc/hosts", "state": "link", "force": True}, old()),
    "link over a folder": Case(
        "file", {"path": "~/a", "src": "/etc", "state": "link", "force": True}, lambda home: (home / "a").mkdir()
    ),
    "link and mode": Case(
        "file", {"path": "~/f", "src": "real", "state": "link", "mode": "0600"}, linked, path="real", mode=0o600
    ),
    "link owned itself": Case(
        "file",
        {"path": "~/f", "src": "real", "state": "link", "owner": "1", "follow": False},
        linked,
        values={"uid": 1},
    ),
    "hard": Case(
        "file",
        {"path": "~/h", "src": "~/f", "state": "hard"},
        old(),
        path="h",
        content="old\n",
        values={"state": "hard"},
    ),
    "hard forced": Case(
        "file",
        {"path": "~/h", "src": "~/f", "state": "hard", "force": True},
        two,
        path="h",
        content="old\n",
    ),
}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.root) if "own" in name else name for name in CASES]
)
def test_case(name: str, shell: str, home: Path) -> None:
    case = CASES[name]
    case.setup(home)
    before = listing(home)
    run: dict[str, Any] = {"shell": shell, "home": home, "umask": case.umask, "diff": True}
    predicted = run_module(case.module, case.args, check=True, **run)
    assert listing(home) == before, "a dry run changed something"
    first = run_module(case.module, case.args, **run)
    assert first.status == case.first, first
    assert predicted.status == first.status
    assert bool(first.diff) <= (first.status == Status.CHANGED)
    target = home / case.path
    if case.mode is not None:
        assert f"{stat.S_IMODE(target.stat().st_mode):o}" == f"{case.mode:o}"
    if case.content is not None:
        assert target.read_text() == case.content
    assert {key: first.values.get(key) for key in case.values} == case.values
    done = listing(home)
    again = run_module(case.module, case.args, **run)
    assert again.status == case.again, again
    if case.again == Status.OK:
        assert listing(home) == done, "the second run changed something"
    assert not list(home.rglob(".pb-*"))


FAILURES = {
    "no folder": ("copy", {"content": "x", "dest": "~/no/f"}, nothing, "Destination directory .*/no does not exist"),
    "dest is a folder": ("copy", {"content": "x", "dest": "~/d"}, tree, "can not use content with a dir"),
    "dest is a folder below": (
        "copy",
        {"src": "~/outside", "dest": "~/d/sub/x/", "remote_src": True},
        tree,
        "not a directory",
    ),
    "dest is a fifo": ("copy", {"content": "x", "dest": "~/p"}, lambda home: os.mkfifo(home / "p"), "no regular file"),
    "validate": ("copy", {"content": "x", "dest": "~/f", "validate": "grep -q y %s"}, old(), "failed to validate"),
    "validate without %s": ("copy", {"content": "x", "dest": "~/f", "validate": "true"}, old(), "must contain %s"),
    "bad mode": ("copy", {"content": "x", "dest": "~/f", "mode": "rw"}, nothing, "bad symbolic"),
    "unknown owner": (
        "copy",
        {"content": "x", "dest": "~/f", "owner": "nobody-here"},
        nothing,
        "failed to look up user",
    ),
    "unknown group": ("file", {"path": "~/f", "group": "none-here"}, old(), "failed to look up group"),
    "no source": ("copy", {"src": "~/nope", "dest": "~/f", "remote_src": True}, nothing, "Source .* not found"),
    "checksum": ("copy", {"content": "x", "dest": "~/f", "checksum": "00"}, nothing, "expected checksum"),
    "file missing": ("file", {"path": "~/f", "state": "file"}, nothing, "absent, cannot continue"),
    "file is a folder": ("file", {"path": "~/d", "state": "file"}, tree, "directory, cannot continue"),
    "folder is a file": ("file", {"path": "~/f", "state": "directory"}, old(), "already exists as a file"),
    "folder below a file": ("file", {"path": "~/f/x", "state": "directory"}, old(), "not a directory"),
    "link to nothing": ("file", {"path": "~/l", "src": "nope", "state": "link"}, nothing, "src file does not exist"),
    "link over a file": (
        "file",
        {"path": "~/f", "src": "real", "state": "link"},
        old(),
        "refusing|src file does not exist",
    ),
    "link over a full folder": ("file", {"path": "~/d", "src": "/", "state": "link", "force": True}, tree, "not empty"),
    "hard to nothing": ("file", {"path": "~/h", "src": "~/f", "state": "hard"}, nothing, "src does not exist"),
    "hard over a file": (
        "file",
        {"path": "~/outside", "src": "~/d/run", "state": "hard"},
        tree,
        "file exists at destination",
    ),
    "recurse of a file": ("file", {"path": "~/f", "state": "touch", "recurse": True}, nothing, "recurse option"),
    "src without state": ("file", {"path": "~/f", "src": "g"}, nothing, "src option requires"),
    "root": ("file", {"path": "/", "state": "absent"}, nothing, "not removed"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_failures_change_nothing_and_are_predicted(name: str, shell: str, home: Path) -> None:
    module, args, setup, said = FAILURES[name]
    assert callable(setup) and isinstance(args, dict)
    setup(home)
    names = sorted(str(path) for path in home.rglob("*"))
    for check in (True, False):
        outcome = run_module(str(module), args, shell=shell, home=home, check=check)
        if check and name == "validate":
            continue
        assert outcome.status == Status.FAILED, outcome
        assert re.search(str(said), outcome.msg), outcome.msg
    assert sorted(str(path) for path in home.rglob("*")) == names


HOSTILE = [
    "a b",
    "-rf",
    "'; touch PWNED; '",
    "$(touch PWNED)",
    "`touch PWNED`",
    "a\nb",
    "\\",
    '"',
    "*",
    "é😀",
    "x" * 255,
    "#",
    "&& true",
    "%s%n",
    "tab\there",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_only_names(name: str, shell: str, home: Path) -> None:
    for where in (f"~/{name}", str(home / name)) if name != "-rf" else (name, f"~/{name}"):
        steps: list[tuple[str, dict[str, Any]]] = [
            ("copy", {"content": "x", "dest": where, "backup": len(name) < 200}),
            ("file", {"path": where, "mode": "0600"}),
            ("stat", {"path": where}),
            ("copy", {"src": where, "dest": "~/second", "remote_src": True}),
            ("file", {"path": "~/link", "src": name, "state": "link", "force": True}),
            ("fetch", {"src": where, "dest": f"{home}/fetched/"}),
            ("command", {"argv": ["cat", f"./{name}"], "expand_argument_vars": False}),
            ("command", {"cmd": "true", "creates": where}),
        ]
        for module, args in steps:
            outcome = run_module(module, args, shell=shell, home=home)
            assert outcome.status in (Status.OK, Status.CHANGED), (module, outcome)
        assert (home / name).read_text() == (home / "second").read_text() == (home / "link").read_text() == "x"
        assert run_module("file", {"path": where, "state": "absent"}, shell=shell, home=home).status == Status.CHANGED
        assert not os.path.lexists(home / name)
    assert not list(home.rglob("PWNED"))
