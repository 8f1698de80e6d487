"""Passwords of connections reach no screen and no log, whether or not a step needs them."""

from pathlib import Path

import pytest

from tests.end_to_end.process import pbrun, write_playbook

BOOK = "- hosts: all\n  tasks: [{shell: 'echo {{ PW }}'}, {debug: {var: PW}}, {fail: {msg: 'no {{ PW }}'}}]\n"
WORD = "Zq9-cret"


@pytest.mark.parametrize(
    ("inventory", "words", "name"),
    [
        ("h ansible_connection=local\n", ("-e", f"ansible_become_password={WORD}"), "ansible_become_password"),
        ("h ansible_connection=local\n", ("-Ce", f'{{"ansible_ssh_pass": "{WORD}"}}'), "ansible_ssh_pass"),
        (f"h ansible_connection=local ansible_password={WORD}\n", (), "ansible_password"),
        (f"h ansible_connection=local\n[all:vars]\nansible_sudo_pass={WORD}\n", (), "ansible_sudo_pass"),
    ],
)
def test_a_password_that_is_printed_is_masked(
    tmp_path: Path, inventory: str, words: tuple[str, ...], name: str
) -> None:
    book = write_playbook(tmp_path / "p.yaml", BOOK.replace("PW", name))
    hosts = write_playbook(tmp_path / "hosts.ini", inventory)
    run = pbrun(tmp_path, book, "-i", hosts, "-vvvv", *words)
    assert run.code == 2, run.told()
    assert "********" in run.out
    assert WORD not in run.out + run.err + "".join(path.read_text() for path in tmp_path.glob("log-*"))
