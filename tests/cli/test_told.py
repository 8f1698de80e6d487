"""What a run tells its user: messages that are data, names of plays, and patterns that match nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.cli.main import main

PLAYBOOK = """\
- hosts: localhost
  gather_facts: false
  tasks:
    - {name: list, debug: {msg: [one, "{{ [1, true] }}"]}}
    - {name: nothing, debug: {msg: "{{ none }}"}}
    - {name: no text, debug: {msg: ""}}
    - {name: forty-two, debug: {msg: {answer: 42}}}
    - group_by: {key: made}
- {name: "for {{ groups.all[0] }}", hosts: made, gather_facts: false, tasks: [{debug: {msg: in a group that was made}}]}
- {hosts: "maid:made", gather_facts: false, tasks: []}
- {hosts: "all:!maid", gather_facts: false, tasks: []}
"""


def told(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str
) -> tuple[int, str, str]:
    (place / "site.yaml").write_text(PLAYBOOK)
    (place / "hosts").write_text("localhost ansible_connection=local\n")
    monkeypatch.chdir(place)
    monkeypatch.setenv("HOME", str(place))
    code = main(["site.yaml", "-i", "hosts", "--log", "log.jsonl", *words])
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def test_a_message_that_is_no_text_is_shown_as_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = told(tmp_path, monkeypatch, capsys)
    assert code == 0
    assert '"msg": [\n        "one",\n        [\n            1,\n            true\n        ]\n    ]' in out
    assert '"msg": null' in out
    assert '"msg": ""' in out
    assert '"msg": {\n        "answer": 42\n    }' in out


def test_a_pattern_is_matched_when_its_play_begins_and_told_of_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = told(tmp_path, monkeypatch, capsys)
    assert "PLAY [for localhost] ***" in out
    assert "PLAY [all:!maid] ***" in out
    assert "in a group that was made" in out
    warnings = [row for row in err.splitlines() if "WARNING" in row]
    assert warnings == ["[WARNING]: Could not match supplied host pattern, ignoring: maid (did you mean 'made'?)"]
    assert code == 0


def test_groups_that_a_play_makes_are_no_mistake_even_where_unknown_ones_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ANSIBLE_HOST_PATTERN_MISMATCH", "error")
    code, out, _ = told(tmp_path, monkeypatch, capsys)
    assert "in a group that was made" in out
    assert code == 0
    monkeypatch.setenv("ANSIBLE_HOST_PATTERN_MISMATCH", "error")
    assert told(tmp_path, monkeypatch, capsys, "-l", "all:nobody")[0] == 1
