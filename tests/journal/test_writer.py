"""The log file: private, whole lines only, and a plain word for every way in which it cannot be written."""

from __future__ import annotations

import fcntl
import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.errors import JournalFault
from runner.journal import Journal, Redactor, read, state_home
from runner.model.call import Status
from runner.model.event import Notice, RunEnd, RunStart, TaskResult
from tests.journal.examples import EVENTS

HINT = Notice("notice", "x")


def journal_at(path: Path, *, new: bool = True, run: str = "run1") -> Journal:
    return Journal(path, run, Redactor(), new=new)


@pytest.fixture
def open_umask() -> Iterator[None]:
    """A umask that forbids nothing."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("open_umask")
def test_the_default_place_is_private(tmp_path: Path) -> None:
    with Journal.open(None, Redactor(), {"XDG_STATE_HOME": str(tmp_path / "state")}) as journal:
        records = journal.write(EVENTS, durable=True)
        folder = tmp_path / "state" / "pbrun" / "runs"
        assert journal.path.parent == folder
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE(journal.path.stat().st_mode) == 0o600
        assert journal.path.name.endswith(f"Z-{journal.run}.jsonl")
    assert list(read(journal.path)) == records
    assert [record.seq for record in records] == list(range(len(EVENTS)))
    assert list(folder.iterdir()) == [journal.path]


def test_state_home_follows_the_xdg_specification(tmp_path: Path) -> None:
    assert state_home({"XDG_STATE_HOME": "/x"}) == Path("/x")
    assert state_home({"XDG_STATE_HOME": "relative", "HOME": str(tmp_path)}) == tmp_path / ".local" / "state"
    assert state_home({}).is_absolute()


def test_a_folder_that_others_could_read_is_closed(tmp_path: Path) -> None:
    folder = tmp_path / "pbrun" / "runs"
    folder.mkdir(parents=True, mode=0o755)
    Journal.open(None, Redactor(), {"XDG_STATE_HOME": str(tmp_path)}).close()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_new_file_must_be_new(tmp_path: Path) -> None:
    (tmp_path / "log").touch()
    with pytest.raises(JournalFault, match="cannot open the log"):
        journal_at(tmp_path / "log")


def test_runs_are_added_to_a_log_that_is_there(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.touch(mode=0o644)
    with journal_at(path, new=False) as first:
        first.write([HINT, HINT], durable=False)
        assert first.notes == []
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with journal_at(path, new=False, run="run2") as second:
        second.write([HINT], durable=False)
        assert "added at its end" in second.notes[0]
    assert [(record.run, record.seq) for record in read(path)] == [("run1", 0), ("run1", 1), ("run2", 0)]


@pytest.mark.parametrize("content", ["hello\n", "hello", '{"a": 1}\n', "{}", "\n", "\0" * 200_000])
def test_another_file_is_not_touched(tmp_path: Path, content: str) -> None:
    path = tmp_path / "notes.txt"
    path.write_text(content)
    with pytest.raises(JournalFault, match="is no log of pbrun"):
        journal_at(path, new=False)
    assert path.read_text() == content
    assert list(tmp_path.iterdir()) == [path]


def test_a_torn_end_is_moved_aside(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with journal_at(path) as first:
        first.write([HINT, TaskResult("p", "t", "i", "h", "m", Status.OK, stdout="x" * 200_000)], durable=False)
    whole = path.read_bytes()
    path.write_bytes(whole[:-5])
    with journal_at(path, new=False, run="run2") as second:
        second.write([HINT], durable=False)
        assert "half a line" in second.notes[0]
    assert [record.run for record in read(path)] == ["run1", "run2"]
    aside = tmp_path / "log.torn-run2"
    assert aside.read_bytes() == whole.splitlines(keepends=True)[1][:-5]
    assert stat.S_IMODE(aside.stat().st_mode) == 0o600


def test_what_is_no_regular_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "target").touch()
    (tmp_path / "link").symlink_to("target")
    (tmp_path / "nowhere").symlink_to("missing")
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "dir").mkdir()
    cases = {"link": "symbolic link", "nowhere": "symbolic link", "fifo": "FIFO|regular", "dir": "directory"}
    for name, words in cases.items():
        with pytest.raises(JournalFault, match=words):
            journal_at(tmp_path / name, new=False)
    assert not (tmp_path / "missing").exists()
    for place in ("/dev/full", "/dev/null"):
        with pytest.raises(JournalFault, match="not a regular file"):
            journal_at(Path(place), new=False)
    with pytest.raises(JournalFault, match="does not exist"):
        journal_at(tmp_path / "no" / "log")
    with pytest.raises(JournalFault, match="name is too long"):
        journal_at(tmp_path / ("x" * 300))


def test_two_runs_do_not_share_a_log(tmp_path: Path) -> None:
    with journal_at(tmp_path / "log") as first:
        first.write([HINT], durable=False)
        with pytest.raises(JournalFault, match="in use by another run"):
            journal_at(tmp_path / "log", new=False)
    journal_at(tmp_path / "log", new=False).close()


def test_the_lock_goes_with_its_holder_and_is_not_inherited(tmp_path: Path) -> None:
    with journal_at(tmp_path / "log"):
        child = subprocess.Popen(["sleep", "30"], close_fds=False)
    try:
        with (tmp_path / "log").open() as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        child.kill()
        child.wait()


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_a_file_of_somebody_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.touch()
    os.chown(path, 65534, 65534)
    with pytest.raises(JournalFault, match="belongs to another user"):
        journal_at(path, new=False)


def test_after_closing_nothing_is_written(tmp_path: Path) -> None:
    journal = journal_at(tmp_path / "log")
    assert journal.write([], durable=True) == []
    journal.close()
    journal.close()
    with pytest.raises(JournalFault, match="closed"):
        journal.write([HINT], durable=False)


# The file may have 5,000 bytes: the system writes what fits (a short write), then refuses.
LIMITED = """
import json, resource, sys
from pathlib import Path
from runner.errors import JournalFault
from runner.journal import Journal, Redactor
from runner.model.event import Notice
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, resource.RLIM_INFINITY))
journal = Journal(Path(sys.argv[1]), "run", Redactor(), new=True)
written, faults = 0, []
for size in (1000, 1000, 9000, 1000, 1000, 3000, 10):
    try:
        written += len(journal.write([Notice("notice", "x" * size)], durable=True))
    except JournalFault as error:
        faults.append(str(error))
