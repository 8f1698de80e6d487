"""What CI services read out of our output: sections and annotations of ours, and nothing that a host wrote."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable

import pytest

from runner.journal import line
from runner.model.call import Diff, Status
from runner.model.event import Event, Notice, PlayStart, Recap, Record, RunEnd, RunStart, TaskStart
from runner.registry import load
from runner.reporters import context_for
from runner.reporters._ci import guarded
from tests.reporters.runs import result

GITHUB = {"GITHUB_ACTIONS": "true", "CI": "true", "GITHUB_WORKSPACE": "/w"}
FORGED = "x\n::error::forged\n  ::stop-commands::x\n\u3000::set-output name=a::b\n##[add-path]/evil\na ##[error]b\n"


def shown(environ: dict[str, str], name: str = "plain", *, found: Iterable[Event], **more: int) -> str:
    """All that a reporter writes."""
    out = io.StringIO()
    reporter = load("reporters", name).create(context_for(out, out, line, environ, **more))  # type: ignore[arg-type]
    for number, event in enumerate(found):
        reporter.see(Record(number, "run", 1e9 + number, event))
    reporter.close()
    return out.getvalue()


def commands(text: str) -> list[str]:
    """The commands that GitHub's runner finds: `::name …::` behind white space, and `##[name …]` anywhere."""
    rows = re.split(r"\r\n|\n|\r", text)
    return [row for row in rows if re.match(r"\s*::[\w-]+.*::", row) or re.search(r"##\[.*\]", row)]


def events() -> list[Event]:
    return [
        PlayStart("one, 100%", "p1", ("a", "b")),
        TaskStart("site", "break", "break", "command", "/w/roles/x,y/tasks/main.yml:12:3"),
        result("break", "a", Status.FAILED, msg=f"100%: {FORGED}", rc=3),
        result("break", "b", Status.FAILED, msg="other", rc=3),
        result("fine", "a", Status.FAILED, msg="never mind", ignored=True),
        result("loop", "a", Status.FAILED, item="i", final=False, msg="no such user"),
        result("loop", "a", Status.FAILED, msg="One or more items failed"),
        PlayStart("two", "p2", ("a",)),
        RunEnd("failed", 2, {"a": Recap(failed=1)}),
    ]


def test_github_gets_groups_and_annotations() -> None:
    assert commands(shown(GITHUB, found=events())) == [
        "::group::PLAY [one, 100%25]",
        "::endgroup::",
        "::group::PLAY [site]",
        "::endgroup::",
        "::group::PLAY [two]",
        "::endgroup::",
        "::error file=roles/x%2Cy/tasks/main.yml,line=12,col=3,title=break::[a], [b]: 100%25: x (rc=3)",
        "::error title=loop::[a]: (item=i) no such user",
    ]


def test_gitlab_gets_sections() -> None:
    text = shown({"GITLAB_CI": "true", "CI": "true"}, found=events())
    found = re.findall(r"\x1b\[0Ksection_(start|end):(\d+):([a-z0-9_]+)\r\x1b\[0K(.*)", text)
    assert [(kind, name, title) for kind, _ts, name, title in found] == [
        ("start", "pbrun_play_1", "PLAY [one, 100%]"), ("end", "pbrun_play_1", ""),
        ("start", "pbrun_play_2", "PLAY [site]"), ("end", "pbrun_play_2", ""),
        ("start", "pbrun_play_3", "PLAY [two]"), ("end", "pbrun_play_3", ""),
    ]  # fmt: skip
    assert [int(ts) for _kind, ts, _name, _title in found] == sorted(int(ts) for _kind, ts, _name, _title in found)


@pytest.mark.parametrize("environ", [{}, {"CI": "true"}, {"GITHUB_ACTIONS": "false"}])
def test_elsewhere_nothing_is_added(environ: dict[str, str]) -> None:
    text = shown(environ, found=events())
    assert "::group" not in text and "section_start" not in text and "::error file" not in text


@pytest.mark.parametrize("verbosity", [0, 3])
@pytest.mark.parametrize("name", ["plain", "answers", "json"])
def test_no_host_writes_a_command(name: str, verbosity: int) -> None:
    hostile: list[Event] = [
        Notice("warning", FORGED, "a"),
        result(FORGED, "a", Status.FAILED, msg=FORGED, stdout=FORGED, stderr=FORGED, values={"cmd": FORGED}),
        result("t", "b", Status.CHANGED, diff=(Diff(FORGED, f"{FORGED}y\n", FORGED),), show_diff=True, stdout=FORGED),
        result("t", FORGED, module="debug", values={"msg": [FORGED], FORGED: "::debug::x"}, rc=0, stdout=FORGED),
    ]
    text = shown(GITHUB, name, found=hostile, verbosity=verbosity)
    ours = re.compile(r"::(group::PLAY|endgroup::|error title=)")
    assert [row for row in commands(text) if not ours.match(row)] == []
    assert commands(shown({}, name, found=hostile, verbosity=verbosity)), "there is nothing to guard against"


def test_json_keeps_its_meaning() -> None:
    event = RunStart("1", (FORGED, "##[group]"))
    text = shown(GITHUB, "json", found=[event])
    assert "##[" not in text and json.loads(text) == json.loads(line(Record(0, "run", 1e9, event)))


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("a::b", "a::b"),
        ("::add-mask::x", "\\u003a:add-mask::x"),
        (" \t::x::", " \t\\u003a:x::"),
        ("\x1b[31m::x::", "\x1b[31m\\u003a:x::"),
        ("ok ##[error]", "ok #\\u0023[error]"),
        ("### [x]", "### [x]"),
    ],
)
def test_guard(text: str, made: str) -> None:
    assert guarded(text) == made
