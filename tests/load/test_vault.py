"""Encrypted files and values while a playbook is loaded: where they may stand, and what is said where they may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.cli.main import main
from tests.vault.sealing import inline, seal, write

HOSTS = "h1 ansible_connection=local\n"


def said(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str
) -> tuple[int, str]:
    """Exit code and output of a run in `folder`."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))
    code = main(["p.yaml", "-i", "hosts", "--vault-password-file", "pw", *words])
    return code, "".join(capsys.readouterr())


def task(lines: str) -> str:
    return f"- hosts: h1\n  gather_facts: false\n  tasks:\n    - debug: {{msg: it ran}}\n      {lines}\n"


@pytest.mark.parametrize(
    ("book", "code", "wanted"),
    [
        (f"- hosts: {inline('h1', 10)}  gather_facts: false\n  tasks: [debug: {{msg: it ran}}]\n", 0, "it ran"),
        (task(f"ignore_errors: {inline('true', 10)}"), 0, "it ran"),
        (task(f"delegate_to: {inline('h1', 10)}"), 0, "it ran"),
        (task(f"loop: {inline('x', 10)}"), 2, "must resolve to a 'list'"),
        (task(f"when: {inline('true', 10)}"), 4, "a condition cannot be encrypted"),
        (task(f"vars: {inline('true', 10)}"), 4, "'vars' must be a table"),
        (task("vars: {a: !vault [x]}"), 4, "!vault goes with text only"),
        (task("vars: {a: !vault plain}"), 4, "what follows !vault is not vault data"),
        (f"- hosts: h1\n  roles:\n    - {inline('no-such', 8)}", 4, "cannot find the role '********'"),
        (f"- import_playbook: {inline('x.yaml', 8)}", 4, "cannot find the playbook"),
        (f"- import_playbook: {'x' * 5000}", 4, "cannot find the playbook"),
        (f"- hosts: h1\n  tasks:\n    - import_tasks: {inline('t.yaml', 8)}", 0, "imported"),
        (f"- hosts: h1\n  tasks:\n    - include_tasks: {inline('t.yaml', 8)}", 0, "imported"),
        (f"- hosts: h1\n  gather_facts: false\n  tasks:\n    - shell: {inline('exit 7', 8)}", 2, "rc=7"),
        (f"- hosts: h1\n  gather_facts: false\n  vars_files:\n    - {inline('v.yaml', 8)}  tasks: []\n", 0, ""),
        (seal("- hosts: h1\n  gather_facts: false\n  tasks: [debug: {msg: it ran}]\n"), 0, "it ran"),
        (seal("[]\n"), 4, "the playbook is empty"),
        (seal("- hosts: h1\n", password="other"), 4, "p.yaml is encrypted, and no secret opens it"),
    ],
)
def test_where_it_may_stand(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    book: str,
    code: int,
    wanted: str,
) -> None:
    files = {
        "p.yaml": book,
        "hosts": HOSTS,
        "t.yaml": "- {name: imported, debug: {msg: x}}\n",
        "v.yaml": seal("a: 1\n"),
    }
    write(tmp_path, files)
    found, text = said(tmp_path, monkeypatch, capsys)
    assert found == code, text
    assert wanted in text, text


def test_files_of_hosts_that_do_not_run_need_no_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    play = "- hosts: {}\n  gather_facts: false\n  tasks: [{{debug: {{msg: x}}}}]\n"
    book = play.format("h1") + play.format("h2")
    shut = seal("a: 1\n", password="other")
    files = {"p.yaml": book, "hosts": HOSTS + "h2\nh3\n", "host_vars/h3.yml": shut, "group_vars/none.yml": shut}
    write(tmp_path, files)
    assert said(tmp_path, monkeypatch, capsys)[0] == 0
    write(tmp_path, {"host_vars/h2/x.yml": shut})
    code, text = said(tmp_path, monkeypatch, capsys)
    assert code == 4 and "host_vars/h2/x.yml:1:1: is encrypted" in text
    assert said(tmp_path, monkeypatch, capsys, "-l", "h1")[0] == 0
    assert said(tmp_path, monkeypatch, capsys, "--list-hosts")[0] == 0
    assert said(tmp_path, monkeypatch, capsys, "--syntax-check")[0] == 0
