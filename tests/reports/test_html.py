"""The HTML page: its structure, that nothing in it can break out, its size; and in Chromium, where there is one."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import subprocess
import time
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from benchmarks.report_picture import records
from runner.history import gathered
from runner.model.call import Status
from runner.model.event import TaskResult
from runner.model.quick import replace
from runner.reports.budget import BUDGETS, Texts
from runner.reports.html import page
from runner.reports.path import critical_path
from tests.reports import hostile

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
LIMIT = 5_000_000


class Elements(HTMLParser):
    """What elements a page has, with their attributes and the text right in them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None], str]] = []
        self._inside = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs), ""))
        self._inside = True

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002
        self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            tag, attrs, text = self.found[-1]
            self.found[-1] = (tag, attrs, text + data)

    def named(self, name: str) -> list[tuple[dict[str, str | None], str]]:
        return [(attrs, text) for tag, attrs, text in self.found if tag == name]


def data_of(text: str) -> dict[str, Any]:
    [found] = [text for attrs, text in Elements(text).named("script") if attrs.get("id") == "data"]
    made: dict[str, Any] = json.loads(found)
    return made


def test_nothing_hostile_becomes_an_element_or_a_character_that_is_not_seen() -> None:
    text = page(hostile.run())
    elements = Elements(text)
    assert [attrs for attrs, _text in elements.named("script")] == [{"type": "application/json", "id": "data"}, {}]
    assert not elements.named("img")
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2028\u2029\ud800-\udfff\ufffe]", text)
    assert "<!--" not in text
    said = json.dumps(data_of(text), ensure_ascii=False)
    assert "</script><script>alert(1)</script>" in said and "\\\\u202eevil" in said and "@@DATA@@" in said


def test_the_page_loads_nothing_and_only_its_own_script_and_style_run() -> None:
    elements = Elements(page(hostile.run()))
    [policy] = [
        str(a["content"]) for a, _ in elements.named("meta") if a.get("http-equiv") == "Content-Security-Policy"
    ]
    rules = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    for name, [text] in (
        ("style", [text for _, text in elements.named("style")]),
        ("script", [text for attrs, text in elements.named("script") if not attrs]),
    ):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert rules[f"{name}-src"] == f"'sha256-{digest}'"
    for tag, attrs, _text in elements.found:
        assert not attrs.keys() & {"src", "style", "onload", "onclick", "action"}, tag
        assert tag != "link" and (tag != "a" or str(attrs["href"]).startswith("#"))
    scripts = [text for attrs, text in elements.named("script") if not attrs]
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|fetch\(|https?:", scripts[0])


def test_the_same_log_gives_the_same_bytes() -> None:
    assert page(gathered(records(5, 9))) == page(gathered(records(5, 9)))


def test_failures_stand_together_with_what_helps() -> None:
    found = data_of(page(gathered(records(50, 12))))
    failed, lost = found["failures"]
    assert failed[1:4] == ["app : Check the configuration", "command", "roles/app/tasks/main.yaml:23:3"]
    assert len(failed[4]) == 6 and found["states"][failed[5]] == "failed" and failed[7] == 2
    assert [found["texts"][number].split("\n")[0] for number in failed[8:12]] == [
        "non-zero return code", "app check --all",
        'configuration: line 12: unknown directive "worker_conections"', "checking…",
    ]  # fmt: skip
    assert found["states"][lost[5]] == "unreachable" and [found["hosts"][n] for n in lost[4]] == ["app26.example.com"]


def test_a_run_that_was_killed_tells_of_what_it_had_sent() -> None:
    found = data_of(page(hostile.run()))
    states = [found["states"][failure[5]] for failure in found["failures"]]
    assert sorted(states) == ["failed", "failed", "may have run", "unreachable"]
    killed = gathered(record for record in records(1, 1) if record.event.type != "run_end")
    assert "broken off" in page(killed)


def test_twenty_five_thousand_results_make_a_small_page_soon() -> None:
    """Each with output of its own that is as long as a screen."""
    run = gathered(
        replace(record, event=replace(event, stdout=f"{event.host} {event.task_id}: {'words ' * 200}\n"))
        if isinstance(event := record.event, TaskResult)
        else record
        for record in records(500, 52)
    )
    assert sum(1 for _ in run.results()) > 25_000
    began = time.process_time()
    text = page(run)
    assert time.process_time() - began < 20
    assert len(text.encode()) < LIMIT
    found = data_of(text)
    assert len(found["rows"]["t"]) > 25_000
    assert any("characters are in the log" in text for text in found["texts"])


def test_texts_are_stored_once_and_cut_as_little_as_needed() -> None:
    texts = Texts()
    first, second = texts.number("output", "x" * 70_000), texts.number("output", "y")
    assert texts.number("output", "y") == second and texts.number("diff", "") == 0
    table = texts.table()
    assert len(table) == 3 and table[second] == "y"
    assert "[… 4464 more characters are in the log …]" in table[first]
    for number in range(5000):
        texts.number("output", f"{number} " + "<" * 1000)
    assert sum(len(json.dumps(text).replace("<", "\\u003c")) for text in texts.table()) < BUDGETS["output"] + 4


def test_the_critical_path_follows_who_was_waited_for() -> None:
    def step(task: str, host: str, start: float, end: float) -> TaskResult:
        return TaskResult("p", task, task, host, "command", Status.OK, start=start, end=end)

    results = [
        step("one", "a", 1, 2), step("one", "b", 1, 6),
        step("two", "a", 6.01, 9), step("two", "b", 6.01, 7), step("never", "b", 0, 0),
    ]  # fmt: skip
    path = critical_path(results, 0.5)
    assert [(results[leg.index].task, results[leg.index].host) for leg in path] == [("one", "b"), ("two", "a")]
    assert [round(leg.waited_s, 2) for leg in path] == [0.5, 0.01]
    assert critical_path([], 0.0) == []


@pytest.mark.skipif(CHROMIUM is None, reason="cannot be seen without Chromium")
def test_chromium_shows_it(tmp_path: Path) -> None:
    """The script runs under the page's own rules, and what is hostile stays text."""
    html = tmp_path / "report.html"
    html.write_text(page(hostile.run()))
    words = [
        str(CHROMIUM),
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        f"--user-data-dir={tmp_path}/home",
        "--enable-logging=stderr",
    ]
    shown = subprocess.run(
        [*words, "--virtual-time-budget=2000", "--dump-dom", html.as_uri()],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert "CONSOLE" not in shown.stderr, shown.stderr
    elements = Elements(shown.stdout)
    assert not elements.named("img") and len(elements.named("script")) == 2
    sections = {str(attrs["id"]) for attrs, _text in elements.named("section") if "hidden" not in attrs}
    assert sections == {"failures", "timeline", "path", "slow", "hosts", "diffs", "notices", "results"}
    assert "&lt;img src=x onerror=alert(1)&gt;" in shown.stdout and "4 results of" not in shown.stdout
