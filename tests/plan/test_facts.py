"""Facts are gathered in front of a play that reads some, through whatever it reads them; not otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from runner.model.plan import Kind
from runner.model.values import Template
from tests.plan.graphs import plan, plans


def gathers(folder: Path, tasks: str, keywords: str = "", **more: Any) -> bool:
    text = f"- hosts: all\n  {keywords or 'vars: {}'}\n  tasks:\n    {tasks}\n"
    return any(node.kind is Kind.FACTS for node in plan(folder, text, **more).nodes)


READERS = [
    '- command: "echo {{ ansible_os_family }}"',
    '- command: "echo {{ ansible_facts.os_family }}"',
    "- command: \"echo {{ ansible_facts['os_family'] }}\"",
    "- {command: x, when: ansible_distribution == 'Debian'}",
    "- {command: x, until: ansible_distribution == 'Debian'}",
    "- {command: x, changed_when: ansible_distribution == 'Debian'}",
    "- {debug: {var: ansible_hostname}}",
    '- {assert: {that: "ansible_hostname == 1"}}',
    '- {command: x, loop: "{{ ansible_mounts }}"}',
    '- {command: x, environment: {A: "{{ ansible_env.HOME }}"}}',
    '- {command: x, notify: "restart {{ ansible_service_mgr }}"}',
    "- {block: [{block: [{command: x, when: ansible_system}]}]}",
]


@pytest.mark.parametrize("task", READERS)
@pytest.mark.parametrize("strategy", ["linear", "dag"])
def test_a_play_that_reads_facts_gathers_them(tmp_path: Path, task: str, strategy: str) -> None:
    assert gathers(tmp_path, task, strategy=strategy)
    assert not gathers(tmp_path, task, "gather_facts: false", strategy=strategy)


@pytest.mark.parametrize(
    "task",
    [
        "- command: echo",
        '- command: "echo {{ inventory_hostname }} {{ ansible_host }} {{ ansible_user }} {{ ansible_check_mode }}"',
        '- command: "echo {{ ansible_play_hosts }} {{ ansible_loop.index }} {{ ansible_version.full }}"',
        "- {template: {src: a.j2, dest: /a}}",
        '- {set_fact: {ansible_mine: 1}}\n    - command: "echo {{ ansible_mine }}"',
    ],
)
@pytest.mark.parametrize("strategy", ["linear", "dag"])
def test_one_that_reads_none_does_not(tmp_path: Path, task: str, strategy: str) -> None:
    assert not gathers(tmp_path, task, strategy=strategy)


def test_facts_are_found_through_variables_that_are_defined_with_others(tmp_path: Path) -> None:
    through = {"a": Template("{{ b }}"), "b": [{"c": Template("x{{ ansible_fqdn }}")}], "unused": Template("{{ a }}")}
    assert gathers(tmp_path, '- command: "echo {{ a }}"', group_vars=through)
    assert not gathers(tmp_path, '- command: "echo {{ d }}"', group_vars=through)


def test_names_of_variable_files_may_read_facts(tmp_path: Path) -> None:
    assert gathers(tmp_path, "- command: x", 'vars_files: ["{{ ansible_os_family }}.yml"]')


def test_facts_that_a_later_play_reads_of_other_hosts_are_gathered_where_they_can_be(tmp_path: Path) -> None:
    text = """
    - hosts: all
      tasks: [{command: a}]
    - hosts: all
      gather_facts: false
      tasks: [{command: "echo {{ hostvars.h1.ansible_fqdn }}"}]
    - hosts: all
      tasks: [{command: c}]
    """
    made = plans(tmp_path, text)
    assert [any(node.kind is Kind.FACTS for node in one.nodes) for one in made.plays] == [True, False, False]
