"""What a task comes to on every host alike: its fragment for the same arguments, made once.

Most of what a host and a task cost here was making the same text anew for each host. What is shared is a function of
what its key names and of nothing else: the task itself, its checked arguments (a task without templates has them only
once, others are known by the bytes of what was rendered), and every field of the call but its host. A module that asks
its desk anything (files, variables, facts) or reads the host's name shares nothing, nor do arguments that are more than
plain data: secrets, what is encrypted, what a dry run does not know.
"""

from __future__ import annotations

import json
import marshal
from collections.abc import Callable, Hashable, Mapping
from dataclasses import field
from typing import Any, Final, Generic, TypeVar, cast

from runner.arguments import Spec
from runner.execute.rendered import VARIABLE_PARAMS, Outline, outline
from runner.model.call import Call, Fragment, Outcome
from runner.model.playbook import Task
from runner.model.ports import Desk, Module
from runner.model.quick import dataclass
from runner.template.holding import holds_template

# Tasks and fragments of one task that are remembered; beyond, all are forgotten, and made anew when they are needed.
MAX_TASKS: Final = 512
MAX_FRAGMENTS: Final = 16
# Sets of arguments of one task: so many are noticed before it is taken for one whose hosts share nothing, and so many
# that came twice are remembered.
MAX_SEEN: Final = 1024
MAX_RENDERED: Final = 64
# Modules whose fragments read the name of their call's host.
BY_HOST: Final = frozenset({"fetch"})
T = TypeVar("T")
_SORTED: Final = json.JSONEncoder(sort_keys=True, default=str)


def written(args: Mapping[str, Any]) -> str:
    """Plain arguments as the text that an intent's hash is made of."""
    return _SORTED.encode(args)


@dataclass(slots=True)
class Alike:
    """One task. `asks`: its module has asked a desk something, so that each host has a fragment of its own."""

    task: Task
    args: Mapping[str, Any]
    given: frozenset[str]
    asks: bool = False
    text: str = ""
    fragments: dict[Hashable, Fragment] = field(default_factory=dict)

    def written(self) -> str:
        """Its arguments, as `written` has them."""
        if not self.text:
            self.text = written(self.args)
        return self.text

    def compiled(self, module: Module, call: Call, desk: Callable[[], Desk]) -> Fragment | Outcome:
        """What the module makes of the call. Raises what the module raises."""
        if self.asks:
            return module.fragment(call, desk())
        key = _key(call)
        found = self.fragments.get(key)
        if found is not None:
            return found
        asked = _Asked(desk)
        made = module.fragment(call, cast(Desk, asked))
        self.asks = asked.desk is not None
        if isinstance(made, Fragment) and not self.asks:
            if len(self.fragments) >= MAX_FRAGMENTS:
                self.fragments.clear()
            self.fragments[key] = made
        return made


def _key(call: Call) -> Hashable:
    """All of a call but its host, and the arguments, which are those of the task."""
    return (
        call.check,
        call.diff,
        call.no_log,
        call.timeout_s,
        call.become,
        call.transport,
        call.will_exist,
        call.will_vanish,
        frozenset(call.environment.items()),
    )


class _Asked:
    """A desk that is only made when it is asked something."""

    __slots__ = ("_make", "desk")

    def __init__(self, make: Callable[[], Desk]) -> None:
        self._make = make
        self.desk: Desk | None = None

    def __getattr__(self, name: str) -> Any:
        if self.desk is None:
            self.desk = self._make()
        return getattr(self.desk, name)


class PerTask(Generic[T]):
    """Something about each of the tasks that were asked about lately. A task is known by what it is, not by its id: an
    include brings tasks with the same ids again."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Task, T]] = {}

    def __len__(self) -> int:
        return len(self._known)

    def get(self, task: Task) -> T | None:
        """What is known about the task."""
        known = self._known.get(id(task))
        return known[1] if known is not None and known[0] is task else None

    def put(self, task: Task, value: T) -> None:
        """Remember it."""
        if len(self._known) >= MAX_TASKS:
            self._known.clear()
        self._known[id(task)] = (task, value)


@dataclass(slots=True)
class Rendered:
    """A task whose arguments hold templates: hosts and items that come to the same ones share, from the second on."""

    seen: set[int] | None = field(default_factory=set)
    known: dict[bytes, Alike] = field(default_factory=dict)

    def of(self, task: Task, args: Mapping[str, Any], given: frozenset[str]) -> Alike | None:
        """What is shared by those with these arguments, types included; None if nothing is."""
        if self.seen is None:
            return None
        try:
            # Version 0 writes equal plain values equally, and refuses whatever is not plain.
            key = marshal.dumps((dict(args), sorted(given)), 0)
        except ValueError:
            return None
        found = self.known.get(key)
        if found is not None:
            return found
        mark = hash(key)
        if mark not in self.seen:
            if len(self.seen) >= MAX_SEEN:
                self.seen = set() if self.known else None
            else:
                self.seen.add(mark)
            return None
        if len(self.known) >= MAX_RENDERED:
            self.known.clear()
        found = self.known[key] = Alike(task, args, given)
        return found


@dataclass(slots=True)
class Shared:
    """What is known of a task: its outline, and by which way its hosts share, if by any."""

    outline: Outline | None
    constant: bool = False
    alike: Alike | None = None
    rendered: Rendered | None = None


Arguments = tuple[Mapping[str, Any], frozenset[str]]


class SharedTasks:
    """What hosts share of the tasks of one batch."""

    def __init__(self) -> None:
        self.known: PerTask[Shared] = PerTask()

    def of(
        self, task: Task, spec: Spec, make: Callable[[Outline | None], Arguments]
    ) -> tuple[Mapping[str, Any], frozenset[str], Alike | None]:
        """The arguments of `task` on a host, and what it shares with others that have the same. `make` gives the
        arguments; those of a task without templates only once. Raises what `make` raises."""
        known = self.known.get(task)
        if known is None:
            known = Shared(outline(task, spec))
            if _may_share(task, spec):
                known.constant = _is_constant(task)
                known.rendered = None if known.constant else Rendered()
            self.known.put(task, known)
        alike = known.alike
        if alike is not None:
            return alike.args, alike.given, alike
        args, given = make(known.outline)
        if known.constant:
            known.alike = alike = Alike(task, args, given)
        elif known.rendered is not None:
            alike = known.rendered.of(task, args, given)
        return args, given, alike


def _may_share(task: Task, spec: Spec) -> bool:
    return not (spec.local or spec.between or spec.any_options or task.module in BY_HOST)


def _is_constant(task: Task) -> bool:
    return not (task.directives.module_defaults or VARIABLE_PARAMS in task.args or holds_template(task.args))
