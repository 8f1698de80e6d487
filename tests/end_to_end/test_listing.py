"""`--list-…` and `--syntax-check` print what ansible-playbook prints, and connect to none."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.end_to_end.process import pbrun

INVENTORY = """
all:
  children:
    web: {hosts: {web2: , web1: }}
    db: {hosts: {db1: }}
  vars: {ansible_host: 127.0.0.1, ansible_port: 1}
"""

SITE = """
- name: First
  hosts: web:db
  tags: [p1]
  pre_tasks:
    - name: pre
      debug: {msg: hi}
      tags: x
  roles:
    - {role: r1, tags: fromrole}
  tasks:
    - debug: {msg: hi}
    - name: named
      ansible.builtin.command: echo
      tags: [z, b]
      notify: h
    - name: blk
      tags: blk
      block:
        - name: in block
          debug:
        - name: never one
          debug:
          tags: never
      rescue:
        - name: in rescue
          debug:
      always:
        - name: in always
          debug:
    - meta: flush_handlers
    - include_tasks: more.yaml
    - import_tasks: more.yaml
  handlers:
    - name: h
      debug:
- hosts: [web, db1]
  tasks:
    - name: second
      debug:
- import_playbook: other.yaml
- hosts: nope
  tasks: [{debug: {}}]
"""

OTHER = "- name: Other\n  hosts: all\n  gather_facts: true\n  tasks: [{debug: {}, tags: [always]}]\n"
MORE = "- debug:\n- name: more\n  debug:\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("listing")
    (made / "roles" / "r1" / "tasks").mkdir(parents=True)
    (made / "roles" / "r1" / "tasks" / "main.yml").write_text("- name: role task\n  debug:\n- debug:\n")
    for name, text in (("hosts.yaml", INVENTORY), ("site.yaml", SITE), ("other.yaml", OTHER), ("more.yaml", MORE)):
        (made / name).write_text(text)
    return made


def in_order(text: str) -> str:
    """Ansible prints the hosts of a play and its own tags from a set, so in no certain order; here they are sorted."""
    blocks = re.sub(
        r"(?:^      \w+\n)+", lambda found: "".join(sorted(found[0].splitlines(True))), text + "\n", flags=re.MULTILINE
    )
    return blocks.rstrip("\n")


def ansible_playbook() -> str:
    return shutil.which("ansible-playbook") or "/opt/ansible/bin/ansible-playbook"


@pytest.mark.ansible
@pytest.mark.parametrize(
    "flags",
    [
        "--list-hosts",
        "--list-tasks",
        "--list-tags",
        "--syntax-check",
        "--list-hosts --list-tasks --list-tags",
        "--list-tasks --tags z",
        "--list-tasks --tags never",
        "--list-tasks --skip-tags z,tagged",
        "--list-tags --tags x",
        "--list-hosts -l web1",
        "--list-hosts -l web:!web1",
    ],
)
def test_the_same_as_ansible(folder: Path, tmp_path: Path, flags: str) -> None:
    words = ["-i", "hosts.yaml", "site.yaml", "other.yaml", *flags.split()]
    theirs = subprocess.run([ansible_playbook(), *words], capture_output=True, text=True, cwd=folder, check=True)
    ours = pbrun(tmp_path, *words, cwd=folder, logs=False)
    assert ours.code == 0, ours.told()
    assert in_order(ours.out) == in_order(theirs.stdout)
    assert not (tmp_path / "pbrun").exists(), "looking leaves no trace"
