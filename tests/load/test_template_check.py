"""Templates and conditions that cannot work whatever the variables are."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.load.template_check import HINT, check_templates
from runner.model.inventory import FileVars, Group, Host, Inventory
from runner.model.span import Span
from runner.model.values import Template
from runner.template.templar import Templar
from tests.load.trees import load_playbooks, told, write

WRONG = Template("{{ x | nofilter }}", Span("hosts.ini", 3, 9))


def found(folder: Path, text: str, others: dict[str, str] | None = None, group: object = "") -> list[str]:
    write(folder, {"site.yml": text, **(others or {})})
    playbook, _ = load_playbooks([str(folder / "site.yml")])
    inventory = Inventory({"h": Host("h", {})}, {"all": Group("all", {"v": group})}, FileVars({}, {}))
    problems = check_templates(playbook, inventory, {}, Templar())
    assert {problem.level for problem in problems} <= {"warning"}
    return [told(problem, folder) for problem in problems]


@pytest.mark.parametrize(
    ("task", "message"),
    [
        ("debug: {msg: '{{ x | nofilter }}'}", "no filter named 'nofilter'"),
        ("debug: {msg: '{{ x '}", "'{{' is never closed"),
        ("{debug: {msg: a}, loop: '{{ [1 }}'}", "expected"),
        ("{debug: {msg: a}, when: 1 +}", "unexpected"),
        ("{debug: {msg: a}, until: x is notest}", "notest"),
        ("{command: x, changed_when: x = 1}", "compare with"),
        ("{command: x, environment: {A: '{{ . }}'}}", "unexpected"),
        ("assert: {that: [1 == 1, x ==]}", "unexpected"),
        ("{block: [{ping: }, {debug: {msg: '{{ a b }}'}}]}", "expected token"),
    ],
)
def test_a_task_that_cannot_work(tmp_path: Path, task: str, message: str) -> None:
    (line,) = found(tmp_path, f"- hosts: all\n  tasks:\n    - {task}\n")
    assert line.startswith("site.yml:3:")
    assert message in line
    assert HINT in line


def test_files_that_are_included_and_variables_of_groups(tmp_path: Path) -> None:
    text = (
        "- hosts: all\n  vars: {a: '{{ b. }}'}\n  tasks: [{include_tasks: more.yml}, {include_tasks: '{{ c }}.yml'}]\n"
    )
    others = {"more.yml": "- debug: {msg: '{% if %}'}\n"}
    assert [line.partition(": ")[0] for line in found(tmp_path, text, others, WRONG)] == [
        "site.yml:2:13",
        "hosts.ini:3:9",
    ]
    text = text.replace(", {include_tasks: '{{ c }}.yml'}", "")
    assert [line.partition(": ")[0] for line in found(tmp_path, text, others)] == ["more.yml:1:16", "site.yml:2:13"]


@pytest.mark.parametrize(
    "task",
    [
        "{debug: {msg: '{{ x }} }}'}, when: '{{ x }}'}",
        "{debug: {msg: '{{ x | default(omit) }}'}, when: [x is defined, true]}",
        "{assert: {that: '{{ checks }}'}}",
        "{command: x, changed_when: false, failed_when: 'r.rc not in [0, 1]', register: r}",
        "{debug: {msg: '{% raw %}{{ .Names }}{% endraw %}'}}",
    ],
)
def test_what_works(tmp_path: Path, task: str) -> None:
    assert found(tmp_path, f"- hosts: all\n  tasks:\n    - {task}\n") == []
