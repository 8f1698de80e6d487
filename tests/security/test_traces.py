"""What modules do to files and processes, seen from outside: each open, rename and start of a program is traced."""

from __future__ import annotations

import io
import os
import re
import shutil
import stat
import subprocess
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from runner.model.call import Status
from tests.clones import clone
from tests.modules.harness import FolderDesk, listing, run_module
from tests.security.tracing import needs_trace

CANARY = "zQ9-S3cret-canary"
CALLS = (
    "execve,open,openat,creat,mkdir,mkdirat,rename,renameat,renameat2,chmod,fchmod,fchmodat"
    ",umask,clone,clone3,fork,vfork"
)


def traced(
    folder: Path, name: str, args: Mapping[str, Any], *, umask: int = 0o022, desk: FolderDesk | None = None
) -> tuple[Any, list[str]]:
    """What a module came to under a shell that is traced with all its children, and the calls it made."""
    needs_trace()
    trace = folder / "trace"
    trace.unlink(missing_ok=True)
    shell = ("strace", "-f", "-qq", "-v", "-s", "9999", "-e", f"trace={CALLS}", "-o", str(trace), "dash")
    home = folder / "home"
    home.mkdir(exist_ok=True)
    outcome = run_module(name, args, shell=shell, home=home, umask=umask, desk=desk or FolderDesk(folder))
    return outcome, trace.read_text(errors="replace").splitlines()


PLACING: dict[str, dict[str, Any]] = {
    "copy for a group": {"content": CANARY, "dest": "~/it", "mode": "0640", "group": str(os.getgid())},
    "copy": {"content": CANARY, "dest": "~/it", "mode": "0640"},
    "copy of a file": {"src": "source", "dest": "~/it", "mode": "0640"},
    "template": {"src": "source", "dest": "~/it", "mode": "0640"},
    "lineinfile": {"path": "~/it", "line": CANARY, "create": True, "mode": "0640"},
    "blockinfile": {"path": "~/it", "block": CANARY, "create": True, "mode": "0640"},
    "ini_file": {"path": "~/it", "section": "a", "option": "b", "value": CANARY, "mode": "0640"},
    "htpasswd": {"path": "~/it", "name": "me", "password": CANARY, "mode": "0640"},
}


@pytest.mark.parametrize("there", [False, True])
@pytest.mark.parametrize("case", PLACING)
def test_no_moment_with_wider_rights(tmp_path: Path, case: str, there: bool) -> None:
    """With a umask of 000: nothing is created that others may read, and the name is given last."""
    (tmp_path / "source").write_text(CANARY)
    (tmp_path / "home").mkdir()
    target = tmp_path / "home/it"
    if there:
        target.write_text("old\n")
        target.chmod(0o600)
    outcome, calls = traced(tmp_path, case.split(maxsplit=1)[0], PLACING[case], umask=0)
    assert outcome.status is Status.CHANGED, outcome
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert_no_window(calls, str(target), 0o600 if "group" in PLACING[case] else 0o640)


def created(calls: list[str]) -> Iterator[tuple[str, int]]:
    """The calls that make files or folders, and the mode that each gets: each process has the umask of its parent."""
    children = (re.search(r"^(\d+) .*(?:clone3?|v?fork)\b.*= (\d+)$", line) for line in calls)
    parents = {found[2]: found[1] for found in children if found}
    masks: dict[str, int] = {}
    for line in calls:
        pid = line.split(maxsplit=1)[0]
        masks.setdefault(pid, masks.get(parents.get(pid, ""), 0))
        if found := re.search(r" umask\((0\d*)\)", line):
            masks[pid] = int(found[1], 8)
        found = re.search(r"(?:O_CREAT[^,]*|mkdir(?:at)?\(.*), (0\d+)\)", line)
        if found and '"/dev/' not in line:
            yield line, int(found[1], 8) & ~masks[pid]


def assert_no_window(calls: list[str], target: str, mode: int) -> None:
    """Files are made with no more than that mode, by nobody else's names, or in a folder of our own; the target is
    never opened to be written, only renamed onto. A file that is to have another group is nobody else's before."""
    for line, made in created(calls):
        inside = re.search(r"\.pb-[\w.-]*[0-9a-f]{32}/", line)
        assert inside or (("O_EXCL" in line or "mkdir" in line) and not made & 0o077 & ~mode), line
    writes = [line for line in calls if re.search(r"O_(?:WRONLY|RDWR)", line) and f'"{target}"' in line]
    assert writes == []
    renames = [
        number
        for number, line in enumerate(calls)
        if "rename" in line and f'"{target}"' in line and line.endswith("= 0")
    ]
    assert len(renames) == 1, renames
    late = [line for line in calls[renames[0] + 1 :] if "chmod" in line and f'"{target}"' in line]
    assert late == []


