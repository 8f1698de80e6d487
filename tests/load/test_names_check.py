"""Variables that no source can define."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.load.names_check import check_names
from runner.model.inventory import FileVars, Group, Host, Inventory
from runner.model.values import Template
from runner.template.templar import Templar
from tests.load.trees import load_playbooks, told, write

INVENTORY = Inventory(
    {"h": Host("h", {"port": 1})},
    {"all": Group("all", {"from_group": Template("{{ lost_in_group }}")})},
    FileVars({"all": {"from_file": 1}}, {"h": {"from_host_file": 1}}),
)


def found(folder: Path, text: str, others: dict[str, str] | None = None) -> list[str]:
    write(folder, {"site.yml": text, **(others or {})})
    playbook, _ = load_playbooks([str(folder / "site.yml")])
    return [told(problem, folder) for problem in check_names(playbook, INVENTORY, {"extra": 1}, Templar())]


def in_tasks(folder: Path, tasks: str, others: dict[str, str] | None = None) -> list[str]:
    indented = "".join(f"    {line}\n" for line in tasks.strip("\n").splitlines())
    return [line.partition(": ")[2] for line in found(folder, f"- hosts: all\n  tasks:\n{indented}", others)]


def test_message_place_and_hint(tmp_path: Path) -> None:
    text = "- hosts: all\n  tasks:\n    - debug:\n        msg: '{{ prot }} {{ port }}'\n"
    assert found(tmp_path, text) == ["site.yml:4:14: the variable 'prot' is defined nowhere | did you mean 'port'?"]


@pytest.mark.parametrize(
    "task",
    [
        "- debug: msg={{ lost }}",
        "- {command: x, when: lost == 1}",
        "- {command: x, when: [port == 1, lost]}",
        "- {command: x, register: r, until: lost}",
        "- {command: x, loop: '{{ lost }}'}",
        "- {command: x, delegate_to: '{{ lost }}'}",
        "- {command: x, environment: {A: '{{ lost }}'}}",
        "- {command: x, become_user: '{{ lost }}'}",
        "- {assert: {that: [lost]}}",
        "- debug: var=lost.x",
        "- {debug: 'msg={{ v }}', vars: {v: '{{ lost }}'}}",
        "- {name: 'about {{ lost }}', ping: }",
        "- debug: msg={{ port | combine(lost) }}",
        "- debug: msg={{ 'x' if lost else 'y' }}",
        "- {debug: 'msg={{ item }}{{ lost }}', loop: [1]}",
    ],
)
def test_lost(task: str, tmp_path: Path) -> None:
    (line,) = in_tasks(tmp_path, task)
    assert line.startswith("the variable 'lost' is defined nowhere")


@pytest.mark.parametrize(
    "task",
    [
        "- debug: msg={{ port }}{{ from_file }}{{ from_host_file }}{{ extra }}",
        "- debug: msg={{ inventory_hostname }}{{ groups.all }}{{ hostvars[x].y if x is defined }}{{ omit }}",
        "- debug: msg={{ ansible_anything }}{{ ansible_facts.os_family }}",
        "- {debug: 'msg={{ lost }}', when: lost is defined}",
        "- {debug: 'msg={{ lost.a.b }}', when: lost.a is defined and lost.a.b}",
        "- debug: msg={{ lost | default('x') }}{{ lost2.a | d(1) }}{{ (lost3['x']) | default(omit) }}",
        "- debug: msg={{ 'lost' }}{{ port.lost }}{{ port | lost }}",
        "- {debug: 'msg={{ item }}', loop: [1]}",
        "- {debug: 'msg={{ x }}{{ i }}', loop: [1], loop_control: {loop_var: x, index_var: i}}",
        "- debug: msg={% for a in groups.all %}{{ a }}{{ loop.index }}{% endfor %}{% set b = 1 %}{{ b }}",
        "- set_fact: {sf: 1}\n- debug: msg={{ sf }}",
        "- {command: x, register: r}\n- debug: msg={{ r.stdout }}",
        "- add_host: {name: new, color: red}\n- debug: msg={{ color }}",
        "- debug: msg={{ lookup('env', 'HOME') }}{{ range(3) | list }}{{ query('items', [1]) }}",
        "- {debug: 'msg={{ own }}', vars: {own: 1}}",
        "- include_vars: known.yml\n- debug: msg={{ known }}",
        "- include_vars: {file: known.yml, name: box}\n- debug: msg={{ box.known }}",
        "- include_vars: '{{ port }}.yml'\n- debug: msg={{ lost }}",
        "- include_tasks: '{{ port }}.yml'\n- debug: msg={{ lost }}",
        "- include_tasks: inc.yml\n  vars: {p: 1}\n- debug: msg={{ from_inc }}",
        "- set_fact: {'{{ port }}': 1}\n- debug: msg={{ lost }}",
    ],
)
def test_not_lost(task: str, tmp_path: Path) -> None:
    others = {"known.yml": "known: 1\n", "inc.yml": "- {command: x, register: from_inc}\n- debug: msg={{ p }}\n"}
    assert in_tasks(tmp_path, task, others) == []


def test_what_plays_and_roles_define(tmp_path: Path) -> None:
    text = """
        - hosts: all
          vars: {a: 1}
          vars_files: [v.yml]
          vars_prompt: [{name: c, prompt: x}]
          roles: [{role: r, e: 1}]
          tasks:
            - debug: msg={{ a }}{{ b }}{{ c }}{{ d }}{{ e }}{{ f }}
            - debug: msg={{ g }}
    """
    others = {
        "v.yml": "b: 1\n",
        "roles/r/defaults/main.yml": "d: 1\n",
        "roles/r/vars/main.yml": "f: 1\n",
        "roles/r/tasks/main.yml": "- debug: msg={{ e }}{{ role_path }}\n",
    }
    (line,) = found(tmp_path, text, others)
    assert "'g'" in line


def test_variables_are_followed_to_their_definitions(tmp_path: Path) -> None:
    own = "{a: '{{ b }}', b: '{{ lost }}', unused: '{{ nobody }}'}"
    text = f"- hosts: all\n  vars: {own}\n  tasks:\n    - debug: msg={{{{ a }}}}\n"
    (line,) = found(tmp_path, text)
    assert line.startswith("site.yml:2:27: the variable 'lost' is defined nowhere")
    (line,) = in_tasks(tmp_path, "- debug: msg={{ from_group }}")
    assert "'lost_in_group'" in line


def test_template_files(tmp_path: Path) -> None:
    text = "- hosts: all\n  tasks:\n    - template: src=t.j2 dest=/tmp/t\n"
    body = "{% for v in [1] %}{{ v }}{% endfor %}\n{% if x is defined %}{{ x }}{% endif %}\nport {{ prot }}\n"
    (line,) = found(tmp_path, text, {"templates/t.j2": body})
    assert line == "templates/t.j2:3:6: the variable 'prot' is defined nowhere | did you mean 'port'?"
