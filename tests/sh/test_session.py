"""Whole sessions through real shells: the prelude's promises to steps, and to the host it leaves behind."""

from __future__ import annotations

import os
import secrets
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from runner.model.call import Fragment, Line, Reply, Target, Trip
from runner.sh.frames import Frames, Ready, Refused, TripDone
from runner.sh.fuse import trip_text
from runner.sh.keeping import Owner
from runner.sh.prelude import LIBRARY, equipped, session_script
from runner.sh.quote import quote
from tests.modules.harness import SHELLS, run_lines, run_text

TOKEN, NONCE = "ab" * 16, "cd" * 16


@pytest.fixture(params=sorted(SHELLS))
def shell(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def line(index: int, text: str, group: int | None = None, **more: Any) -> Line:
    return Line(index, index if group is None else group, Fragment("pb_differs", text), **more)


def one(text: str, shell: str, home: Path, **more: Any) -> Reply:
    replies, _ = run_lines([line(0, text, **more)], shell, home=home)
    return replies[0]


def test_a_step_says_what_it_did(shell: str, tmp_path: Path) -> None:
    reply = one("pb_kv a 'x\ny'; pb_user_run sh -c 'echo out; echo err >&2; exit 3'", shell, tmp_path)
    assert (reply.rc, reply.stdout, reply.stderr, reply.differs) == (3, b"out\n", b"err\n", True)
    assert reply.values == {"a": b"x\ny"}


def test_any_bytes_come_back(shell: str, tmp_path: Path) -> None:
    data = bytes(range(256)) * 3
    (tmp_path / "f").write_bytes(data)
    reply = one("pb_blob b f; pb_kv k \"$(printf 'a\\377b')\"; pb_user_run cat f", shell, tmp_path)
    assert reply.stdout == data
    assert reply.values == {"b": data, "k": b"a\xffb"}


def test_a_child_left_behind_neither_hangs_nor_speaks_later(shell: str, tmp_path: Path) -> None:
    script = "echo first; (sleep 0.3; echo late; echo late >&2; sleep 20) & echo $! >pid"
    before = time.monotonic()
    lines = [line(0, f"pb_user_run sh -c '{script}'"), line(1, "sleep 0.6; pb_user_run echo second")]
    replies, _ = run_lines(lines, shell, home=tmp_path)
    os.kill(int((tmp_path / "pid").read_text()), 9)
    assert time.monotonic() - before < 10
    assert [reply.stdout for reply in replies] == [b"first\n", b"second\n"]
    assert replies[1].stderr == b""


def test_megabytes_on_both_streams(shell: str, tmp_path: Path) -> None:
    script = "head -c 3000000 /dev/zero; head -c 3000000 /dev/zero >&2"
    reply = one(f"pb_user_run sh -c '{script}'", shell, tmp_path)
    assert (len(reply.stdout), len(reply.stderr), reply.truncated) == (3_000_000, 3_000_000, False)


def test_stdin_is_empty_and_each_step_begins_at_home(shell: str, tmp_path: Path) -> None:
    lines = [line(0, "cd /; export LEAK=1; pb_user_run cat"), line(1, 'pwd; echo "${LEAK-none}"')]
    replies, _ = run_lines(lines, shell, home=tmp_path)
    assert replies[0].stdout == b""
    assert replies[1].stdout == f"{tmp_path}\nnone\n".encode()


def test_a_failure_stops_later_groups_only(shell: str, tmp_path: Path) -> None:
    lines = [line(0, "exit 4", 7), line(1, "echo same", 7), line(2, "echo next", 8), line(3, "echo more", 9)]
    replies, records = run_lines(lines, shell, home=tmp_path)
    assert [(reply.index, reply.rc, reply.stdout) for reply in replies] == [(0, 4, b""), (1, 0, b"same\n")]
    assert records[-1] == TripDone(0)


def test_a_tolerated_failure_goes_on(shell: str, tmp_path: Path) -> None:
    lines = [line(0, "pb_fail oh 5", tolerant=True), line(1, "echo next")]
    replies, records = run_lines(lines, shell, home=tmp_path)
    assert [reply.rc for reply in replies] == [5, 0]
    assert replies[0].values == {"msg": b"oh"}
    assert records[-1] == TripDone(None)


def test_apply_runs_only_when_the_probe_differs_and_never_in_a_check(shell: str, tmp_path: Path) -> None:
    same = Line(0, 0, Fragment(":", "echo same"))
    check = Line(1, 1, Fragment('pb_differs; pb_kv c "$pb_check"', "echo check"), check=True)
    assert "echo check" not in trip_text(Trip(1, Target("h"), None, (check,)), TOKEN, {})
    replies, _ = run_lines([same, check, line(2, "echo run")], shell, home=tmp_path)
    assert [(reply.differs, reply.stdout) for reply in replies] == [(False, b""), (True, b""), (True, b"run\n")]


def test_environment_reaches_the_command_and_odd_names_fail(shell: str, tmp_path: Path) -> None:
    env: Mapping[str, str] = {"A": "x 'y\n$(id)", "LC_ALL": "C.UTF-8", "_b1": ""}
    reply = one(
        'pb_user_run sh -c \'printf "%s|%s|%s" "$A" "$LC_ALL" "${_b1-unset}"\'', shell, tmp_path, environment=env
    )
    assert reply.stdout == b"x 'y\n$(id)|C.UTF-8|"
    for name in ("a b", "pb_token", "", "1x", "IFS", "x;id"):
        reply = one("echo never", shell, tmp_path, environment={name: "v"})
        assert (reply.rc, reply.stdout) == (1, b"")
        assert b"environment" in reply.values["msg"]


def test_users_commands_get_the_login_locale_umask_and_no_wire(shell: str, tmp_path: Path) -> None:
    show = "umask; echo ${LC_ALL-none}; ls /proc/self/fd | tr -d ' \\n'; echo; env | grep -c -e pb_ -e TOKEN"
    text = f"pb_user_run sh -c {quote(show.replace('TOKEN', TOKEN))}"
    replies, _ = run_lines([line(0, text)], shell, home=tmp_path, umask=0o027)
    assert replies[0].stdout.decode().splitlines() == ["0027", "none", "0123", "0"]


@pytest.mark.parametrize(
    ("command", "rc", "said"),
    [
        ("nosuchcommand", 2, "No such file"),
        ("/nope/x", 2, "No such file"),
        ("/etc/passwd", 13, "Permission denied"),
        ("/etc", 13, "Permission denied"),
        ("'-x'", 2, "dash"),
    ],
)
def test_commands_that_cannot_run(shell: str, tmp_path: Path, command: str, rc: int, said: str) -> None:
    reply = one(f"pb_user_run {command}", shell, tmp_path)
    assert reply.rc == rc
    assert said in reply.values["msg"].decode()


@pytest.mark.parametrize("builtin", ["alias", "pb_kv", "eval", "cd"])
def test_a_command_is_never_a_builtin(shell: str, tmp_path: Path, builtin: str) -> None:
    assert one(f"pb_user_run {builtin} x y", shell, tmp_path).rc in (126, 127)


def test_output_cannot_forge_an_answer(shell: str, tmp_path: Path) -> None:
    # Not even a process that knows how records look, and finds the shell's own descriptors.
    script = f"printf '{TOKEN}X 0 0\\n'; printf 'X 0 0\\n' >/proc/$PPID/fd/9 2>/dev/null; exit 9"
    reply = one(f"pb_user_run sh -c {quote(script)}", shell, tmp_path)
    assert reply.rc == 9
    assert reply.stdout.startswith(TOKEN.encode())


def test_nothing_is_left_behind(shell: str, tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    spool.mkdir()
    text = session_script(TOKEN, NONCE)
    trip = Trip(1, Target("h"), None, (line(0, "pb_user_run ls -la ../spool/.pb-*/"),))
    home = tmp_path / "home"
    home.mkdir()
    records, _ = run_text(text + trip_text(trip, TOKEN, {}), TOKEN, shell, home, {"TMPDIR": str(spool)})
    assert isinstance(records[0], Ready)
    assert records[0].folder == f"{spool}/.pb-{NONCE}"
    assert not list(spool.iterdir())


@pytest.mark.parametrize("signal", [1, 2, 15])
def test_signals_leave_nothing_behind(shell: str, tmp_path: Path, signal: int) -> None:
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TMPDIR": str(tmp_path)}
    process = subprocess.Popen(SHELLS[shell], stdin=-1, stdout=-1, cwd=tmp_path, env=environ)
    assert process.stdin and process.stdout
    process.stdin.write(session_script(TOKEN, NONCE).encode())
    process.stdin.flush()
    (ready,) = Frames(TOKEN).feed(process.stdout.readline())
    assert isinstance(ready, Ready)
    assert ready.pid == process.pid
    assert Path(ready.folder).stat().st_mode & 0o777 == 0o700
    process.send_signal(signal)
    process.stdin.close()
    assert process.wait(10) != 0 or signal == 2
    assert not list(tmp_path.iterdir())
    process.stdout.close()


def test_a_full_or_taken_folder_is_passed_over(shell: str, tmp_path: Path) -> None:
    taken, home = tmp_path / "taken", tmp_path / "home"
    (taken / f".pb-{NONCE}").mkdir(parents=True)
    home.mkdir()
    records, _ = run_text(session_script(TOKEN, NONCE), TOKEN, shell, home, {"TMPDIR": str(taken)})
    assert isinstance(records[0], Ready)
    assert records[0].folder.startswith(str(home))


@pytest.mark.skipif(not Path("/usr/bin/mksh").exists(), reason="mksh is not installed")
def test_a_shell_without_builtin_printf_is_turned_away(tmp_path: Path) -> None:
    records, _ = run_text(session_script(TOKEN, NONCE), TOKEN, "mksh", tmp_path)
    assert isinstance(records[0], Refused)
    assert "printf" in records[0].message


def test_a_trip_that_was_cut_does_nothing(shell: str, tmp_path: Path) -> None:
    text = trip_text(Trip(1, Target("h"), None, (line(0, "touch done"), line(1, "touch done"))), TOKEN, {})
    for cut in (len(text) // 2, len(text) - 3):
        environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
        data = (session_script(TOKEN, secrets.token_hex(16)) + text[:cut]).encode()
        subprocess.run(SHELLS[shell], input=data, capture_output=True, cwd=tmp_path, env=environ, check=False)
    assert not list(tmp_path.iterdir())


def test_a_session_gets_the_library_only_for_what_names_it() -> None:
    script = session_script(TOKEN, NONCE, Owner("r1", "k1", 1))
    assert equipped(script) == script
    assert equipped("pb_statistic") == "pb_statistic"
    assert equipped('pb_stat "$x"') == LIBRARY + 'pb_stat "$x"'


def test_texts_that_hold_the_token_are_refused() -> None:
    with pytest.raises(ValueError, match="token"):
        trip_text(Trip(1, Target("h"), None, (line(0, f"echo {TOKEN}"),)), TOKEN, {})
    with pytest.raises(ValueError, match="random hex"):
        session_script("short", NONCE)


def test_temporaries_are_private_new_and_removed_on_failure(shell: str, tmp_path: Path) -> None:
    text = 'pb_temp x/y; ls -l "$pb_temp" >&2; umask; printf a >&8; pb_fail no'
    (tmp_path / "x").mkdir()
    reply = one(text, shell, tmp_path)
    assert reply.stderr.startswith(b"-rw-------")
    assert reply.stdout == b"0022\n"
    assert not list((tmp_path / "x").iterdir())


def test_a_temporary_cannot_be_led_astray(shell: str, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("safe")
    victim.chmod(0o600)
    text = (
        'pb_temp dest; mv "$pb_temp" stolen; ln -s victim "$pb_temp"; printf new >&8; '
        'pb_want_mode=0644; pb_attr_apply "$pb_temp" "" ""'
    )
    one(text, shell, tmp_path)
    assert victim.read_text() == "safe"
    assert victim.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "stolen").read_text() == "new"


def test_stat_without_stat_reads_ls(shell: str, tmp_path: Path) -> None:
    (tmp_path / "f o").write_text("12345")
    (tmp_path / "f o").chmod(0o4751)
    (tmp_path / "d").mkdir()
    (tmp_path / "d").chmod(0o1777)
    show = 'pb_kv {0} "$pb_type $((0$pb_mode)) $pb_uid $pb_gid $pb_user $pb_group $pb_size $pb_mtime"'
    body = f"pb_stat 'f o'; {show.format('f')}; pb_stat d; {show.format('d')}"
    broken = "stat() { return 1; }\n"
    replies, _ = run_lines([line(0, body), line(1, broken + body)], shell, home=tmp_path)
    assert replies[0].values == replies[1].values
    mine = (tmp_path / "f o").stat()
    owner = f"{mine.st_uid} {mine.st_gid} {(tmp_path / 'f o').owner()} {(tmp_path / 'f o').group()}"
    assert replies[0].values["f"].startswith(f"file {0o4751} {owner} 5 ".encode())