def test_a_window_would_be_seen() -> None:
    with pytest.raises(AssertionError):
        assert_no_window(['1 openat(AT_FDCWD, "/h/it", O_WRONLY|O_CREAT|O_TRUNC, 0666) = 3'], "/h/it", 0o640)
    with pytest.raises(AssertionError):
        assert_no_window(['1 rename("/h/.x", "/h/it") = 0', '1 fchmodat(AT_FDCWD, "/h/it", 0640) = 0'], "/h/it", 0o640)


NOWHERE = "http://127.0.0.1:1/x"
SECRET_BEARING: dict[str, dict[str, Any]] = {
    "uri": {"url": NOWHERE, "url_username": "me", "url_password": CANARY, "force_basic_auth": True},
    "uri with a header": {"url": NOWHERE, "headers": {"Authorization": f"Bearer {CANARY}"}},
    "uri with a body": {"url": NOWHERE, "method": "POST", "body": f"password={CANARY}"},
    "uri with an address": {"url": f"http://me:{CANARY}@127.0.0.1:1/"},
    "get_url": {"url": NOWHERE, "dest": "~/x", "url_username": "me", "url_password": CANARY},
    "get_url with an address": {"url": f"http://me:{CANARY}@127.0.0.1:1/", "dest": "~/x"},
    "htpasswd": {"path": "~/htpasswd", "name": "me", "password": CANARY},
    "copy": {"content": CANARY, "dest": "~/x"},
    "blockinfile": {"path": "~/x", "block": CANARY, "create": True},
    "lineinfile": {"path": "~/x", "line": CANARY, "create": True},
    "ini_file": {"path": "~/x", "section": "a", "option": "b", "value": CANARY},
    "subversion": {"repo": "svn://127.0.0.1:1/x", "dest": "~/x", "username": "me", "password": CANARY},
    "yum_repository": {
        "name": "x", "description": "x", "baseurl": NOWHERE, "password": CANARY, "username": "me", "reposdir": "HOME",
    },
    "mysql_user": {"name": "x", "password": CANARY, "login_password": CANARY, "login_unix_socket": "/none"},
    "mysql_db": {"name": "x", "login_password": CANARY, "login_unix_socket": "/none"},
    "postgresql_user": {"name": "x", "password": CANARY, "login_password": CANARY, "login_host": "127.0.0.1",
                        "port": 1},
    "postgresql_db": {"name": "x", "login_password": CANARY, "login_host": "127.0.0.1", "port": 1},
    "mount": {"path": "~/m", "src": "//h/s", "fstype": "cifs", "opts": f"password={CANARY}", "state": "present",
              "fstab": "HOME/fstab", "opts_no_log": True},
    "expect": {"command": "sh -c 'printf Password:; read it; echo got'", "responses": {"Password": CANARY}},
}  # fmt: skip


@pytest.mark.parametrize("case", SECRET_BEARING)
def test_no_secret_is_an_argument_or_in_the_environment(tmp_path: Path, case: str) -> None:
    args = {
        name: value.replace("HOME", str(tmp_path / "home")) if isinstance(value, str) else value
        for name, value in SECRET_BEARING[case].items()
    }
    _, calls = traced(tmp_path, case.split(maxsplit=1)[0], args)
    started = [line for line in calls if "execve(" in line]
    assert started
    assert [line for line in started if CANARY in line] == []


def test_an_argument_would_be_seen(tmp_path: Path) -> None:
    _, calls = traced(tmp_path, "command", {"_raw_params": f"/bin/echo {CANARY}"})
    assert [line for line in calls if "execve(" in line and CANARY in line]


@pytest.mark.root
def test_a_users_password_is_no_argument(tmp_path: Path) -> None:
    """For a new user, and for one that is there, in a clone of this machine."""
    needs_trace()
    home, hashed = tmp_path / "home", f"$6$salt${CANARY}"
    home.mkdir()
    with clone([tmp_path]) as machine:
        for number, password in enumerate((hashed, f"{hashed}2")):
            trace = tmp_path / f"trace{number}"
            words = ("strace", "-f", "-qq", "-v", "-s", "9999", "-e", "trace=execve", "-o", str(trace), "dash")
            args = {"name": "eve", "password": password}
            outcome = run_module("user", args, shell=machine.session(*words), home=home)
            assert outcome.status is Status.CHANGED, outcome
            assert password in machine.run("getent", "shadow", "eve")
            assert "execve(" in trace.read_text() and CANARY not in trace.read_text()


