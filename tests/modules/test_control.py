"""Control actions: what they show, set, refuse and hand to the executor. Nothing of them reaches a host."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from runner.arguments import validate
from runner.errors import StepError, TemplateError
from runner.model.call import AddHost, GroupBy, Meta, Outcome, Pause, Status
from runner.model.playbook import Condition
from runner.model.span import NOWHERE
from runner.model.values import Template, Unknown, UnknownReached
from runner.registry import load
from runner.template.templar import Templar
from tests.modules.harness import FolderDesk, make_call
from tests.template.variables import Known, templar, written


@dataclass(frozen=True, slots=True)
class TemplarDesk(FolderDesk):
    """A desk whose variables and conditions go through the real template layer."""

    engine: Templar = field(default_factory=templar)

    def is_true(self, condition: str | bool) -> bool:
        verdict = self.engine.evaluate(Condition(condition, NOWHERE), Known(dict(self.names)))
        if isinstance(verdict, Unknown):
            raise UnknownReached(verdict)
        return verdict

    def variable(self, name: str) -> Any:
        names = Known(dict(self.names))
        return self.engine.render(name, names) if isinstance(name, Template) else self.engine.expression(name, names)


def run(
    name: str, args: Mapping[str, Any], names: Mapping[str, Any] | None = None, folder: Path | None = None
) -> Outcome:
    """The outcome of a step with these arguments, rendered as the executor does, and these variables."""
    desk = TemplarDesk(folder=folder or Path("/nonexistent"), names=written(dict(names or {})))
    module = load("modules", name)
    untouched = {*module.SPEC.conditions, *module.SPEC.raw}
    known = Known(dict(desk.names))
    rendered = {
        key: written(value) if key in untouched else desk.engine.render(written(value), known)
        for key, value in args.items()
    }
    made = module.fragment(make_call(name, rendered), desk)
    assert isinstance(made, Outcome)
    return made


DEBUG: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ({}, {}, {"msg": "Hello world!"}),
    ({"msg": "{{ x }}"}, {"x": [1, 2]}, {"msg": [1, 2]}),
    ({"var": "x"}, {"x": {"a": 1}}, {"x": {"a": 1}}),
    ({"var": "x.a[0]"}, {"x": {"a": [7]}}, {"x.a[0]": 7}),
    ({"var": "x | length"}, {"x": "abc"}, {"x | length": 3}),
    ({"var": "y"}, {}, {"y": "VARIABLE IS NOT DEFINED!"}),
    ({"var": "{{ x }}"}, {"x": {"a": 1}}, {"x": {"a": 1}}),
    ({"var": "{{ item }}"}, {"item": "x", "x": 5}, {"x": 5}),
    ({"var": "{{ item }}"}, {"item": "lookup('items', 1)"}, {"item": "lookup('items', 1)"}),
    ({"var": ["a"]}, {}, {"['a']": ["a"]}),
]


@pytest.mark.parametrize(("args", "names", "values"), DEBUG)
def test_debug(args: dict[str, Any], names: dict[str, Any], values: dict[str, Any]) -> None:
    done = run("debug", args, names)
    assert (done.status, dict(done.values)) == (Status.OK, values)


def test_debug_verbosity() -> None:
    assert run("debug", {"msg": "x", "verbosity": 2}).status is Status.SKIPPED
    assert run("debug", {"msg": "x", "verbosity": 2}, {"ansible_verbosity": 1}).values == {
        "skipped_reason": "Verbosity threshold not met."
    }
    assert run("debug", {"msg": "x", "verbosity": 2}, {"ansible_verbosity": 2}).values == {"msg": "x"}


def test_debug_of_what_is_not_known() -> None:
    done = run("debug", {"var": "x.stdout"}, {"x": Unknown("it did not run")})
    assert (done.status, done.unknown) == (Status.SKIPPED, "it did not run")


def test_debug_of_a_broken_expression() -> None:
    with pytest.raises(TemplateError):
        run("debug", {"var": "x +"}, {"x": 1})


def test_set_fact() -> None:
    done = run("set_fact", {"a": "{{ x }}", "b": [1], "cacheable": "yes"}, {"x": {"k": 2}})
    assert done.status is Status.OK
    assert done.set_vars == {"a": {"k": 2}, "b": [1]}
    assert done.cacheable


def test_set_fact_to_what_is_not_known() -> None:
    done = run("set_fact", {"a": "{{ x.stdout }}"}, {"x": Unknown("it did not run")})
    assert isinstance(done.set_vars["a"], Unknown)


@pytest.mark.parametrize("name", ["1a", "a-b", "a b", "none", "é", ""])
def test_set_fact_refuses_names(name: str) -> None:
    done = run("set_fact", {name: 1})
    assert done.status is Status.FAILED
    assert "is not valid" in done.msg


def test_set_fact_without_anything() -> None:
    assert "No key/value pairs provided" in run("set_fact", {"cacheable": True}).msg


def test_assert() -> None:
    names = {"x": 3}
    assert run("assert", {"that": ["x == 3", "x in [1, 3]", True]}, names).values == {
        "changed": False,
        "msg": "All assertions passed",
    }
    assert run("assert", {"that": "x in [1, 3]", "success_msg": "fine"}, names).values == {
        "changed": False,
        "msg": "fine",
    }
    broken = run("assert", {"that": ["x == 3", "x == 4"], "fail_msg": "x is {{ x }}"}, names)
    assert broken.status is Status.FAILED
    assert broken.values == {"assertion": "x == 4", "evaluated_to": False, "msg": "x is 3"}
    assert broken.msg == "x is 3"
    assert run("assert", {"that": "x == 4", "msg": ["a", "b"]}, names).msg == "a\nb"
    assert run("assert", {"that": "x == 4"}, names).msg == "Assertion failed"
    assert run("assert", {"that": "{{ checks }}"}, {"checks": [True, False]}).status is Status.FAILED


def test_assert_of_what_is_not_known() -> None:
    done = run("assert", {"that": "x.rc == 0"}, {"x": Unknown("it did not run")})
    assert (done.status, done.unknown) == (Status.SKIPPED, "it did not run")


def test_assert_never_evaluates_text_of_a_host() -> None:
    with pytest.raises(StepError):
        run("assert", {"that": "{{ r.stdout }}"}, {"r": {"stdout": "1 == 1"}})


def test_fail() -> None:
    assert run("fail", {}).msg == "Failed as requested from task"
    done = run("fail", {"msg": ["a", 1]})
    assert (done.status, done.values) == (Status.FAILED, {"msg": ["a", 1]})


@pytest.mark.parametrize(
    ("args", "control"),
    [
        ({}, Pause()),
        ({"seconds": 0}, Pause(seconds=1)),
        ({"seconds": "5", "prompt": "p", "echo": "no"}, Pause(seconds=5, prompt="p", echo=False)),
        ({"minutes": 2}, Pause(seconds=120)),
    ],
)
def test_pause(args: dict[str, Any], control: Pause) -> None:
    assert run("pause", args).control == control


def test_meta() -> None:
    assert run("meta", {"free_form": "end_play"}).control == Meta("end_play")
    _, _, problems = validate(load("modules", "meta").SPEC, {"free_form": "end_plai"})
    assert problems


def test_group_by() -> None:
    done = run("group_by", {"key": "os_{{ x }} y", "parents": "a b"}, {"x": "Debian"})
    assert done.control == GroupBy("os_Debian-y", ("a-b",))
    assert run("group_by", {"key": "k"}).control == GroupBy("k", ("all",))


@pytest.mark.parametrize(
    ("args", "control"),
    [
        ({"name": "h"}, AddHost("h")),
        ({"hostname": "h", "groups": "a, b,a", "x": [1]}, AddHost("h", ("a", "b"), {"x": [1]})),
        ({"host": "h:2222", "groupname": ["a"]}, AddHost("h", ("a",), {"ansible_port": 2222})),
        ({"name": "[fe80::1]:22"}, AddHost("fe80::1", (), {"ansible_port": 22})),
        ({"name": "fe80::1"}, AddHost("fe80::1")),
    ],
)
def test_add_host(args: dict[str, Any], control: AddHost) -> None:
    assert run("add_host", args).control == control


def test_add_host_refuses() -> None:
    assert run("add_host", {"name": "h", "groups": {"a": 1}}).msg == "Groups must be specified as a list."
    assert run("add_host", {"name": " "}).status is Status.FAILED


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("vars/b.json", "vars/a.json", "vars/sub/c.json", "one.json"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({path.stem: name, "last": name, "deep": {path.stem: 1}}))
    return tmp_path


def test_include_vars_of_a_file(folder: Path) -> None:
    done = run("include_vars", {"file": "one.json"}, folder=folder)
    assert done.included_vars == {"one": "one.json", "last": "one.json", "deep": {"one": 1}}
    assert done.values == {"ansible_included_var_files": [str(folder / "one.json")]}
    named = run("include_vars", {"file": "one.json", "name": "box"}, folder=folder)
    assert named.included_vars["box"]["one"] == "one.json"


@pytest.mark.parametrize(
    ("args", "stems"),
    [
        ({}, ["a", "b", "c"]),
        ({"depth": 1}, ["a", "b"]),
        ({"files_matching": "^[bc]"}, ["b", "c"]),
        ({"ignore_files": ["a.json"]}, ["b", "c"]),
        ({"ignore_files": "a.json b.json"}, ["c"]),
        ({"extensions": ["yml"], "ignore_unknown_extensions": True}, []),
    ],
)
def test_include_vars_of_a_folder(args: dict[str, Any], stems: list[str], folder: Path) -> None:
    done = run("include_vars", {"dir": "vars", **args}, folder=folder)
    assert [Path(path).stem for path in done.values["ansible_included_var_files"]] == stems
    assert [name for name in done.included_vars if name not in ("last", "deep")] == stems
    if stems:
        assert done.included_vars["deep"] == {stems[-1]: 1}


def test_include_vars_merges(folder: Path) -> None:
    done = run("include_vars", {"file": "one.json", "hash_behaviour": "merge"}, {"deep": {"old": 0}}, folder)
    assert done.included_vars["deep"] == {"old": 0, "one": 1}


def test_include_vars_refuses(folder: Path) -> None:
    assert "mixing file only and dir only" in run("include_vars", {"file": "one.json", "depth": 1}, folder=folder).msg
    with pytest.raises(StepError, match="valid extension: yml"):
        run("include_vars", {"dir": "vars", "extensions": ["yml"]}, folder=folder)
    with pytest.raises(StepError, match="Could not find"):
        run("include_vars", {"file": "none.yml"}, folder=folder)
    with pytest.raises(StepError, match="not a directory"):
        run("include_vars", {"dir": "one.json"}, folder=folder)


@pytest.mark.parametrize("name", ["include_tasks", "import_tasks", "include_role", "import_role"])
def test_structural_actions_never_run(name: str) -> None:
    key = "file" if name.endswith("tasks") else "name"
    done = run(name, {key: "x"})
    assert (done.status, "structural" in done.msg) == (Status.FAILED, True)
