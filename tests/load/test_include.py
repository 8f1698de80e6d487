"""Dynamic includes: what the included tasks inherit, and what the include keeps to itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from runner.errors import StepError
from runner.load.defined_names import flat
from runner.load.include import TaskLoader
from runner.model.playbook import Play, Task
from tests.load.trees import play

TEXT = """
    - hosts: all
      tags: p
      tasks:
        - block:
            - include_tasks: {file: sub/t.yml, apply: {tags: [applied], become: yes, when: aw, vars: {av: 1}}}
              when: own
              tags: own
              vars: {iv: 1}
              register: r
          when: outer
          tags: b
          vars: {bv: 1}
          environment: {E: 1}
        - include_role: {name: web, tasks_from: other}
          vars: {port: 1}
          loop: [1, 2]
"""
FILES = {
    "sub/t.yml": "- command: x\n  when: inner\n  tags: t\n- include_tasks: deeper.yml\n  vars: {dv: 1}\n",
    "sub/deeper.yml": "- command: y\n",
    "roles/web/tasks/other.yml": "- command: web\n- include_tasks: more.yml\n",
    "roles/web/tasks/more.yml": "- command: more\n",
    "roles/web/handlers/main.yml": "- {name: h, command: z}\n",
    "roles/web/defaults/main.yml": "d: 1\n",
}


@pytest.fixture
def loaded(tmp_path: Path) -> tuple[Play, Task, Task]:
    found = play(tmp_path, TEXT, FILES)
    tasks, role = flat(found.tasks)
    return found, tasks, role


def test_the_include_itself(loaded: tuple[Play, Task, Task]) -> None:
    _, task, role = loaded
    assert (task.module, task.args) == ("include_tasks", {"file": "sub/t.yml"})
    assert task.apply == {"tags": ["applied"], "become": True, "when": "aw", "vars": {"av": 1}}
    assert [condition.value for condition in task.when] == ["outer", "own"]
    assert task.tags == {"p", "b", "own"}
    assert (role.module, role.args, role.vars) == ("include_role", {"name": "web", "tasks_from": "other"}, {"port": 1})


def test_included_tasks(loaded: tuple[Play, Task, Task]) -> None:
    found, include, _ = loaded
    first, deeper = TaskLoader().tasks("sub/t.yml", include, None, found)
    assert isinstance(first, Task) and isinstance(deeper, Task)
    assert first.tags == {"p", "b", "applied", "t"}
    assert [condition.value for condition in first.when] == ["outer", "aw", "inner"]
    assert first.vars == {"bv": 1, "av": 1}
    assert first.include_params == {"iv": 1}
    assert first.directives.become is True and first.directives.environment == ({"E": 1},)
    (last,) = TaskLoader().tasks("deeper.yml", deeper, None, found)
    assert isinstance(last, Task)
    assert last.include_params == {"iv": 1, "dv": 1}
    assert last.vars == {"bv": 1, "av": 1}


def test_a_loop_variable_given_with_the_include_is_a_parameter(loaded: tuple[Play, Task, Task]) -> None:
    found, include, _ = loaded
    with_item = replace(include, vars={**include.vars, "item": 5})
    first, _ = TaskLoader().tasks("sub/t.yml", with_item, None, found)
    assert isinstance(first, Task)
    assert first.include_params == {"iv": 1, "item": 5}


def test_ids_differ_each_time_and_are_stable(loaded: tuple[Play, Task, Task]) -> None:
    found, include, _ = loaded

    def twice() -> list[str]:
        loader = TaskLoader()
        nodes = [*loader.tasks("sub/t.yml", include, None, found), *loader.tasks("sub/t.yml", include, None, found)]
        return [node.id for node in nodes]

    assert twice() == twice()
    assert len(set(twice())) == 4
    assert include.id not in twice()


def test_included_role(loaded: tuple[Play, Task, Task]) -> None:
    found, _, include = loaded
    loader = TaskLoader()
    brought = loader.role("web", include, found, include.args)
    first, more = flat(brought.tasks)
    assert (first.args, first.include_params) == ({"cmd": "web"}, {"port": 1})
    assert first.role == brought.role and brought.role.defaults == {"d": 1}
    assert [handler.name for handler in flat(brought.handlers)] == ["h"]
    (last,) = loader.tasks("more.yml", more, more.role, found)
    assert isinstance(last, Task) and last.args == {"cmd": "more"} and last.role == brought.role


def test_mistakes_are_step_errors(loaded: tuple[Play, Task, Task], tmp_path: Path) -> None:
    found, include, role = loaded
    with pytest.raises(StepError, match=r"cannot find the task file 'nope\.yml'"):
        TaskLoader().tasks("nope.yml", include, None, found)
    with pytest.raises(StepError, match="cannot find the role 'nope'"):
        TaskLoader().role("nope", role, found)
    (tmp_path / "bad.yml").write_text("- comand: x\n- command: x\n  wehn: y\n  retries: z\n")
    with pytest.raises(StepError, match=r"(?s)'wehn' is not a keyword .*'retries' must be"):
        TaskLoader().tasks("bad.yml", include, None, found)
    (tmp_path / "bad.yml").write_text("- {{ x }}\n")
    loader = TaskLoader()
    for _ in range(2):
        with pytest.raises(StepError, match="without quotes"):
            loader.tasks("bad.yml", include, None, found)
