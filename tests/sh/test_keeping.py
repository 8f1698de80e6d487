"""What a session's folder keeps when nobody hears its answers, and what a later session makes of it, on real shells."""

from __future__ import annotations

import os
import secrets
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from runner.model.call import Effect, Fragment, Line, Reply, Target, Trip
from runner.model.fate import Claim, Fate
from runner.sh.asking import kept
from runner.sh.frames import Frames, Refused
from runner.sh.fuse import trip_text
from runner.sh.keeping import Owner
from runner.sh.prelude import equipped, session_script
from runner.sh.replies import Replies
from tests.modules.harness import SHELLS

RUN = "5eed"
NOW = 2_000_000.0  # the clock of whoever sends: the intents of old trips were logged two seconds before


@pytest.fixture(params=sorted(SHELLS))
def shell(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def unsafe(index: int, text: str, *earlier: Claim, **more: Any) -> Line:
    return Line(index, index, Fragment("pb_differs", text, Effect.UNSAFE), earlier=earlier, **more)


def gentle(index: int, text: str, *earlier: Claim) -> Line:
    return Line(index, index, Fragment("[ -e made ] || pb_differs", text), earlier=earlier)


def sent(index: int, trip: int = 1, at: float = NOW - 2) -> Claim:
    return Claim(RUN, trip, index, at)


@dataclass(slots=True)
class Host:
    """A place for sessions of processes of one run, one after another."""

    shell: str
    home: Path
    processes: int = 0

    def script(self) -> tuple[str, str]:
        """The prelude of another process' session, and its token."""
        self.processes += 1
        token = secrets.token_hex(16)
        owner = Owner(RUN, f"k{self.processes}", round(NOW * 1000) + self.processes)
        return session_script(token, secrets.token_hex(16), owner), token

    def begin(self, lines: Sequence[Line], trip: int = 1) -> subprocess.Popen[bytes]:
        """A session that is sent a trip; its answers may be read, or not."""
        script, token = self.script()
        environ = {"PATH": os.environ["PATH"], "HOME": str(self.home), "TMPDIR": str(self.home)}
        process = subprocess.Popen(
            SHELLS[self.shell], stdin=-1, stdout=-1, stderr=subprocess.DEVNULL, cwd=self.home, env=environ
        )
        assert process.stdin is not None
        text = equipped(trip_text(Trip(trip, Target("h"), None, tuple(lines), RUN), token, {}, now=NOW))
        process.stdin.write((script + text).encode())
        process.stdin.flush()
        return process

    def lose(self, lines: Sequence[Line], when: Callable[[], bool] | None = None, trip: int = 1) -> int:
        """Send a trip and be gone: at once, or when something has happened. The pid of the shell."""
        process = self.begin(lines, trip)
        assert process.stdin is not None and process.stdout is not None
        if when is not None:
            wait_for(when)
        process.stdout.close()
        process.stdin.close()
        return process.pid

    def ask(self, lines: Sequence[Line], trip: int = 9) -> list[Reply]:
        """The replies to a trip of a session of another process, which ends well."""
        script, token = self.script()
        made = Trip(trip, Target("h"), None, tuple(lines), RUN)
        environ = {"PATH": os.environ["PATH"], "HOME": str(self.home), "TMPDIR": str(self.home)}
        text = script + equipped(trip_text(made, token, {}, now=NOW)) + "pb_keep=\n"
        done = subprocess.run(
            SHELLS[self.shell], input=text.encode(), capture_output=True, cwd=self.home, env=environ, timeout=30,
            check=False,
        )  # fmt: skip
        assert not done.stderr, done.stderr
        fold = Replies(made.id, made.lines)
        return [reply for record in Frames(token).feed(done.stdout) if (reply := fold.see(record, NOW))]

    def folders(self) -> list[Path]:
        return [path for path in self.home.glob(".pb-*") if path.is_dir()]


def wait_for(when: Callable[[], bool], within_s: float = 10) -> None:
    deadline = time.monotonic() + within_s
    while not when():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def host(shell: str, tmp_path: Path) -> Host:
    return Host(shell, tmp_path)


def began(host: Host) -> Callable[[], bool]:
    return lambda: (host.home / "began").exists()


def count(host: Host, name: str = "count") -> int:
    path = host.home / name
    return len(path.read_text().split()) if path.exists() else 0


def test_a_step_that_ended_unheard_is_adopted_and_the_next_one_runs(host: Host) -> None:
    slow = "pb_kv k 'a\nb'; touch began; sleep 0.7; echo x >>count; echo out; echo err >&2; exit 3"
    first, second = unsafe(0, slow, tolerant=True), unsafe(1, "echo y >>next")
    host.lose([first, second], began(host))
    replies = host.ask([unsafe(0, slow, sent(0), tolerant=True), unsafe(1, "echo y >>next", sent(1))])
    assert [(reply.fate, reply.rc) for reply in replies] == [(Fate.DONE, 3), (Fate.ABSENT, 0)]
    assert (replies[0].stdout, replies[0].stderr, replies[0].values) == (b"out\n", b"err\n", {"k": b"a\nb"})
    assert replies[0].differs
    assert (count(host), count(host, "next")) == (1, 1)


def test_what_answered_to_nobody_is_all_there(host: Host) -> None:
    """The whole trip was done before anybody noticed: user commands, large and binary output, values, failures."""
    texts = ["pb_user_run sh -c 'head -c 30000 /dev/zero; echo e >&2'", "pb_kv a 1; pb_kv b ''; printf 'a\\377b'",
             "printf '%s\\0' x >f; pb_blob file f; pb_fail no 4"]  # fmt: skip
    process = host.begin([unsafe(index, text) for index, text in enumerate(texts)])
    assert process.stdin is not None and process.stdout is not None
    wait_for(lambda: any("E 1.2 4 ." in note.read_text() for note in host.home.glob(".pb-*/j")))
    process.stdin.close()
    process.stdout.read()
    assert process.wait(10) == 0
    replies = host.ask([unsafe(index, text, sent(index)) for index, text in enumerate(texts)])
    assert [(reply.fate, reply.rc) for reply in replies] == [(Fate.DONE, 0), (Fate.DONE, 0), (Fate.DONE, 4)]
    assert (replies[0].stdout, replies[0].stderr) == (bytes(30_000), b"e\n")
    assert (replies[1].stdout, replies[1].values) == (b"a\xffb", {"a": b"1", "b": b""})
    assert replies[2].values == {"file": b"x\0", "msg": b"no"}
    again = host.ask([unsafe(1, texts[1], sent(1), sent(0, 9))], trip=10)
    assert again[0].fate is Fate.DONE


def test_a_step_under_way_is_waited_for_and_no_more_begins_there(host: Host) -> None:
    slow = "touch began; sleep 2; echo x >>count"
    process = host.begin([unsafe(0, slow), unsafe(1, "echo y >>count")])
    wait_for(began(host))
    replies = host.ask([unsafe(0, slow, sent(0)), unsafe(1, "echo y >>count", sent(1))])
    assert [reply.fate for reply in replies] == [Fate.DONE, Fate.ABSENT]
    assert process.wait(10) == 0
    assert count(host) == 2


def test_what_was_killed_half_way_is_lost_unless_it_may_run_twice(host: Host) -> None:
    slow = "touch began; sleep 5; touch made"
    for line, asked, fate in (
        (unsafe(0, slow), unsafe(0, slow, sent(0)), Fate.LOST),
        (gentle(0, slow), gentle(0, "touch made", sent(0)), Fate.ABSENT),
    ):
        pid = host.lose([line], began(host))
        os.kill(pid, 9)
        subprocess.run(["pkill", "-P", str(pid)], check=False)
        replies = host.ask([asked, unsafe(1, "echo x >>count")])
        assert replies[0].fate is fate
        for path in (host.home / "began", *host.home.glob(".pb-*/j")):
            path.unlink()
    assert (host.home / "made").exists()
    assert count(host) == 1


def test_never_sent_is_absent_only_if_the_host_was_up(host: Host) -> None:
    assert host.ask([unsafe(0, "echo x >>count", sent(0))])[0].fate is Fate.ABSENT
    for at in (0.0, NOW - 6 * 86_400 * 365, NOW - 8 * 86_400):
        assert host.ask([unsafe(0, "echo x >>count", sent(0, at=at))])[0].fate is Fate.LOST
    assert count(host) == 1


def test_another_boot_loses_what_was_under_way(host: Host) -> None:
    host.lose([unsafe(0, "touch began; sleep 1; exit")], began(host))
    (folder,) = host.folders()
    note = (folder / "j").read_text().split()
    note[3] = "another-boot"
    (folder / "j").write_text(" ".join(note[:5]) + "\nB 1.0 " + note[7] + " .\n")
    assert host.ask([unsafe(0, "touch began; sleep 1; exit", sent(0))])[0].fate is Fate.LOST


@pytest.mark.parametrize("journal", ["", "A 1 2", "B 1.0 0 .\nE 1.0 0 .\n"])
def test_a_journal_that_cannot_be_read_is_no_proof(host: Host, journal: str) -> None:
    folder = host.home / f".pb-{round(NOW * 1000)}-{RUN}.k0-00"
    folder.mkdir(mode=0o700)
    (folder / "j").write_text(journal)
    assert host.ask([unsafe(0, "echo x >>count", sent(0))])[0].fate is Fate.LOST
    assert not count(host)


def test_folders_of_others_are_not_believed(host: Host) -> None:
    folder, link = host.home / "theirs", host.home / f".pb-{round(NOW * 1000)}-{RUN}.k0-00"
    folder.mkdir(mode=0o700)
    (folder / "j").write_text("A 1 1 1 .\nB 1.0 0 .\nE 1.0 0 .\n")
    link.symlink_to(folder)
    assert host.ask([unsafe(0, "echo x >>count", sent(0))])[0].fate is Fate.ABSENT
    link.unlink()
    folder.rename(link)
    link.chmod(0o755)
    assert host.ask([unsafe(0, "echo x >>count", sent(0))])[0].fate is Fate.LOST
    if os.getuid() == 0:
        link.chmod(0o700)
        os.chown(link, 1234, 1234)
        assert host.ask([unsafe(0, "echo x >>count", sent(0))])[0].fate is Fate.ABSENT


def test_a_prelude_that_arrives_late_begins_nothing(host: Host, shell: str) -> None:
    script, token = host.script()
    host.ask([unsafe(0, "echo x >>count", sent(0))])
    text = script + trip_text(Trip(1, Target("h"), None, (unsafe(0, "echo y >>count"),), RUN), token, {}, now=NOW)
    environ = {"PATH": os.environ["PATH"], "HOME": str(host.home), "TMPDIR": str(host.home)}
    done = subprocess.run(SHELLS[shell], input=text.encode(), capture_output=True, cwd=host.home, env=environ)
    assert isinstance(Frames(token).feed(done.stdout)[0], Refused)
    assert count(host) == 1


def test_another_text_under_the_same_claim_is_no_answer(host: Host) -> None:
    host.lose([unsafe(0, "touch began; echo x >>count"), gentle(1, "touch made")], began(host))
    wait_for(lambda: bool(count(host)))
    replies = host.ask([unsafe(0, "touch began; echo y >>count", sent(0))])
    assert (replies[0].fate, count(host)) == (Fate.LOST, 1)


def test_old_folders_are_swept_unless_their_shell_lives(host: Host) -> None:
    old = round(NOW * 1000) - 8 * 86_400_000
    gone, living, young, odd = (host.home / f".pb-{name}" for name in (
        f"{old}-aa.bb-cc", f"{old}-dd.ee-ff", f"{round(NOW * 1000)}-aa.bb-cc", "1x-aa.bb-cc",
    ))  # fmt: skip
    for folder in (gone, living, young, odd):
        folder.mkdir(mode=0o700)
    born = Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19]
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    (living / "j").write_text(f"A {os.getpid()} {born} {boot} .\n")
    host.ask([gentle(0, ":")])
    assert sorted(host.folders()) == sorted([living, young, odd])


def test_what_was_kept_is_read_exactly() -> None:
    data = b"0 V 3 a\nx\ny\n1 V 0 b\n\n0 D 0 -\n\n0 V 4 c d\n1 V \n0 V 9 cut\nx"
    assert kept(data, 0) == ({"a": b"x\ny", "c d": b"1 V "}, True)
    assert kept(data[:30], 1) == ({"b": b""}, False)
