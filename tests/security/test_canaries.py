"""Secrets that enter anywhere leave nowhere, however a run ends; twins that are no secrets are found in every form.

Each run is searched for every secret in every form at every place where a run leaves something: a table of places of
entry, endings, sinks and forms. A twin of each secret is said by the same tasks, which shows that the search finds.
"""

from __future__ import annotations

import json
import re
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from runner.cli.main import main
from tests.end_to_end.process import environment
from tests.forked import run_forked
from tests.security.canaries import FORMS, PLACES, SECRETS, TWINS, found_anywhere, leaks, make_project
from tests.security.tracing import can_trace
from tests.sshd_farm import sshd_farm

pytestmark = pytest.mark.sshd

BRIEF = ("-t", "brief")
HELD = re.compile(rb'"type":"task_intent"[^\n]*"task":"held"')
FULL_AT_BLOCKS = 120  # of 512 bytes: the log is full in the middle


@dataclass(frozen=True, slots=True)
class Bench:
    """The project, the host, and where the runs leave something."""

    project: Path
    state: Path
    target: Path
    words: tuple[str, ...]

    @property
    def said(self) -> Path:
        """Where the screen's text goes."""
        return self.state.parent / "said"

    def environment(self) -> dict[str, str]:
        return environment(self.state, {"TMPDIR": str(self.state / "tmp")})

    def run(self, *words: str) -> tuple[int, dict[str, str]]:
        """Run pbrun; its exit code and what it said."""
        code, said = run_forked(words, self.project, self.environment(), self.said)
        assert "Traceback" not in said, said
        return code, {"screen": said}

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """Start pbrun; what it says goes to `said`."""
        with self.said.open("wb") as said:
            return subprocess.Popen(
                [sys.executable, "-m", "runner", *words], cwd=self.project, env=self.environment(),
                stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT,
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            )  # fmt: skip

    def run_within(self, blocks: int, *words: str) -> tuple[int, dict[str, str]]:
        """Run pbrun, whose files may have so many blocks."""
        command = ["sh", "-c", f'ulimit -f {blocks}; exec "$@"', "-", sys.executable, "-m", "runner", *words]
        if can_trace():
            # What is started here, with all arguments and the whole environment, is searched as well.
            options = ("-f", "-qq", "-v", "-s", "9999", "-e", "trace=execve", "-o", str(self.state / "started"))
            command = ["strace", *options, *command]
        env, nothing = self.environment(), subprocess.DEVNULL
        done = subprocess.run(
            command, cwd=self.project, env=env, stdin=nothing, capture_output=True, timeout=100, check=False
        )
        return done.returncode, {"screen": (done.stdout + done.stderr).decode()}

    def left(self) -> dict[str, str]:
        """What lies around here and on the host. The project and what tasks made is meant to have secrets."""
        found = {}
        for folder in (self.state, self.target):
            for path in folder.rglob("*"):
                if path.is_file() and not is_kept_for_resume(path):
                    found[f"{folder.name}/{path.relative_to(folder)}"] = path.read_bytes().decode("latin-1")
                found[f"name of {path}"] = path.name
        return found

    def check(self, said: Mapping[str, str]) -> dict[str, str]:
        """No secret is in anything; all that was searched."""
        texts = {**self.left(), **said}
        assert leaks(texts, SECRETS) == set()
        return texts


def is_kept_for_resume(path: Path) -> bool:
    """Whether a file lies in what a session leaves when it is cut off: nobody else can even list it."""
    return any(one.name.startswith(".pb-") and stat.S_IMODE(one.stat().st_mode) == 0o700 for one in path.parents)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    top = tmp_path_factory.mktemp("canaries")
    for name in ("project", "state", "state/tmp", "target", "target/tmp"):
        (top / name).mkdir()
        (top / name).chmod(0o755)
    with ExitStack() as stack:
        farm = stack.enter_context(sshd_farm(options=(f"SetEnv TMPDIR={top}/target/tmp HOME={top}/target",)))
        target = farm.target(0)
        host = {
            "ansible_host": target.address,
            "ansible_port": target.port,
            "ansible_user": target.user,
            "ansible_ssh_private_key_file": str(farm.key),
            "ansible_ssh_common_args": " ".join(farm.ssh_args()),
        }
        yield Bench(top / "project", top / "state", top / "target", make_project(top / "project", host))


@pytest.fixture(scope="module")
def whole(bench: Bench) -> tuple[Path, dict[str, str]]:
    """The run that says everything in every way, and what it said."""
    log = bench.state / "whole.jsonl"
    code, said = bench.run(*bench.words, "-vvvv", "-D", "--log", str(log))
    assert code == 0, said["screen"][-3000:]
    return log, said


def assert_twins(texts: Mapping[str, str]) -> None:
    assert {(place, form) for place in PLACES for form in FORMS} - found_anywhere(texts, TWINS) == set()


def strings(value: Any) -> Iterator[str]:
    """All text in JSON data."""
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from strings(part)
    elif isinstance(value, str):
        yield value


def test_whatever_tasks_do_with_them(bench: Bench, whole: tuple[Path, dict[str, str]]) -> None:
    """ok, changed, skipped, failed, ignored, rescued, retried, timed out, unreachable; -vvvv and --diff."""
    log, said = whole
    texts = bench.check(said)
    assert_twins(said)
    assert_twins(
        {"log": "\n".join(text for line in log.read_text().splitlines() for text in strings(json.loads(line)))}
    )
    assert "UNREACHABLE" in said["screen"] and "Timed out after 1 second" in said["screen"]
    assert sorted(path.name for path in (bench.target / "tmp").iterdir()) == []
    # The secrets have arrived where they were meant to.
    made = "".join(path.read_text() for path in (bench.project / "out").iterdir())
    assert {place for place, form, _ in leaks({"": made}, SECRETS) if form == "plain"} == set(PLACES)
    assert len(texts) > 5


