"""Questions of `vars_prompt` around a plan: what was answered for it counts, private answers are asked for again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from runner.cli.main import main

BOOK = """\
- hosts: all
  gather_facts: false
  vars_prompt:
    - {name: region, private: false, default: north}
    - {name: pin, default: "4711"}
    - {name: login, default: letmein, encrypt: sha512_crypt}
  tasks:
    - copy: {dest: "{{ home }}/made", content: "{{ region }} {{ pin }} {{ login }}\\n"}
"""
PLAN = ("plan", "site.yaml", "-i", "localhost,", "-c", "local", "-o", "plan.json")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A playbook with questions, and a plan of it whose answers are their defaults, as there is no terminal."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "site.yaml").write_text(BOOK.replace("{{ home }}", str(tmp_path)))
    assert main(PLAN) == 0
    return tmp_path


def test_a_plan_keeps_what_was_shown_and_digests_of_the_rest(project: Path) -> None:
    plan = json.loads((project / "plan.json").read_text())
    (shown,) = plan["answers"].values()
    (hidden,) = plan["private_answers"].values()
    assert shown == {"region": "north"}
    assert set(hidden) == {"pin", "login"}
    assert "4711" not in json.dumps(hidden) and "letmein" not in json.dumps(hidden)


def test_answers_that_are_the_same_are_applied_and_others_are_named(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["apply", "plan.json", "-e", "pin=12 region=south"]) == 3
    said = capsys.readouterr().err
    for name in ("pin", "region"):
        assert f"the question for {name} (vars_prompt): the answer is not the one" in said
    assert "login" not in said and not (project / "made").exists()
    # The hash of a password has a salt: it is that of the plan, so that the same answer is the same text.
    assert main(["apply", "plan.json", "-e", "pin=4711 login=letmein"]) == 0
    made = (project / "made").read_text().split()
    assert made[:2] == ["north", "4711"] and made[2].startswith("$6$")
