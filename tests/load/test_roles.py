"""Roles: where they are found, what they bring, in which order, and how often they run."""

from __future__ import annotations

from pathlib import Path

from runner.load.defined_names import flat
from runner.model.playbook import Role, Task
from runner.model.settings import Settings
from tests.load.trees import play

MAIN = "tasks/main.yml"


def commands(nodes: object) -> list[str]:
    return [task.args["cmd"] for task in flat(nodes)]  # type: ignore[arg-type]


def role_of(task: Task) -> Role:
    assert task.role is not None
    return task.role


def test_what_a_role_brings(tmp_path: Path) -> None:
    use = "{role: web, port: 80, http_port: 81, vars: {v: use}, when: c, tags: t, become: 1}"
    text = f"- hosts: all\n  roles:\n    - {use}\n"
    files = {
        f"roles/web/{MAIN}": "- command: x\n  when: d\n",
        "roles/web/defaults/main.yml": "d: 1\n",
        "roles/web/vars/main/a.yml": "v: 1\nw: 1\n",
        "roles/web/vars/main/b.yml": "w: 2\n",
        "roles/web/handlers/main.yml": "- {name: h, command: y}\n",
    }
    found = play(tmp_path, text, files)
    (task,) = flat(found.roles)
    role = role_of(task)
    assert (role.name, role.path) == ("web", str(tmp_path / "roles/web"))
    assert role.defaults == {"d": 1}
    assert role.vars == {"v": "use", "w": 2}
    assert role.params == {"http_port": 81}
    assert task.directives.port == 80
    assert [condition.value for condition in task.when] == ["c", "d"]
    assert task.tags == {"t"}
    assert [handler.name for handler in flat(found.handlers)] == ["h"]
    assert found.public_roles == (role,)


def test_dependencies_run_first(tmp_path: Path) -> None:
    text = "- hosts: all\n  roles: [a, b, {role: base, x: 2}, a]\n"
    files = {
        "roles/a/meta/main.yml": "dependencies: [{role: base, x: 1, tags: dep}]\n",
        "roles/b/meta/main.yml": "dependencies: [{role: base, x: 1, tags: dep}, c]\n",
        **{f"roles/{name}/{MAIN}": f"- command: {name}\n" for name in ("a", "b", "c", "base")},
        "roles/base/defaults/main.yml": "z: 1\n",
        "roles/a/defaults/main.yml": "y: 1\n",
    }
    found = play(tmp_path, text, files)
    assert commands(found.roles) == ["base", "a", "base", "c", "b", "base", "base", "a"]
    base, a, *_ = flat(found.roles)
    assert base.tags == {"dep"} and role_of(base).uses[0] == role_of(a).uses[0]
    assert [Path(step).name for step in role_of(base).chain] == ["base", "a"]
    assert role_of(base).params == {"x": 1}
    assert role_of(a).defaults == {"z": 1, "y": 1}
    assert role_of(base).defaults == {"y": 1, "z": 1}


def test_a_role_stays_when_the_earlier_use_may_not_run(tmp_path: Path) -> None:
    text = "- hosts: all\n  roles: [{role: a, when: c}, {role: b, tags: t}, b]\n"
    files = {
        "roles/a/meta/main.yml": "dependencies: [base]\n",
        "roles/b/meta/main.yml": "dependencies: [base]\n",
        **{f"roles/{name}/{MAIN}": f"- command: {name}\n" for name in ("a", "b", "base")},
    }
    found = list(flat(play(tmp_path, text, files).roles))
    assert commands(found) == ["base", "a", "base", "b", "base", "b"]
    assert len({role_of(task).key for task in found if task.args["cmd"] == "base"}) == 1


def test_allow_duplicates(tmp_path: Path) -> None:
    files = {f"roles/a/{MAIN}": "- command: a\n", "roles/a/meta/main.yml": "allow_duplicates: true\n"}
    found = play(tmp_path, "- hosts: all\n  roles: [a, a]\n", files).roles
    assert commands(found) == ["a", "a"]
    assert [role_of(task).once for task in flat(found)] == [False, False]


def test_import_role(tmp_path: Path) -> None:
    text = """
        - hosts: all
          handlers: [{name: own, command: h}]
          tasks:
            - import_role: {name: web, tasks_from: install, vars_from: other.yml, defaults_from: d, handlers_from: hh}
              vars: {x: 1}
              tags: t
            - import_role: name=web
            - import_role: {name: quiet, public: no}
    """
    files = {
        "roles/web/tasks/install.yml": "- import_tasks: more.yml\n",
        "roles/web/tasks/more.yml": "- command: install\n",
        f"roles/web/{MAIN}": "- command: main\n",
        "roles/web/vars/other.yml": "v: 1\n",
        "roles/web/defaults/d.yml": "d: 1\n",
        "roles/web/handlers/hh.yml": "- {name: hh, command: x}\n",
        f"roles/quiet/{MAIN}": "- command: quiet\n",
    }
    found = play(tmp_path, text, files)
    assert commands(found.tasks) == ["install", "main", "quiet"]
    first, second, _ = flat(found.tasks)
    assert (role_of(first).vars, role_of(first).defaults) == ({"v": 1}, {"d": 1})
    assert first.vars == {"x": 1} and first.tags == {"t"}
    assert role_of(second).vars == {}
    assert [handler.name for handler in flat(found.handlers)] == ["own", "hh"]
    assert [role.name for role in found.public_roles] == ["web", "web"]


def test_a_role_may_import_other_tasks_of_itself(tmp_path: Path) -> None:
    files = {
        f"roles/a/{MAIN}": "- import_role: {name: a, tasks_from: other}\n",
        "roles/a/tasks/other.yml": "- command: other\n",
    }
    assert commands(play(tmp_path, "- hosts: all\n  roles: [a]\n", files).roles) == ["other"]


def test_where_roles_are_found(tmp_path: Path) -> None:
    settings = Settings(roles_path=(f"{tmp_path}/far", f"{tmp_path}/farther"))
    files = {
        "far/one/tasks/main.yml": "- command: one\n",
        "farther/two/tasks/main.yaml": "- command: two\n",
        "three/tasks/main": "- command: three\n",
        "roles/one/tasks/main.yml": "- command: near\n",
        "elsewhere/four/tasks/main.json": '[{"command": "four"}]',
    }
    text = f"- hosts: all\n  roles: [one, two, three, '{tmp_path}/elsewhere/four', elsewhere/four]\n"
    assert commands(play(tmp_path, text, files, settings=settings).roles) == ["near", "two", "three", "four", "four"]


def test_play_order_of_handlers_and_sections(tmp_path: Path) -> None:
    text = """
        - hosts: all
          post_tasks: [{command: post}]
          tasks: [{command: task}]
          pre_tasks: [{command: pre}]
          roles: ["{{ role_word }}"]
          vars: {role_word: a}
          handlers: [{name: own, command: h}]
    """
    files = {f"roles/a/{MAIN}": "- command: a\n", "roles/a/handlers/main.yml": "- {name: role, command: h}\n"}
    found = play(tmp_path, text, files)
    sections = (found.pre_tasks, found.roles, found.tasks, found.post_tasks)
    assert [commands(section) for section in sections] == [["pre"], ["a"], ["task"], ["post"]]
    assert [handler.name for handler in flat(found.handlers)] == ["role", "own"]