OWNERS: dict[str, dict[str, Any]] = {
    "copy": {"content": "new\n", "dest": "~/in/way", "mode": "0666", "force": True},
    "template": {"src": "source", "dest": "~/in/way", "mode": "0666"},
    "ini_file": {"path": "~/in/way", "section": "a", "option": "b", "value": "c", "mode": "0666"},
    "file": {"path": "~/in", "state": "directory", "mode": "0777", "recurse": True},
    "file of a link": {"path": "~/in/way", "state": "link", "src": "x", "force": True, "mode": "0666", "follow": False},
    "file that is touched": {"path": "~/in/way", "state": "touch", "mode": "0666", "follow": False},
    "copy of a folder": {"src": "tree/", "dest": "~/in", "mode": "0666", "directory_mode": "0777"},
    "unarchive": {"src": "it.tar", "dest": "~/in", "mode": "0666"},
    "archive": {"path": "~/parts", "dest": "~/in/way", "mode": "0666", "format": "tar"},
    "authorized_key": {"user": "USER", "key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJ", "path": "HOME/in/way"},
    "get_url": {"url": "file://SOURCE", "dest": "~/in/way", "mode": "0666"},
}  # fmt: skip


@pytest.mark.parametrize("case", OWNERS)
def test_no_mode_goes_through_a_link_in_the_way(tmp_path: Path, case: str) -> None:
    import getpass

    home, source = tmp_path / "home", tmp_path / "source"
    for folder in ("home/in", "home/parts", "tree"):
        (tmp_path / folder).mkdir(parents=True)
    (home / "parts/a").write_text("part\n")
    source.write_text("new\n")
    (tmp_path / "tree/way").write_text("new\n")
    with tarfile.open(tmp_path / "it.tar", "w") as archive:
        archive.add(tmp_path / "tree/way", "way")
    victim = tmp_path / "victim"
    victim.write_text("private\n")
    victim.chmod(0o600)
    (home / "in/way").symlink_to(victim)
    places = {"HOME": str(home), "USER": getpass.getuser(), "SOURCE": str(source)}
    args = dict(OWNERS[case])
    for name, value in args.items():
        for mark, place in places.items():
            args[name] = value = value.replace(mark, place) if isinstance(value, str) else value
    run_module(case.split(maxsplit=1)[0], args, home=home, desk=FolderDesk(tmp_path))
    assert stat.S_IMODE(victim.stat().st_mode) == 0o600


def _tar(path: Path, *members: tuple[str, str, str]) -> None:
    """An archive of (name, kind, content or target)."""
    with tarfile.open(path, "w") as archive:
        for name, kind, content in members:
            info = tarfile.TarInfo(name)
            if kind == "link":
                info.type, info.linkname = tarfile.SYMTYPE, content
            elif kind == "hard":
                info.type, info.linkname = tarfile.LNKTYPE, content
            info.size = len(content) if kind == "file" else 0
            archive.addfile(info, io.BytesIO(content.encode()) if kind == "file" else None)


ARCHIVES: dict[str, list[tuple[str, str, str]]] = {
    "up": [("../outside/pwned", "file", "x")],
    "deep up": [("a/../../outside/pwned", "file", "x")],
    "absolute": [("TOP/outside/pwned", "file", "x")],
    "through a link": [("way", "link", "../outside"), ("way/pwned", "file", "x")],
    "through an absolute link": [("way", "link", "TOP/outside"), ("way/pwned", "file", "x")],
    "over a link's target": [("way", "link", "../outside/old"), ("way", "file", "x")],
    "a hard link out": [("way", "hard", "TOP/outside/old"), ("way", "file", "x")],
}


@pytest.mark.parametrize("kind", ["tar", "zip"])
@pytest.mark.parametrize("case", ARCHIVES)
def test_no_member_leads_out_of_its_folder(tmp_path: Path, case: str, kind: str) -> None:
    for folder in ("home/dest", "home/outside"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "home/outside/old").write_text("old\n")
    members = [tuple(part.replace("TOP", str(tmp_path / "home")) for part in member) for member in ARCHIVES[case]]
    archive = tmp_path / f"it.{kind}"
    if kind == "tar":
        _tar(archive, *[(name, what, content) for name, what, content in members])
    elif shutil.which("unzip") is None or case == "a hard link out":
        pytest.skip("cannot be said in zip" if case == "a hard link out" else "needs unzip")
    else:
        with zipfile.ZipFile(archive, "w") as made:
            for name, what, content in members:
                info = zipfile.ZipInfo(name)
                info.external_attr = ((stat.S_IFLNK | 0o777) if what == "link" else (stat.S_IFREG | 0o644)) << 16
                made.writestr(info, content)
    before = listing(tmp_path / "home/outside")
    outcome = run_module(
        "unarchive", {"src": archive.name, "dest": "~/dest"}, home=tmp_path / "home", desk=FolderDesk(tmp_path)
    )
    assert [entry[0::5] for entry in listing(tmp_path / "home/outside")] == [entry[0::5] for entry in before]
    assert outcome.status in (Status.FAILED, Status.CHANGED)


def test_an_unpacker_that_follows_would_be_seen(tmp_path: Path) -> None:
    """What tar does with `-P`, which is never given."""
    (tmp_path / "dest").mkdir()
    _tar(tmp_path / "it.tar", ("../pwned", "file", "x"))
    subprocess.run(["tar", "-xPf", tmp_path / "it.tar", "-C", tmp_path / "dest"], check=True)
    assert (tmp_path / "pwned").exists()
