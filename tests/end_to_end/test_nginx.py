"""A real nginx under a real systemd, set up, checked, changed and reloaded by a playbook, on a throw-away clone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.clones import clone, door
from tests.end_to_end.process import pbrun, write_playbook
from tests.sshd_farm import missing

pytestmark = [pytest.mark.root, pytest.mark.sshd]

PLAYBOOK = """\
- hosts: all
  gather_facts: false
  vars: {port: 8080, more: ""}
  handlers:
    - name: reload nginx
      ansible.builtin.service: {name: nginx, state: reloaded}
  tasks:
    - name: the folder of the site
      ansible.builtin.file: {path: /srv/www, state: directory, owner: www-data, mode: "0755"}
    - name: its page
      ansible.builtin.copy:
        content: "hello from {{ inventory_hostname }}\\n"
        dest: /srv/www/index.html
        owner: www-data
    - name: the site that Debian brings
      ansible.builtin.file: {path: /etc/nginx/sites-enabled/default, state: absent}
      notify: reload nginx
    - name: the configuration, which nginx itself checks
      ansible.builtin.template:
        src: nginx.conf.j2
        dest: /etc/nginx/nginx.conf
        mode: "0644"
        backup: true
        validate: nginx -t -c %s
      notify: reload nginx
    - name: it runs, now and at the next boot
      ansible.builtin.service: {name: nginx, state: started, enabled: true}
    - ansible.builtin.meta: flush_handlers
    - name: it answers
      ansible.builtin.uri: {url: "http://127.0.0.1:{{ port }}/", return_content: true}
      register: page
      retries: 20
      delay: 0.2
      until: page.status == 200
      check_mode: "{{ ansible_check_mode }}"
    - ansible.builtin.assert: {that: page.content == 'hello from ' ~ inventory_hostname ~ '\\n'}
      when: not ansible_check_mode
"""
TEMPLATE = """\
# {{ ansible_managed }}
user www-data;
pid /run/nginx.pid;
events { worker_connections 64; }
http {
    access_log off;
{{ more }}
    server { listen 127.0.0.1:{{ port }}; root /srv/www; }
}
"""


def test_a_site_on_a_real_nginx(tmp_path: Path) -> None:
    if absent := missing("nginx"):
        pytest.skip(f"needs {absent[0]}")
    playbook = write_playbook(tmp_path / "site.yaml", PLAYBOOK)
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "nginx.conf.j2").write_text(TEMPLATE)
    with clone(systemd=True) as machine, door(machine) as farm:
        hosts = tmp_path / "hosts"
        hosts.write_text("\n".join([*farm.inventory_lines(), ""]))
        machine.run("systemctl", "disable", "--now", "nginx", check=False)
        words = (playbook, "-i", str(hosts))

        dry = pbrun(tmp_path, *words, "--check")
        assert dry.code == 0, dry.told()
        assert machine.run("sh", "-c", "ls -d /srv/www; pgrep nginx", check=False) == ""

        first = pbrun(tmp_path, *words)
        assert first.code == 0, first.told()
        promised = [result["task"] for result in dry.results(status="changed", final=True)]
        assert promised == [line["task"] for line in first.results(status="changed", final=True)], dry.told()
        assert machine.run("systemctl", "is-enabled", "nginx") == "enabled\n"

        second = pbrun(tmp_path, *words)
        assert (second.code, second.changed()) == (0, 0), second.told()

        pid = machine.run("cat", "/run/nginx.pid")
        moved = pbrun(tmp_path, *words, "-e", "port=8081", "--diff")
        assert moved.code == 0, moved.told()
        assert [line["task"] for line in moved.results(status="changed", final=True)] == [
            "the configuration, which nginx itself checks",
            "reload nginx",
        ]
        assert machine.run("cat", "/run/nginx.pid") == pid, "reloaded, not started anew"

        before = machine.run("cat", "/etc/nginx/nginx.conf")
        wrong = pbrun(tmp_path, *words, "-e", "port=8081", "-e", "more=nonsense")
        assert wrong.code == 2, wrong.told()
        (refused,) = wrong.results(status="failed", final=True)
        assert "nonsense" in refused["msg"] + refused["stderr"], wrong.told()
        assert machine.run("cat", "/etc/nginx/nginx.conf") == before
