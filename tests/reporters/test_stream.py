"""A screen that is gone, full or narrow in letters does not stop a run."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TextIO

import pytest

from runner.journal import line
from runner.model.settings import Settings
from runner.registry import load, names
from runner.reporters import ReporterContext, Stream, context_for, default_name
from tests.reporters.runs import records, shown

REPORTERS = names("reporters")


def test_all_reporters_are_found() -> None:
    assert {"plain", "live", "json"} <= set(REPORTERS)


@pytest.mark.parametrize("name", REPORTERS)
def test_a_broken_pipe_is_nothing_to_a_run(name: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as out, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w") as err:
        reporter = load("reporters", name).create(ReporterContext(out, err, line))
        for record in records():
            reporter.see(record)
        reporter.close()


@pytest.mark.parametrize("name", REPORTERS)
def test_a_full_disk_and_a_closed_stream_are_nothing_to_a_run(name: str, tmp_path: Path) -> None:
    closed = (tmp_path / "closed").open("w")
    closed.close()
    for out in (Path("/dev/full").open("w"), closed):  # noqa: SIM115
        reporter = load("reporters", name).create(ReporterContext(out, io.StringIO(), line))
        for record in records():
            reporter.see(record)
        reporter.close()


SCRIPT = """
import sys
from tests.reporters.runs import ReporterContext, line, load, records
r = load("reporters", "plain").create(ReporterContext(sys.stdout, sys.stderr, line))
for n in range(300):
    for record in records():
        r.see(record)
r.close()
print("done", file=sys.stderr)
"""


def test_a_reader_that_leaves_gets_no_traceback() -> None:
    command = [sys.executable, "-c", SCRIPT]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert run.stdout and run.stderr
    run.stdout.readline()
    run.stdout.close()
    told = run.stderr.read()
    run.stderr.close()
    assert run.wait() == 0
    assert told.endswith("done\n") and "Traceback" not in told and "BrokenPipe" not in told


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_letters_that_the_terminal_does_not_have_are_escaped(encoding: str) -> None:
    raw = io.BytesIO()
    stream = Stream(io.TextIOWrapper(raw, encoding=encoding))
    stream.line("a … 漢")
    assert raw.getvalue() == b"a \\u2026 \\u6f22\n"


def test_json_is_the_logs_lines_to_the_byte() -> None:
    assert shown("json")[0].encode() == b"".join(line(record) for record in records())
    assert [json.loads(row)["seq"] for row in shown("json")[0].splitlines()] == list(range(len(records())))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("out", "environ", "settings", "colour", "name"),
    [
        (Terminal(), {"TERM": "xterm"}, Settings(), True, "live"),
        (Terminal(), {"TERM": "xterm", "NO_COLOR": "1"}, Settings(), False, "live"),
        (Terminal(), {"TERM": "xterm", "CI": "true"}, Settings(), True, "plain"),
        (Terminal(), {"TERM": "dumb"}, Settings(), False, "plain"),
        (Terminal(), {}, Settings(), False, "plain"),
        (io.StringIO(), {"TERM": "xterm"}, Settings(), False, "plain"),
        (io.StringIO(), {}, Settings(force_color=True), True, "plain"),
        (Terminal(), {"TERM": "xterm"}, Settings(nocolor=True), False, "live"),
    ],
)
def test_what_a_screen_gets(out: TextIO, environ: dict[str, str], settings: Settings, colour: bool, name: str) -> None:
    context = context_for(out, io.StringIO(), line, environ, verbosity=2, settings=settings)
    assert (context.colour, default_name(context, environ), context.verbosity) == (colour, name, 2)
    assert context.width >= 79
