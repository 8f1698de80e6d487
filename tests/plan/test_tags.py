"""Which tasks `--tags` and `--skip-tags` leave: Ansible's rules, case by case, and a few asked of Ansible itself."""

from __future__ import annotations

import re
import shutil
import subprocess
from itertools import product
from pathlib import Path

import pytest

from tests.plan.graphs import chosen, names, plan

ANSIBLE = shutil.which("ansible-playbook") or "/opt/ansible/bin/ansible-playbook"

TAGS = {
    "none": "[]",
    "x": "[x]",
    "y": "[y]",
    "xy": "[x, y]",
    "always": "[always]",
    "always_x": "[always, x]",
    "never": "[never]",
    "never_x": "[never, x]",
    "both": "[always, never]",
}
SITE = """
- hosts: all
  gather_facts: false
  tasks:
""" + "".join(f"    - {{name: {name}, command: 'true', tags: {tags}}}\n" for name, tags in TAGS.items())


# Recorded from ansible-core 2.19 with --list-tasks.
CASES = [
    ("", "", "none x y xy always always_x both"),
    ("all", "", "none x y xy always always_x both"),
    ("x", "", "x xy always always_x never_x both"),
    ("x,y", "", "x y xy always always_x never_x both"),
    ("tagged", "", "x y xy always always_x both"),
    ("untagged", "", "none always always_x both"),
    ("never", "", "always always_x never never_x both"),
    ("always", "", "always always_x both"),
    ("", "x", "none y always both"),
    ("", "tagged", "none"),
    ("", "untagged", "x y xy always always_x both"),
    ("", "always", "none x y xy"),
    ("", "all", "always always_x both"),
    ("x", "y", "x always always_x never_x both"),
    ("x", "always", "x xy never_x"),
    ("all", "never", "none x y xy always always_x"),
    ("never", "x", "always never both"),
]


def listed(folder: Path, only: str, skip: str) -> list[str]:
    given = {"tags": tuple(only.split(","))} if only else {}
    return list(chosen(plan(folder, SITE, skip_tags=tuple(skip.split(",")) if skip else (), **given)))


@pytest.mark.parametrize(("only", "skip", "left"), CASES)
def test_tags_choose_as_in_ansible(tmp_path: Path, only: str, skip: str, left: str) -> None:
    assert " ".join(listed(tmp_path, only, skip)) == left


def test_a_flush_that_is_not_chosen_takes_its_handlers_along(tmp_path: Path) -> None:
    text = """
    - hosts: all
      gather_facts: false
      tasks:
        - {name: a, command: a, notify: h, tags: x}
        - meta: flush_handlers
        - {name: b, command: b, tags: x}
      handlers: [{name: h, command: h}]
    """
    assert names(plan(tmp_path, text)) == ["a", "|", "[h]", "b", "|", "[h]"]
    assert names(plan(tmp_path, text, tags=("x",))) == ["a", "b", "|", "[h]"]
    assert names(plan(tmp_path, text, tags=("y",))) == []


def test_tags_are_handed_down(tmp_path: Path) -> None:
    text = """
    - hosts: all
      gather_facts: false
      tags: p
      tasks:
        - block:
            - {name: a, command: a, tags: t}
          tags: b
        - {name: c, command: c}
    """
    for tag, left in (("p", ["a", "c"]), ("b", ["a"]), ("t", ["a"]), ("q", [])):
        assert list(chosen(plan(tmp_path, text, tags=(tag,)))) == left


@pytest.mark.ansible
def test_the_recorded_cases_are_what_ansible_says(tmp_path: Path) -> None:
    """Three of them; each asks a fresh process of Ansible."""
    (tmp_path / "site.yml").write_text(SITE)
    for only, skip, left in [CASES[10], CASES[12], CASES[16]]:
        options = (["--tags", only] if only else []) + (["--skip-tags", skip] if skip else [])
        command = [ANSIBLE, "-i", "h1,", str(tmp_path / "site.yml"), "--list-tasks", *options]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert re.findall(r"^ {6}(\w+)\t", done.stdout, re.MULTILINE) == left.split()


def test_every_pair_of_choices_is_planned(tmp_path: Path) -> None:
    for only, skip in product(["all", "x", "tagged", "untagged", "never"], ["", "x", "tagged", "always"]):
        assert set(listed(tmp_path, only, skip)) <= set(TAGS)
