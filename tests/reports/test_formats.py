"""JUnit, Markdown and SARIF: what they say, that readers can read them, and that nobody can write into them."""

from __future__ import annotations

import json
import re
from typing import Any
from xml.etree import ElementTree

import pytest

from benchmarks.report_picture import records
from runner.history import Run, gathered
from runner.model.call import Status
from runner.model.event import Event, PlayStart, Record, RunEnd, RunStart, TaskResult, TaskStart
from runner.reports.junit import junit
from runner.reports.markdown import LIMIT, code, fence, markdown
from runner.reports.sarif import sarif
from runner.reports.words import cut, place
from tests.reports import hostile

# What Jenkins' junit-10.xsd allows: the attributes of each element (those behind | are required) and what may be in it.
JUNIT: dict[str, tuple[set[str], set[str], set[str]]] = {
    "testsuites": ({"name", "time", "tests", "failures", "errors"}, set(), {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors", "skipped", "time", "timestamp"},
        {"name", "tests"},
        {"testcase"},
    ),
    "testcase": (
        {"name", "classname", "time"},
        {"name", "time"},
        {"skipped", "error", "failure", "system-out", "system-err"},
    ),
    "failure": ({"message", "type"}, set(), set()),
    "error": ({"message", "type"}, set(), set()),
    "skipped": ({"message"}, set(), set()),
    "system-out": (set(), set(), set()),
    "system-err": (set(), set(), set()),
}


def conforms(element: ElementTree.Element) -> None:
    allowed, required, inside = JUNIT[element.tag]
    assert required <= set(element.keys()) <= allowed
    assert all(re.fullmatch(r"\d+", element.get(name, "0")) for name in ("tests", "failures", "errors", "skipped"))
    assert re.fullmatch(r"\d+\.\d{3}", element.get("time", "0.000"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d|", element.get("timestamp", ""))
    for child in element:
        assert child.tag in inside
        conforms(child)


@pytest.mark.parametrize("run", [hostile.run(), gathered(records(3, 12))], ids=["hostile", "usual"])
def test_junit_keeps_to_the_schema(run: Run) -> None:
    root = ElementTree.fromstring(junit(run))
    conforms(root)
    for suite in root:
        for name, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.get(name, "")) == len(list(suite.iter(tag)))
    named = [(case.get("classname"), case.get("name")) for case in root.iter("testcase")]
    assert len(set(named)) == len(named)


def test_junit_says_what_went_wrong() -> None:
    root = ElementTree.fromstring(junit(gathered(records(3, 12))))
    assert (root.get("name"), root.get("failures"), root.get("errors")) == ("site.yaml", "2", "1")
    case = next(case for case in root.iter("testcase") if case.find("failure") is not None)
    assert case.attrib["name"] == "[app1.example.com] app : Check the configuration"
    assert case.attrib["classname"] == "roles/app/tasks/main.yaml"
    said = "".join(case.find("failure").itertext())  # type: ignore[union-attr]
    assert "unknown directive" in said and "rc: 2" in said and "\\x1b[0m" in said


def outside_code(text: str) -> str:
    """What of a Markdown text is neither in a fence nor in a code span or element."""
    kept, end = [], ""
    for row in text.split("\n"):
        ticks = re.fullmatch(r"(`{3,})[^`]*", row)
        if end:
            end = "" if row == end else end
        elif ticks:
            end = ticks[1]
        else:
            kept.append(row)
    assert not end, "a fence is not closed"
    rest = re.sub(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", "", "\n".join(kept))
    return re.sub(r"<code>.*?</code>", "", rest)


def test_in_markdown_everything_foreign_is_code() -> None:
    text = markdown(hostile.run())
    rest = outside_code(text)
    assert "@everyone" in text
    for forged in ("@everyone", "<script", "<img", "](http", "# head", "evil"):
        assert forged not in rest, rest
    assert text.count("<details>") == text.count("</details>") == rest.count("<details>")
    assert "## " in rest and "### Failures" in rest and "### What would change" in rest


@pytest.mark.parametrize(
    ("text", "made"), [("a", "`a`"), ("a`b", "`` a`b ``"), ("a\nb|c", "`a ⏎ b\\|c`"), ("", "`  `")]
)
def test_code_spans(text: str, made: str) -> None:
    assert code(text) == made


def test_fences_are_longer_than_what_is_in_them() -> None:
    assert fence("a\n````\nb") == "`````\na\n````\nb\n`````\n"


def test_markdown_fits_into_a_comment_and_says_what_does_not() -> None:
    text = markdown(gathered(records(400, 30)))
    assert len(text.encode()) <= LIMIT
    assert re.search(r"_Left out here.*: \d+ changes", text)
    assert "### Failures" in text and "| 400 |" in text
    assert "Left out" not in markdown(gathered(records(3, 12)))


def drift() -> Run:
    """A dry run that would change one thing on two hosts."""
    events: list[Event] = [
        RunStart("0.1.0", ("site.yaml", "--check"), cwd="/srv/infra", check=True, git={"commit": "a" * 40, "remote": "https://x.example/r"}),
        PlayStart("p", "p1", ("a", "b")),
        TaskStart("p", "Set [it]", "t1", "lineinfile", "/srv/infra/roles/x y/tasks/main.yml:7:3"),
        *(TaskResult("p", "Set [it]", "t1", host, "lineinfile", Status.CHANGED, changed=True) for host in ("a", "b")),
        TaskStart("p", "Run", "t2", "command", "/elsewhere/t.yml:2:1"),
        TaskResult("p", "Run", "t2", "a", "command", Status.SKIPPED, prediction="unknown"),
    ]  # fmt: skip
    return gathered(Record(number, "r1", 1e9, event) for number, event in enumerate(events))


def test_sarif_tells_drift_where_the_task_stands() -> None:
    document: dict[str, Any] = json.loads(sarif(drift(), "/srv/infra/"))
    [run] = document["runs"]
    assert document["version"] == "2.1.0" and document["$schema"].endswith("sarif-schema-2.1.0.json")
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    first, second = run["results"]
    assert [(one["ruleId"], one["level"]) for one in run["results"]] == [("lineinfile", "warning"), ("command", "note")]
    assert all(rules[one["ruleIndex"]] == one["ruleId"] for one in run["results"])
    assert first["message"]["text"] == "'Set \\[it\\]' would change something on a, b."
    assert first["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "roles/x%20y/tasks/main.yml", "uriBaseId": "%SRCROOT%"},
                "region": {"startLine": 7},
            }
        }
    ]
    assert second["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": "file:///elsewhere/t.yml"}
    assert run["versionControlProvenance"] == [{"repositoryUri": "https://x.example/r", "revisionId": "a" * 40}]


def test_sarif_of_a_run_that_was_no_dry_run_has_failures_alone() -> None:
    [run] = json.loads(sarif(gathered(records(3, 12)), ""))["runs"]
    assert [(one["level"], one["properties"]["state"]) for one in run["results"]] == [
        ("error", "failed"),
        ("error", "unreachable"),
    ]


@pytest.mark.parametrize("make", [junit, markdown, lambda run: sarif(run, "")], ids=["junit", "markdown", "sarif"])
def test_no_character_is_unseen_and_the_same_log_gives_the_same_bytes(make: Any) -> None:
    text = make(hostile.run())
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2028\u2029\ud800-\udfff\ufffe]", text)
    assert make(hostile.run()) == text


@pytest.mark.parametrize(
    ("path", "base", "found"),
    [
        ("/a/b/c.yml:3:5", "/a", ("b/c.yml", 3)),
        ("/ab/c.yml:3:5", "/a", ("/ab/c.yml", 3)),
        ("./b/../c.yml:12", "/a", ("c.yml", 12)),
        ("/a/c.yml", "/", ("a/c.yml", 1)),
        ("", "/a", ("", 1)),
    ],
)
def test_places(path: str, base: str, found: tuple[str, int]) -> None:
    assert place(path, base) == found


def test_a_run_that_was_resumed_says_how_long_it_took_in_all() -> None:
    events: list[Event] = [RunStart("1", ()), RunEnd("ok", 0, {}, 2.0)]
    run = gathered(Record(number, "r", 1e9 + 90 * number, event) for number, event in enumerate(events))
    assert "2.00 s since it was resumed, 1 min 30 s in all" in markdown(run)


def test_a_cut_text_keeps_both_ends() -> None:
    assert cut("abcdefghij", 4) == "abc\n[… 6 more characters are in the log …]\nj"
    assert cut("abcd", 4) == "abcd"
