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
from runner.errors import StepError
from runner.execute.rendered import arguments, outline
from runner.execute.scope import StepScope
from runner.execute.shared import (
    BY_HOST,
    MAX_FRAGMENTS,
    MAX_RENDERED,
    MAX_SEEN,
    MAX_TASKS,
    Alike,
    Rendered,
    SharedTasks,
)
from runner.execute.world import World
from runner.load.files import Files
from runner.load.include import TaskLoader
from runner.model.call import Become, Call, Fragment
from runner.model.options import Options
from runner.model.playbook import Task
from runner.model.span import Span
from runner.model.values import OMIT, Decrypted, Secret, Template, Unknown, UnknownReached
from runner.preparation import make_templar

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


def test_what_is_shared_is_asked_for_once_and_not_kept_without_end() -> None:
    shared = SharedTasks()
    made: list[str] = []

    def of(task: Task, text: Any = "x") -> Alike | None:
        def make(_: object) -> tuple[dict[str, Any], frozenset[str]]:
            made.append(task.id)
            return {"text": text}, frozenset({"text"})

        return shared.of(task, SPEC, make)[2]

    plain = task(text="x")
    assert of(plain) is of(plain) is not None
    assert len(made) == 1
    for other in (task(text=Template("{{ x }}")), task(text=[{"a": Template("{{ x }}")}]), task(_variable_params="x")):
        assert of(other) is None  # nobody has had the same before
        assert of(other) is of(other) is not None
        assert of(other, "y") is None
    for odd in (Secret("x"), Template("x"), Unknown("x"), ["x", Secret("y")]):
        assert [of(other, odd) for _ in range(3)] == [None] * 3
    for _ in range(MAX_TASKS + 5):
        assert of(task(text="x")) is not None
    assert len(shared.known) <= MAX_TASKS


def test_a_task_whose_hosts_never_have_the_same_arguments_is_not_looked_at_any_more() -> None:
    shared, own = Rendered(), task(text=Template("{{ x }}"))
    assert not any(shared.of(own, {"text": number}, frozenset()) for number in range(MAX_SEEN + 1))
    assert shared.seen is None
    assert not any(shared.of(own, {"text": 1}, frozenset()) for _ in range(3))
    shared = Rendered()
    for _ in range(3):
        for number in range(MAX_RENDERED + 5):
            shared.of(own, {"text": number}, frozenset())
            assert len(shared.known) <= MAX_RENDERED


PLAIN: list[Any] = [1, True, "1", 1.0, 0, "", None, "yes", [], ["a"], ["a", 1], {"a": 1}, "a,b"]
ODD: list[Any] = [Unknown("?"), Secret("s"), Decrypted("d", "$V"), Template("{{ two }}"), ["x", Template("{{ two }}")]]
VALUES = st.sampled_from([*PLAIN, *ODD, OMIT, {"k": OMIT}, [OMIT, "z"]])
OPTIONS = {
    "text": Option(aliases=("also",)),
    "flag": Option("bool"),
    "number": Option("int", default=3),
    "list": Option("list", elements="str", default=[]),
    "raw": Option("raw"),
    "word": Option(choices=("a", "b")),
    "unread": Option("raw"),
}
WRITTEN = st.sampled_from(
    ["x", "{{ one }}", "{{ two }}", "{{ one }}-{{ two }}", 1, True, None, ["{{ one }}", "y"], "a"]
)
NAMES = st.sampled_from([*OPTIONS, "also", "_raw_params", "other"])
TEMPLAR = make_templar()
WORLD = World(Options(), TEMPLAR, Files(), TaskLoader())


def _marked(value: Any) -> Any:
    if isinstance(value, list):
        return [_marked(part) for part in value]
    return Template(value) if isinstance(value, str) and "{{" in value else value


def _told(make: Any) -> Any:
    """What a call gives or raises, types included."""
    try:
        values, given = make()
        return repr([(name, type(part), part) for name, part in values.items()]), given
    except (StepError, UnknownReached) as error:
        return type(error), str(error)


@settings(max_examples=300, deadline=None)
@given(
    st.dictionaries(NAMES, WRITTEN, max_size=4),
    st.lists(st.tuples(VALUES, VALUES), max_size=4),
    st.booleans(),
    st.data(),
)
def test_arguments_by_the_outline_are_those_that_each_host_would_get_alone(
    args: dict[str, Any], hosts: list[tuple[Any, Any]], any_options: bool, data: st.DataObject
) -> None:
    more: dict[str, Any] = data.draw(
        st.sampled_from([{}, {"mutually_exclusive": (("text", "raw"),)}, {"required_one_of": (("text", "list"),)}])
    )
    spec = Spec("x", OPTIONS, raw=("unread",), free_form="text", any_options=any_options, **more)
    own = task(**{name: _marked(value) for name, value in args.items()})
    known = outline(own, spec)
    for one, two in hosts:
        scopes = [StepScope(({"one": one, "two": two},), {}) for _ in range(2)]
        alone = _told(lambda: arguments(WORLD, own, spec, scopes[0]))  # noqa: B023
        assert _told(lambda: arguments(WORLD, own, spec, scopes[1], known)) == alone  # noqa: B023


def test_the_modules_that_read_their_hosts_name_are_known() -> None:
    found = set()
    for path in MODULES.glob("*.py"):
        reads = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)]
        if any(node.attr == "host" and isinstance(node.value, ast.Name) and node.value.id == "call" for node in reads):
            found.add(path.stem)
    assert found == BY_HOST
