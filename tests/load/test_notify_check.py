"""A notification that can reach nobody is found before the run; one that may reach a handler is let through."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.load.notify_check import check_notifications
from tests.load.trees import load_playbooks

PLAY = """\
- hosts: all
  tasks:
    - {name: go, command: "true", notify: "NAME"}
    - {name: include, include_role: {name: r}}
  handlers:
    - {name: restart web, command: "true", listen: [topic]}
HANDLER"""


def found(folder: Path, name: str, handler: str = "") -> list[tuple[str, str]]:
    role = folder / "roles" / "r" / "handlers"
    role.mkdir(parents=True)
    (role / "main.yml").write_text("- {name: of role, command: 'true'}\n")
    (folder / "site.yaml").write_text(PLAY.replace("NAME", name).replace("HANDLER", handler))
    playbook, _ = load_playbooks([str(folder / "site.yaml")])
    return [(problem.message, problem.hint) for problem in check_notifications(playbook, {})]


@pytest.mark.parametrize("name", ["restart web", "topic", "of role", "r : of role", "{{ inventory_hostname }}"])
def test_found_or_not_known(tmp_path: Path, name: str) -> None:
    assert found(tmp_path, name) == []


def test_nobody(tmp_path: Path) -> None:
    expected = "no handler is named 'restart wbe' or listens to it"
    assert found(tmp_path, "restart wbe") == [(expected, "did you mean 'restart web'?")]


def test_a_templated_name_may_be_any(tmp_path: Path) -> None:
    assert found(tmp_path, "restart db", "    - {name: 'restart {{ it }}', command: 'true'}\n") == []
