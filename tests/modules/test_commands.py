"""command, shell, raw, script, ping, stat and fetch through real shells."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from runner.model.call import Effect, Fragment, Line, Reply, Status
from runner.model.values import Unknown
from runner.registry import load
from tests.modules.harness import AS_SH, FolderDesk, listing, make_call, run_lines, run_module


def values(outcome: Any) -> dict[str, Any]:
    return {key: outcome.values.get(key) for key in ("rc", "stdout", "stderr")}


@pytest.mark.parametrize(
    ("args", "stdout"),
    [
        ({"cmd": "echo hi"}, "hi"),
        ({"cmd": "echo 'a  b' \"c d\" e\\ f | cat"}, "a  b c d e f | cat"),
        ({"cmd": "echo $WORD ${WORD}x $NOPE ~"}, "a b a bx $NOPE {home}"),
        ({"cmd": "echo $WORD ~", "expand_argument_vars": False}, "$WORD ~"),
        ({"argv": ["printf", "%s|", "a b", "", "$(id)", "é"]}, "a b||$(id)|é|"),
        ({"cmd": "pwd", "chdir": "~/d"}, "{home}/d"),
        ({"cmd": "cat", "stdin": "a\nb'\\"}, "a\nb'\\"),
        ({"cmd": "cat", "stdin": "x" * 100_000, "stdin_add_newline": False}, "x" * 100_000),
        ({"cmd": "printf 'a\\n\\n'"}, "a"),
        ({"cmd": "printf 'a\\n\\n'", "strip_empty_ends": False}, "a\n\n"),
        ({"cmd": "cat"}, ""),
    ],
)
def test_command(shell: str, home: Path, args: dict[str, Any], stdout: str) -> None:
    (home / "d").mkdir()
    outcome = run_module("command", args, shell=shell, home=home, environment={"WORD": "a b"})
    assert outcome.status == Status.CHANGED, outcome
    assert values(outcome) == {"rc": 0, "stdout": stdout.replace("{home}", str(home)), "stderr": ""}
    assert {"cmd", "start", "end", "delta"} <= set(outcome.values)


@pytest.mark.parametrize(
    ("args", "rc", "msg"),
    [
        ({"cmd": "sh -c 'echo out; echo err >&2; exit 7'"}, 7, "non-zero return code"),
        ({"cmd": "nosuchcommand x"}, 2, "No such file or directory"),
        ({"cmd": "sh -c 'kill -9 $$'", "expand_argument_vars": False}, 137, "non-zero return code"),
        ({"cmd": "true", "chdir": "~/nope"}, 1, "Unable to change directory"),
    ],
)
def test_failing_command(shell: str, home: Path, args: dict[str, Any], rc: int, msg: str) -> None:
    outcome = run_module("command", args, shell=shell, home=home)
    assert (outcome.status, outcome.values["rc"]) == (Status.FAILED, rc)
    assert msg in outcome.msg


@pytest.mark.parametrize("cmd", ["", "   ", "echo 'x", "'' x"])
def test_commands_that_are_none(home: Path, cmd: str) -> None:
    assert run_module("command", {"cmd": cmd}, home=home).status == Status.FAILED


def test_creates_and_removes(shell: str, home: Path) -> None:
    run: dict[str, Any] = {"shell": shell, "home": home}
    make = {"cmd": "touch made", "creates": "mad?"}
    predicted = run_module("command", make, check=True, **run)
    assert predicted.status == Status.CHANGED
    assert isinstance(predicted.values["stdout"], Unknown)
    assert not list(home.iterdir())
    assert [run_module("command", make, **run).status for _ in range(2)] == [Status.CHANGED, Status.OK]
    assert run_module("command", make, **run).values["stdout"] == "skipped, since mad? exists"
    remove = {"cmd": "rm made", "removes": "~/made"}
    assert run_module("shell", remove, check=True, **run).status == Status.CHANGED
    assert [run_module("shell", remove, **run).status for _ in range(2)] == [Status.CHANGED, Status.OK]
    soon = frozenset({"mad?"})
    assert run_module("command", make, check=True, will_exist=soon, **run).status == Status.OK


def test_guards_say_what_a_second_run_would_mean() -> None:
    module = load("modules", "command")
    for args, effect in (({"cmd": "x"}, Effect.UNSAFE), ({"cmd": "x", "creates": "y"}, Effect.IDEMPOTENT)):
        fragment = module.fragment(make_call("command", args), FolderDesk())
        assert isinstance(fragment, Fragment)
        assert (fragment.effect, fragment.predictable) == (effect, "creates" in args)


@pytest.mark.parametrize("module", ["command", "shell", "raw"])
def test_a_dry_run_cannot_know_a_command(shell: str, home: Path, module: str) -> None:
    before = listing(home)
    outcome = run_module(module, {"cmd": "touch made"}, shell=shell, home=home, check=True)
    assert outcome.unknown
    assert listing(home) == before


def test_shell(shell: str, home: Path) -> None:
    run: dict[str, Any] = {"shell": shell, "home": home}
    outcome = run_module("shell", {"cmd": "echo a | tr a b; echo $0; cat; exit 3"}, **run)
    assert (outcome.status, values(outcome)) == (Status.FAILED, {"rc": 3, "stdout": "b\n/bin/sh", "stderr": ""})
    bash = run_module(
        "shell", {"cmd": "echo ${BASH_VERSION:+yes}; cat", "executable": "/bin/bash", "stdin": "in"}, **run
    )
    assert bash.values["stdout"] == "yes\nin"
    for odd in ("-x", "+e", "- x"):
        assert run_module("shell", {"cmd": odd}, **run).values["rc"] == 127
    long = run_module("shell", {"cmd": f"# {'x' * 200_000}\necho long"}, **run)
    assert long.values["stdout"] == "long"


def test_shell_text_cannot_touch_the_session(shell: str, home: Path) -> None:
    text = "exit 0; }; pb_token=x; exec 9>&-\nEOF\n')"
    outcome = run_module("shell", {"cmd": f"cat <<'EOF'\n{text}\nEOF\n"}, shell=shell, home=home)
    assert outcome.status in (Status.CHANGED, Status.FAILED)
    assert outcome.values["stdout"].startswith("exit 0; };")


def test_raw_keeps_every_byte(shell: str, home: Path) -> None:
    outcome = run_module("raw", {"cmd": "printf 'a\\377\\000b\\n\\n'"}, shell=shell, home=home)
    assert outcome.values["stdout"] == "a\udcff\0b\n\n"


@pytest.mark.parametrize(
    ("content", "cmd", "stdout"),
    [
        ('echo "$1|$2"', "s.sh a 'b c'", "a|b c\n"),
        ("#!/bin/sh -e\nfalse\necho no", "s.sh", None),
        ("#!/usr/bin/env bash\necho ${BASH_VERSION:+bash} $1", "s.sh $HOME", "bash {home}\n"),
        ("#!/bin/cat\nit's me", "s.sh", "#!/bin/cat\nit's me"),
        ("# " + "x" * 100_000 + "\necho large", "s.sh", "large\n"),
    ],
)
def test_script(shell: str, home: Path, content: str, cmd: str, stdout: str | None) -> None:
    (home / "s.sh").write_text(content)
    outcome = run_module("script", {"cmd": cmd}, shell=shell, home=home, desk=FolderDesk(home))
    if stdout is None:
        assert outcome.status == Status.FAILED
    else:
        assert (outcome.status, outcome.values["stdout"]) == (Status.CHANGED, stdout.replace("{home}", str(home)))


def test_script_with_spaces_and_executable(shell: str, home: Path) -> None:
    (home / "my script").write_text("print('py' + str(1))")
    args = {"cmd": "'my script'", "executable": "/usr/bin/env python3", "creates": "~/x"}
    (home / "py").symlink_to("/bin/cat")
    outcome = run_module(
        "script", args | {"executable": str(home / "py")}, shell=shell, home=home, desk=FolderDesk(home)
    )
    assert outcome.values["stdout"] == "print('py' + str(1))"
    (home / "x").touch()
    assert run_module("script", args, shell=shell, home=home, desk=FolderDesk(home)).status == Status.SKIPPED


def test_ping(shell: str, home: Path) -> None:
    assert run_module("ping", {}, shell=shell, home=home).values == {"ping": "pong"}
    assert run_module("ping", {"data": "é 'x"}, shell=shell, home=home, check=True).values == {"ping": "é 'x"}
    assert run_module("ping", {"data": "crash"}, shell=shell, home=home).status == Status.FAILED


def test_stat_says_what_python_says(shell: str, home: Path) -> None:
    (home / "f").write_text("hello")
    (home / "f").chmod(0o4751)
    (home / "l").symlink_to("f")
    os.mkfifo(home / "p")
    for name, follow in (("f", False), ("l", False), ("l", True), ("p", False), (".", False)):
        found = run_module("stat", {"path": f"~/{name}", "follow": follow}, shell=shell, home=home).values["stat"]
        real = (home / name).stat(follow_symlinks=follow)
        assert found["exists"] and found["path"] == f"{home}/{name}"
        assert (found["mode"], found["uid"], found["gid"]) == (f"{real.st_mode & 0o7777:04o}", real.st_uid, real.st_gid)
        assert (found["size"], found["inode"], found["nlink"]) == (real.st_size, real.st_ino, real.st_nlink)
        assert (found["mtime"], found["dev"]) == (float(int(real.st_mtime)), real.st_dev)
        assert name == "l" or (found["pw_name"], found["gr_name"]) == ((home / name).owner(), (home / name).group())
        assert name == "l" or found["readable"]
        kind = {"f": "isreg", "l": "isreg" if follow else "islnk", "p": "isfifo", ".": "isdir"}[name]
        assert [key for key in ("isreg", "isdir", "islnk", "isfifo", "isblk", "ischr", "issock") if found[key]] == [
            kind
        ]
    plain = run_module("stat", {"path": "~/f", "checksum_algorithm": "sha256"}, shell=shell, home=home).values["stat"]
    assert plain["checksum"] == hashlib.sha256(b"hello").hexdigest()
    assert (plain["isuid"], plain["xusr"], plain["woth"], plain["xoth"]) == (True, True, False, True)
    link = run_module("stat", {"path": "~/l"}, shell=shell, home=home).values["stat"]
    assert (link["lnk_target"], link["lnk_source"]) == ("f", f"{home}/f")
    assert run_module("stat", {"path": "~/nope"}, shell=shell, home=home).values == {"stat": {"exists": False}}


def test_fetch(shell: str, home: Path, tmp_path: Path) -> None:
    (home / "f").write_bytes(b"data\0\xff")
    run: dict[str, Any] = {"shell": shell, "home": home, "host": "a/../b"}
    args = {"src": "~/f", "dest": f"{tmp_path}/got"}
    assert run_module("fetch", args, check=True, **run).status == Status.CHANGED
    assert not (tmp_path / "got").exists()
    first = run_module("fetch", args, **run)
    assert first.values["dest"] == f"{tmp_path}/got/a_.._b{home}/f"
    assert Path(first.values["dest"]).read_bytes() == b"data\0\xff"
    assert run_module("fetch", args, **run).status == Status.OK
    flat = run_module("fetch", {"src": "f", "dest": f"{tmp_path}/flat/", "flat": True}, **run)
    assert flat.values["dest"] == f"{tmp_path}/flat/f"
    names = FolderDesk(names={"playbook_dir": str(tmp_path)})
    assert (
        run_module("fetch", args | {"dest": "rel"}, desk=names, **run).values["dest"].startswith(f"{tmp_path}/rel/a_")
    )


@pytest.mark.parametrize(
    ("data", "comes_along"),
    [
        (b"", True),
        (b"two\nlines\n", True),
        (b"  no newline\\ ", True),
        (b"\n\n", True),
        ("\u00e9\0".encode(), True),
        (b"line\n" * 1000, True),
        (b"x" * 2000, True),
        (b"\xff" * (64 << 10), True),
        (b"x" * (64 << 10) + b"\n", False),
    ],
)
def test_a_small_file_comes_with_the_answer(
    shell: str, home: Path, tmp_path: Path, data: bytes, *, comes_along: bool
) -> None:
    (home / "f").write_bytes(data)
    call = make_call("fetch", {"src": f"{home}/f", "dest": f"{tmp_path}/got", "flat": True})
    module, desk = load("modules", "fetch"), FolderDesk()
    looks = module.fragment(call, desk)
    replies, _ = run_lines([Line(0, 0, looks)], shell, home=home)
    again = module.outcome(call, looks, replies[0], desk)
    assert again.download.content == (data if comes_along else None)
    assert again.download.sha1 == hashlib.sha1(data).hexdigest()
    (tmp_path / "got").write_bytes(data)
    looks = module.fragment(call, desk)
    replies, _ = run_lines([Line(0, 0, looks)], shell, home=home)
    assert len(replies[0].values.get("content", b"")) < 2000
    assert module.outcome(call, looks, replies[0], desk).status == Status.OK


def test_what_came_along_is_only_believed_if_it_is_whole() -> None:
    call = make_call("fetch", {"src": "/f", "dest": "/nowhere/f", "flat": True})
    module, desk = load("modules", "fetch"), FolderDesk()
    looks, full = module.fragment(call, desk), {"src": b"/f", "full": b"/f"}
    right = hashlib.sha1(b"abc").hexdigest().encode()
    for said, content in (
        ({"sum": right, "size": b"3", "content": b"abc"}, b"abc"),
        ({"sum": b"", "size": b"3", "content": b"abc"}, b"abc"),
        ({"sum": right, "size": b"3", "content": b"abd"}, None),
        ({"sum": b"", "size": b"4", "content": b"abc"}, None),
        ({"sum": right, "size": b"3"}, None),
    ):
        again = module.outcome(call, looks, Reply(1, 0, values=full | said), desk)
        assert again.download.content == content


@pytest.mark.parametrize(
    ("src", "said"), [("~/nope", "does not exist"), ("~", "is a directory"), ("~/p", "no regular file")]
)
def test_fetch_of_what_is_no_file(shell: str, home: Path, src: str, said: str) -> None:
    os.mkfifo(home / "p")
    outcome = run_module("fetch", {"src": src, "dest": "/tmp/x"}, shell=shell, home=home)
    assert outcome.status == Status.FAILED
    assert said in outcome.msg


def test_fetch_may_miss_and_never_leaves_its_folder(home: Path) -> None:
    args = {"src": "~/nope", "dest": "/tmp/x", "fail_on_missing": False}
    assert run_module("fetch", args, home=home).status == Status.OK
    module, call = load("modules", "fetch"), make_call("fetch", {"src": "~/x", "dest": "/out"}, host="h")
    fragment = module.fragment(call, FolderDesk())
    reply = Reply(1, 0, values={"src": b"/../../etc/../../passwd", "sum": b"00", "size": b"1"})
    again = module.outcome(call, fragment, reply, FolderDesk())
    assert again.download.dest == "/out/h/passwd"
    for host in ("..", ".", ""):
        with pytest.raises(Exception, match="cannot be the name"):
            module.outcome(make_call("fetch", {"src": "~/x", "dest": "/out"}, host=host), fragment, reply, FolderDesk())


@pytest.mark.parametrize("shell", AS_SH)
@pytest.mark.parametrize(
    "line",
    [
        "echo a  b",
        "echo -n x",
        "pwd",
        "true",
        "false",
        "exit 3",
        "nosuchcommand x",
        "printf %s a",
        "id -u",
        "set",
        "env",
    ],
)
def test_a_line_of_plain_words_means_what_it_means_to_sh(shell: str, tmp_path: Path, line: str) -> None:
    """Such a line is run by the session's own shell, where that is /bin/sh: nobody may notice."""
    ours = run_module("shell", {"cmd": line}, shell=shell, home=tmp_path).values
    quoted = run_module("shell", {"cmd": f"{line} #"}, shell=shell, home=tmp_path).values
    assert ours["rc"] == quoted["rc"]
    if line not in ("set", "env", "nosuchcommand x"):
        assert ours["stdout"] == quoted["stdout"]
    assert "pb_token" not in ours["stdout"] + ours["stderr"]
