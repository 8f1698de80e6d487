"""synchronize over real ssh: the very connection that the other tasks have, a dry run first, several hosts at once."""

from pathlib import Path

import pytest

from tests.end_to_end.process import pbrun
from tests.sshd_farm import sshd_farm

SITE = """
- hosts: all
  gather_facts: false
  tasks:
    - name: push
      ansible.posix.synchronize: {src: site/, dest: "~/my www", delete: true}
      register: pushed
    - name: what came
      ansible.builtin.command: {cmd: cat "my www/sub/b c"}
      register: came
    - name: pull
      ansible.posix.synchronize: {src: "~/my www/a", dest: "back/{{ inventory_hostname }}/", mode: pull}
    - name: on the host itself
      ansible.posix.synchronize: {src: "my www/", dest: copy}
      delegate_to: "{{ inventory_hostname }}"
    - name: as Ansible registers it
      ansible.builtin.assert:
        that: [pushed.rc == 0, came.stdout == "two" or ansible_check_mode]
"""


@pytest.mark.sshd
def test_there_and_back(tmp_path: Path) -> None:
    (tmp_path / "site/sub").mkdir(parents=True)
    (tmp_path / "site/a").write_text("one\n")
    (tmp_path / "site/sub/b c").write_text("two\n")
    (tmp_path / "site.yaml").write_text(SITE)
    (tmp_path / "back").mkdir()
    with sshd_farm(hosts=2, homes=True) as farm:
        (tmp_path / "hosts.ini").write_text("\n".join(farm.inventory_lines()) + "\n")
        words = (str(tmp_path / "site.yaml"), "-i", str(tmp_path / "hosts.ini"))
        homes = [farm.folder / "homes" / address for address in farm.addresses]
        dry = pbrun(tmp_path, *words, "--check")
        assert not [home for home in homes if (home / "my www").exists()], dry.told()
        first = pbrun(tmp_path, *words)
        assert first.code == 0, first.told()
        assert [(home / "my www/a").read_text() for home in homes] == ["one\n", "one\n"]
        assert [(home / "copy/sub/b c").read_text() for home in homes] == ["two\n", "two\n"]
        assert len(list((tmp_path / "back").rglob("a"))) == 2
        again = pbrun(tmp_path, *words)
        assert again.changed() == 2, again.told()  # the command