print(json.dumps([written, faults]))
"""


def test_a_short_write_leaves_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "log"
    done = subprocess.run([sys.executable, "-c", LIMITED, str(path)], capture_output=True, text=True, check=True)
    written, faults = json.loads(done.stdout)
    assert len(faults) == 2 and all("largest size" in fault for fault in faults)
    records = list(read(path, lambda note: pytest.fail(note)))
    assert written == len(records) == 5
    assert [record.seq for record in records] == [0, 1, 2, 3, 4]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KiB."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)], capture_output=True)
    if mounted.returncode:
        pytest.skip("cannot mount a tmpfs here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_on_a_full_disk_the_end_still_fits(small_disk: Path) -> None:
    path = small_disk / "log"
    with journal_at(path) as journal:
        written = journal.write([RunStart("0.1", ())], durable=True)
        with pytest.raises(JournalFault, match=f"cannot write the log {path}: the disk is full"):
            while True:
                written += journal.write([Notice("notice", "x" * 7000)], durable=False)
        assert list(read(path, lambda note: pytest.fail(note))) == written
        # What was under way still answers, and the run ends.
        for _ in range(4):
            written += journal.write([Notice("notice", "x" * 7000)], durable=True)
        written += journal.write([RunEnd("failed", 1, {})], durable=True)
    assert list(read(path, lambda note: pytest.fail(note))) == written
    assert [record.seq for record in written] == list(range(len(written)))


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_a_disk_that_is_full_from_the_start_is_said(small_disk: Path) -> None:
    with (small_disk / "ballast").open("wb", buffering=0) as ballast, pytest.raises(OSError, match="No space"):
        while True:
            ballast.write(bytes(4096))
    with journal_at(small_disk / "log") as journal, pytest.raises(JournalFault, match="disk is full"):
        journal.write([HINT], durable=True)
    assert (small_disk / "log").read_bytes() == b""


INJECT = """
import sys
from pathlib import Path
from runner.errors import JournalFault
from runner.journal import Journal, Redactor
from runner.model.event import Notice
journal = Journal(Path(sys.argv[1]), "run", Redactor(), new=True)
for number in range(6):
    try:
        journal.write([Notice("notice", str(number))], durable=True)
        print("written")
    except JournalFault as error:
        print(error)
"""


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("fdatasync:error=EIO:when=3", ["written"] * 2 + ["input/output error"] * 4),
        ("pwrite64,ftruncate:error=EIO:when=99", ["written"] * 6),
    ],
)
def test_a_disk_error_is_final(tmp_path: Path, fault: str, expected: list[str]) -> None:
    path = tmp_path / "log"
    command = [
        "strace",
        "-f",
        "-qq",
        "-o",
        "/dev/null",
        "-e",
        f"inject={fault}",
        sys.executable,
        "-c",
        INJECT,
        str(path),
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("needs strace")
    if "PTRACE" in done.stderr:
        pytest.skip("cannot trace here")
    shown = done.stdout.splitlines()
    assert len(shown) == 6, done.stderr
    assert all(word in row for word, row in zip(expected, shown, strict=True)), shown
    assert len(list(read(path))) == 6


@pytest.mark.parametrize(
    ("when", "synced"), [("always", [1, 1, 1, 1]), ("batch", [0, 1, 0, 1]), ("none", [0, 0, 0, 1])]
)
def test_when_the_log_is_on_disk(when: str, synced: list[int], tmp_path: Path) -> None:
    """A disk that fails shows which writes wait for it; the end of the run always does."""
    with journal_at(tmp_path / "log") as journal:
        journal.sync_when = when
        journal.write([RunStart("0.1", ())], durable=False)
        seen = []
        events = ((HINT, False), (HINT, True), (HINT, False), (RunEnd("ok", 0, {}), True))
        for event, durable in events:
            broken = journal._unsynced = JournalFault("the disk fails")
            try:
                journal.write([event], durable=durable)
                seen.append(0)
            except JournalFault as fault:
                assert fault is broken
                seen.append(1)
    assert seen == synced


def test_lines_are_on_disk_before_write_returns(tmp_path: Path) -> None:
    path, trace = tmp_path / "log", tmp_path / "trace"
    command = ["strace", "-f", "-qq", "-o", str(trace), "-e", "trace=write,fdatasync,openat", "-P", str(path)]
    try:
        done = subprocess.run([*command, sys.executable, "-c", INJECT, str(path)], capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("needs strace")
    if "PTRACE" in done.stderr:
        pytest.skip("cannot trace here")
    calls = [row.split(maxsplit=1)[1] for row in trace.read_text().splitlines()]
    opened = next(call for call in calls if call.startswith("openat"))
    for flag in ("O_APPEND", "O_CREAT", "O_EXCL", "O_NOFOLLOW", "O_CLOEXEC", "0600"):
        assert flag in opened
    assert [call.split("(")[0] for call in calls if not call.startswith("openat")] == ["write", "fdatasync"] * 6
