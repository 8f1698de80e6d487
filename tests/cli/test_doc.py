"""`pbrun doc`: every module has a page, as text and as JSON; names are found as everywhere."""

from __future__ import annotations

import json
import re

import pytest
import yaml

from benchmarks import coverage
from runner.cli import doc_text
from runner.cli.main import main
from runner.registry import collection, names

MODULES = names("modules")


@pytest.mark.parametrize("name", MODULES)
def test_a_page_says_all_of_the_definition(name: str) -> None:
    page = doc_text.page(name)
    assert page.startswith(f"{collection('modules', name)}.{name}".upper())
    flat = re.sub(r"\s+", " ", page)
    for option, about in doc_text.spec(name).options.items():
        assert f" {option} (" in flat
        assert re.sub(r"\s+", " ", about.doc) in flat
        assert all(doc_text.shown(word) in flat for word in (*about.choices, *about.aliases))
    assert all(len(line) <= doc_text.WIDTH for line in page.splitlines() if " " in line.strip())


@pytest.mark.parametrize("name", MODULES)
def test_an_example_is_a_list_of_tasks_with_the_module(name: str) -> None:
    tasks = yaml.safe_load(doc_text.spec(name).example)
    assert tasks
    assert any(f"{collection('modules', name)}.{name}" in task for task in tasks)


def test_json_and_lists_are_whole(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doc", "--list", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found) == len(MODULES)
    assert found["ansible.builtin.copy"]["options"]["dest"] == {
        "type": "path",
        "required": True,
        "doc": "Where it goes; a folder when it ends with `/`.",
    }
    assert main(["doc", "--list", "include_"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert {line.split()[0] for line in lines} == {
        f"ansible.builtin.include_{what}" for what in ("role", "tasks", "vars")
    }


def test_names_may_be_short_or_qualified(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doc", "ansible.builtin.copy", "ansible.legacy.file", "stat"]) == 0
    assert re.findall(r"^ANSIBLE\S+", capsys.readouterr().out, re.MULTILINE) == [
        "ANSIBLE.BUILTIN.COPY",
        "ANSIBLE.BUILTIN.FILE",
        "ANSIBLE.BUILTIN.STAT",
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["copi"], "there is no module 'copi' (did you mean 'copy'?)"),
        (["foo.bar.copy"], "there is no module 'foo.bar.copy' (did you mean 'ansible.builtin.copy'?)"),
        (["--list", "zzz"], "no module has 'zzz' in its name"),
        ([], "name a module, or use --list"),
    ],
)
def test_what_is_not_there_is_told(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doc", *words]) == 5
    assert said in capsys.readouterr().err


def test_the_readme_does_not_promise_more_modules_than_there_are() -> None:
    counts = coverage.counted()
    promised = re.search(r"all \d+ counted \| [\d,]+ \| ([\d.]+)%", coverage.README.read_text(encoding="utf-8"))
    assert promised
    assert float(promised[1]) <= round(coverage.share(list(counts), counts) * 100, 1)
