"""Plays, blocks and tasks: keywords, inheritance, actions in all their spellings, ids."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from runner.load.defined_names import flat
from runner.model.playbook import Block, Condition, Loop, Prompt, Task
from runner.model.span import Span
from runner.model.values import Template
from tests.load.trees import load, play, tasks


def only(folder: Path, text: str, **options: Any) -> Task:
    (task,) = tasks(folder, text, **options)
    return task


@pytest.mark.parametrize(
    ("text", "module", "args"),
    [
        ("- command: echo hi chdir=/tmp", "command", {"cmd": "echo hi", "chdir": "/tmp"}),
        ("- ansible.builtin.command: {cmd: x}", "command", {"cmd": "x"}),
        ("- ansible.legacy.ping:", "ping", {}),
        ("- copy: src=a dest='b c'", "copy", {"src": "a", "dest": "b c"}),
        ("- action: copy src=a dest=b", "copy", {"src": "a", "dest": "b"}),
        ("- action: {module: copy, src: a, dest: b}", "copy", {"src": "a", "dest": "b"}),
        ("- action: ping", "ping", {}),
        ("- {command: uptime, args: {chdir: /x}}", "command", {"cmd": "uptime", "chdir": "/x"}),
        ("- {command: uptime chdir=/y, args: {chdir: /x}}", "command", {"cmd": "uptime", "chdir": "/y"}),
        ("- meta: flush_handlers", "meta", {"free_form": "flush_handlers"}),
        ('- debug: "{{ given }}"', "debug", {"_variable_params": "{{ given }}"}),
        ('- {debug: , args: "{{ given }}"}', "debug", {"_variable_params": "{{ given }}"}),
        ("- shell: |\n    a=1\n    echo $a", "shell", {"cmd": "a=1\necho $a\n"}),
        ("- no.such.module: x=1 y", "no.such.module", {"x": "1", "_raw_params": "y"}),
    ],
)
def test_actions(tmp_path: Path, text: str, module: str, args: dict[str, Any]) -> None:
    task = only(tmp_path, text)
    assert (task.module, dict(task.args)) == (module, args)


def test_templates_in_arguments_know_their_place(tmp_path: Path) -> None:
    first, second = tasks(tmp_path, "- debug: msg={{ a }}\n- command: echo {{ a }} chdir={{ b }}")
    assert type(first.args["msg"]) is Template and first.args["msg"].span.column == 14
    assert second.args["chdir"].span == Span(str(tmp_path / "site.yml"), 4, 29)


def test_local_action_runs_on_localhost(tmp_path: Path) -> None:
    task = only(tmp_path, "- local_action: command echo hi")
    assert (task.delegate_to, task.module, task.args) == ("localhost", "command", {"cmd": "echo hi"})


def test_inheritance(tmp_path: Path) -> None:
    text = """
        - hosts: web
          become: true
          become_user: app
          user: deploy
          tags: p
          environment: {A: 1, B: 1}
          vars: {x: play}
          module_defaults: {file: {mode: '0600'}}
          tasks:
            - block:
                - command: x
                  when: [c, d]
                  tags: [t, "u, v"]
                  vars: {x: task}
                  become: false
                  environment: {B: 3}
              when: b
              tags: b
              vars: {x: block, y: block}
              environment: [{B: 2}]
              delegate_to: other
              no_log: true
    """
    found = play(tmp_path, text)
    (task,) = flat(found.tasks)
    assert task.directives.become is False
    assert (task.directives.become_user, task.directives.remote_user) == ("app", "deploy")
    assert task.directives.environment == ({"A": 1, "B": 1}, {"B": 2}, {"B": 3})
    assert task.directives.no_log is True
    assert task.directives.module_defaults == ({"file": {"mode": "0600"}},)
    assert task.tags == {"p", "b", "t", "u", "v"}
    assert [condition.value for condition in task.when] == ["b", "c", "d"]
    assert task.vars == {"x": "task", "y": "block"}
    assert task.delegate_to == "other"
    assert found.vars == {"x": "play"}
    assert found.directives.become is True


def test_blocks_have_three_lists(tmp_path: Path) -> None:
    text = """
        - hosts: all
          tasks:
            - name: all of it
              block: [{command: a}]
              rescue: [{command: b}]
              always: [{block: [{command: c}]}]
    """
    (block,) = play(tmp_path, text).tasks
    assert isinstance(block, Block) and block.name == "all of it"
    assert [task.args["cmd"] for task in flat([block])] == ["a", "b", "c"]
    assert isinstance(block.always[0], Block)


def test_conditions(tmp_path: Path) -> None:
    task = only(
        tmp_path,
        """
        - command: x
          when: [true, "a is defined", '{{ b }}', 1]
          changed_when: false
          failed_when: []
          until: r.rc == 0
          retries: 3
          delay: 2
          register: r
        """,
    )
    assert [condition.value for condition in task.when] == [True, "a is defined", "b", "1"]
    assert task.changed_when is not None and task.changed_when[0].value is False
    assert task.failed_when == ()
    assert (task.retries, task.delay_s, task.register) == (3, 2, "r")
    assert task.until == (Condition("r.rc == 0", Span(str(tmp_path / "site.yml"), 7, 14)),)


def test_loops(tmp_path: Path) -> None:
    first, second, third = tasks(
        tmp_path,
        """
        - {command: x, loop: [1, 2]}
        - {command: x, with_first_found: ["a", "{{ b }}"]}
        - command: x
          loop: "{{ things }}"
          loop_control: {loop_var: thing, index_var: i, label: "{{ thing }}", pause: 1, extended: yes,
                         break_when: thing == 1}
        """,
    )
    assert first.loop == Loop("loop", [1, 2], span=first.loop.span if first.loop else Span(""))
    assert second.loop is not None and (second.loop.kind, second.loop.items) == ("first_found", ["a", "{{ b }}"])
    loop = third.loop
    assert loop is not None and isinstance(loop.items, Template)
    assert (loop.loop_var, loop.index_var, loop.label, loop.pause_s) == ("thing", "i", "{{ thing }}", 1)
    assert loop.extended is True and loop.break_when[0].value == "thing == 1"


def test_play_keywords(tmp_path: Path) -> None:
    text = """
        - name: p
          hosts: [web, "db:!db1"]
          gather_facts: no
          gather_subset: ["!all"]
          serial: [1, "20%"]
          strategy: free
          order: sorted
          max_fail_percentage: 30
          force_handlers: true
          any_errors_fatal: true
          vars_files: [a.yml, [b.yml, c.yml]]
          needs: []
          vars_prompt:
            - {name: secret, prompt: "Password?", private: yes, confirm: yes}
        - hosts: web
        - hosts: "{{ target }}"
          needs: p
    """
    (first, second, third), _ = load(tmp_path, {"site.yml": text})
    assert first.hosts == ["web", "db:!db1"]
    assert (first.gather_facts, first.gather_subset, first.serial) == (False, ("!all",), (1, "20%"))
    assert (first.strategy, first.order, first.max_fail_percentage) == ("free", "sorted", 30)
    assert (first.force_handlers, first.directives.any_errors_fatal) == (True, True)
    assert first.vars_files == ("a.yml", ["b.yml", "c.yml"])
    (prompt,) = first.vars_prompt
    assert prompt == Prompt("secret", "Password?", confirm=True, span=prompt.span)
    assert (first.needs, second.needs, third.needs) == ((), None, ("p",))
    assert isinstance(third.hosts, Template) and second.name == "web"


def test_handlers(tmp_path: Path) -> None:
    text = """
        - hosts: all
          handlers:
            - {name: restart, command: x, listen: [a, b]}
            - import_tasks: more.yml
          tasks:
            - {command: x, notify: [restart, other]}
            - {command: x, notify: restart, needs: first}
    """
    found = play(tmp_path, text, {"more.yml": "- {name: other, command: y}\n"})
    first, second = (handler for handler in found.handlers if isinstance(handler, Task))
    assert (first.listen, second.name) == (("a", "b"), "other")
    one, two = flat(found.tasks)
    assert (one.notify, two.notify, two.needs) == (("restart", "other"), ("restart",), ("first",))


def test_import_playbook_hands_down(tmp_path: Path) -> None:
    files = {
        "site.yml": "- import_playbook: '{{ which }}.yml'\n  when: c\n  tags: t\n  vars: {v: 1}\n",
        "sub.yml": "- hosts: all\n  tags: own\n  vars: {v: 2, w: 2}\n  tasks: [{command: x, when: d}]\n",
    }
    (found,), _ = load(tmp_path, files, extra_vars={"which": "sub"})
    (task,) = flat(found.tasks)
    assert found.vars == {"v": 1, "w": 2} and found.tags == {"t", "own"}
    assert [condition.value for condition in task.when] == ["c", "d"]
    assert task.tags == {"t", "own"}


def test_import_tasks_hands_down_and_follows_folders(tmp_path: Path) -> None:
    files = {
        "sub/a.yml": "- import_tasks: b.yml\n",
        "sub/b.yml": "- command: b\n- import_tasks: c.yml\n",
        "c.yml": "- command: c\n",
    }
    text = "- import_tasks: sub/a.yml\n  when: w\n  tags: t\n  vars: {v: 1}\n  become: yes\n"
    found = tasks(tmp_path, text, files)
    assert [task.args["cmd"] for task in found] == ["b", "c"]
    for task in found:
        assert task.vars == {"v": 1}
        assert task.tags == {"t"}
        assert task.directives.become is True
        assert [condition.value for condition in task.when] == ["w"]


def test_names_of_imports_may_use_variables(tmp_path: Path) -> None:
    text = """
        - hosts: all
          vars: {which: "{{ base }}_b", base: a}
          tasks: [{import_tasks: "{{ which }}.yml"}]
    """
    (task,) = flat(play(tmp_path, text, {"a_b.yml": "- command: x\n"}).tasks)
    assert task.args == {"cmd": "x"}


def test_ids_are_stable_and_unique(tmp_path: Path) -> None:
    text = "- command: a\n- command: a\n- import_tasks: t.yml\n- import_tasks: t.yml\n"
    others = {"t.yml": "- command: a\n"}
    first = [task.id for task in tasks(tmp_path, text, others)]
    assert len(set(first)) == 4
    renamed = text.replace("- command: a", "- name: new\n  command: a", 1)
    assert [task.id for task in tasks(tmp_path, renamed, others)] == first


def test_every_file_read_is_hashed(tmp_path: Path) -> None:
    from tests.load.trees import load_playbooks

    load(tmp_path, {"site.yml": "- hosts: all\n  tasks: [{import_tasks: t.yml}]\n", "t.yml": "- ping:\n"})
    playbook, _ = load_playbooks([str(tmp_path / "site.yml")])
    assert {Path(path).name for path in playbook.files} == {"site.yml", "t.yml"}
    assert all(len(sha256) == 64 for sha256 in playbook.files.values())


def test_variables_beside_the_playbook(tmp_path: Path) -> None:
    text = "- hosts: all\n"
    found = play(tmp_path, text, {"group_vars/all.yml": "a: 1\n", "host_vars/h.yml": "b: 2\n"})
    assert found.beside_playbook.groups == {"all": {"a": 1}}
    assert found.beside_playbook.hosts == {"h": {"b": 2}}
