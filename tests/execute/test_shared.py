"""What hosts share of a task: never anything that is one host's own."""

from __future__ import annotations

import ast
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

import runner.modules
from runner.arguments import Option, Spec
from runner.execute.shared import BY_HOST, MAX_FRAGMENTS, MAX_TASKS, Alike, SharedTasks
from runner.model.call import Become, Call, Fragment
from runner.model.playbook import Task
from runner.model.span import Span
from runner.model.values import Secret, Template

MODULES = Path(runner.modules.__file__).parent
SPEC = Spec("x", {"text": Option()})

calls = st.builds(
    Call,
    module=st.just("command"),
    host=st.sampled_from(["a", "b"]),
    args=st.just({"text": "x"}),
    check=st.booleans(),
    diff=st.booleans(),
    environment=st.dictionaries(st.sampled_from("XY"), st.sampled_from("12"), max_size=2),
    become=st.none() | st.builds(Become, user=st.sampled_from("uv"), password=st.none() | st.builds(Secret, st.text())),
    will_exist=st.frozensets(st.sampled_from(["/p", "/q"])),
    will_vanish=st.frozensets(st.sampled_from(["/p", "/q"])),
    no_log=st.booleans(),
    timeout_s=st.none() | st.sampled_from([1.0, 2.0]),
    transport=st.sampled_from(["ssh", "local"]),
)


def task(**args: Any) -> Task:
    """A task with these arguments."""
    return Task("t1", "name", "command", "command", args, Span("x.yaml"))


def telling(call: Call, _desk: object) -> Fragment:
    """A module whose text is all that a fragment may depend on."""
    seen = (call.check, call.diff, sorted(call.environment.items()), call.become, call.become and call.become.password)
    more = (sorted(call.will_exist), sorted(call.will_vanish), call.no_log, call.timeout_s, call.transport)
    secret = call.become.password.reveal() if call.become and call.become.password else ""
    return Fragment(repr((seen, more, secret)))


@settings(max_examples=40, deadline=None)
@given(st.lists(calls, max_size=40))
def test_each_call_gets_the_fragment_that_it_would_get_alone(given_calls: list[Call]) -> None:
    alike = Alike(task(text="x"), {"text": "x"}, frozenset())
    module: Any = SimpleNamespace(fragment=telling)
    for call in given_calls:
        assert alike.compiled(module, call, lambda: None) == telling(call, None)  # type: ignore[arg-type, return-value]
        assert len(alike.fragments) <= MAX_FRAGMENTS


def test_a_module_that_asks_its_desk_compiles_for_each_host() -> None:
    alike = Alike(task(text="x"), {"text": "x"}, frozenset())
    module: Any = SimpleNamespace(fragment=lambda _call, desk: Fragment(desk.variable("x")))
    desks: dict[str, Any] = {name: SimpleNamespace(variable=lambda _, name=name: name) for name in "ab"}
    made = [alike.compiled(module, Call("m", name, {}), lambda: desks[name]) for name in "aba"]  # noqa: B023
    assert made == [Fragment("a"), Fragment("b"), Fragment("a")]


def test_only_tasks_without_templates_are_shared_and_not_without_end() -> None:
    shared, made = SharedTasks(), []

    def make() -> tuple[dict[str, Any], frozenset[str]]:
        made.append(1)
        return {"text": "x"}, frozenset({"text"})

    plain = task(text="x")
    assert shared.of(plain, SPEC, make) is shared.of(plain, SPEC, make) is not None
    assert len(made) == 1
    for other in (task(text=Template("{{ x }}")), task(text=[{"a": Template("{{ x }}")}]), task(_variable_params="x")):
        assert shared.of(other, SPEC, make) is None
    for _ in range(MAX_TASKS + 5):
        assert shared.of(task(text="x"), SPEC, make) is not None
    assert len(shared.known) <= MAX_TASKS


def test_the_modules_that_read_their_hosts_name_are_known() -> None:
    found = set()
    for path in MODULES.glob("*.py"):
        reads = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)]
        if any(node.attr == "host" and isinstance(node.value, ast.Name) and node.value.id == "call" for node in reads):
            found.add(path.stem)
    assert found == BY_HOST