def test_reports_of_the_log(
    bench: Bench,
    whole: tuple[Path, dict[str, str]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(bench.project)
    made = [f"--{kind}={bench.state}/report.{kind}" for kind in ("html", "junit", "markdown", "sarif")]
    assert main(["log", "report", str(whole[0]), *made]) == 0
    assert [main(["log", action, str(whole[0])]) for action in ("show", "verify")] == [0, 0]
    assert main(["log", "diff", str(whole[0]), str(whole[0])]) == 0
    said = dict(zip(("out", "err"), capsys.readouterr(), strict=True))
    texts = bench.check(said)
    for kind in ("html", "junit"):
        assert found_anywhere({kind: texts[f"state/report.{kind}"]}, TWINS), kind


@pytest.mark.parametrize("words", [("-C", "-D", "-vvvv"), ("--output", "json", "-D")], ids=["check", "json"])
def test_dry_runs_and_other_screens(bench: Bench, words: tuple[str, ...]) -> None:
    code, said = bench.run(*bench.words, *BRIEF, *words, "--log", str(bench.state / f"{words[0]}.jsonl"))
    assert code == 0, said["screen"][-3000:]
    bench.check(said)
    found = {place for place, _ in found_anywhere({"": said["screen"]}, TWINS)}
    assert found >= set(PLACES) - {"output of a hushed task"}


def test_a_plan_and_its_run(bench: Bench) -> None:
    plan = bench.state / "site.plan"
    _, planned = bench.run("plan", *bench.words, *BRIEF, "-o", str(plan))
    bench.check(planned)
    _, applied = bench.run("apply", str(plan))
    bench.check(applied)
    for said in (planned, applied):
        assert found_anywhere(said, TWINS), said


def test_a_disk_that_is_full_in_the_middle(bench: Bench) -> None:
    words = (*bench.words, *BRIEF, "-vv", "-D", "--log", str(bench.state / "full.jsonl"))
    code, said = bench.run_within(FULL_AT_BLOCKS, *words)
    assert code == 8, said
    assert not can_trace() or "execve(" in (bench.state / "started").read_text()
    bench.check(said)
    assert found_anywhere(said, TWINS)


def test_an_interrupt_and_what_goes_on_from_it(bench: Bench) -> None:
    log, before = bench.state / "held.jsonl", set((bench.target / "tmp").iterdir())
    run = bench.start(*bench.words, *BRIEF, "-vvvv", "-e", '{"hold": true}', "--log", str(log))
    until = time.monotonic() + 90
    while time.monotonic() < until and not (log.exists() and HELD.search(log.read_bytes())):
        time.sleep(0.1)
    run.send_signal(signal.SIGINT)
    assert run.wait(100) == 99
    said = {"screen": bench.said.read_text()}
    bench.check(said)
    assert found_anywhere(said, TWINS)
    _, said = bench.run("--resume", str(log), "--indeterminate", "skip", "-vvvv")
    bench.check(said)
    assert found_anywhere(said, TWINS), said
    assert set((bench.target / "tmp").iterdir()) == before


MISTAKES = [
    "{uri: {url: 'http://h/', url_pasword: 'WORD'}}",
    "{uri: {url: 'http://h/', url_password: 'WORD', bogus: 1}}",
    "{uri: {url: 'http://h/', url_password: WORD}, bogus: 1}",
    "{bogus: 1, uri: {url: 'http://h/', url_password: \"WORD\"}}",
    "debug: {msg: 'WORD'}\n      no_log: true\n      bogus: 1",
    "no_log: true\n      debug: {msg: 'WORD', msgg: 1}",
    "{user: {name: x, password: 'WORD', uidd: 1}}",
    "{uri: {url: 'http://me:ADDRESS@h/', bogus: 1}}",
    "{uri: {url: 'http://h/', headers: {Authorization: 'WORD'}, bogus: 1}}",
    "{debug: {msgg: 'WORD'}, no_log: true}",
    "{debug: {msg: 'WORD'}, no_log: true, nolog: 1}",
    "{shell: echo x, environment: {DB_PASSPHRASE: 'WORD'}, bogus: 1}",
    "{mysql_user: {name: x, password: 'WORD', login_password: 'WORD', sate: present}}",
]


@pytest.mark.parametrize("task", MISTAKES)
@pytest.mark.parametrize("word", ["hunter2-S3cret", "longer S3cret / of several words"])
def test_mistakes_beside_a_secret_do_not_quote_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], task: str, word: str
) -> None:
    book = tmp_path / "site.yaml"
    book.write_text(
        f"- hosts: localhost\n  tasks:\n    - {task.replace('WORD', word).replace('ADDRESS', quote(word, safe=''))}\n"
    )
    assert main([str(book), "--syntax-check"]) == 4
    said = "".join(capsys.readouterr())
    assert "site.yaml:" in said and "S3cret" not in said, said
    assert ("********" in said) != ("says no_log" in said)


def test_mistakes_beside_none_quote_the_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    book = tmp_path / "site.yaml"
    line = "- {uri: {url: 'http://h:80/@', password_file: '{{ w }}'}, no_log: false, when: token is defined, bogus: 1}"
    book.write_text(f"- hosts: localhost\n  tasks:\n    {line}\n")
    assert main([str(book), "--syntax-check"]) == 4
    assert f"    {line}\n" in capsys.readouterr().err.replace("        ", "    ")
