"""The magic variables: what a step may ask about its host, its role, its play and the run.

Source: https://docs.ansible.com/ansible/latest/reference_appendices/special_variables.html
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePath
from typing import Any, Final, Protocol

from runner import LANGUAGE_VERSION, __version__
from runner.execute.scope import HostVars, StepScope
from runner.execute.signals import NeedsOthers, StillOnItsWay
from runner.execute.state import RunState
from runner.execute.world import World
from runner.model.playbook import Play, Role, Task
from runner.model.values import OMIT


class Stage(Protocol):
    """What the magic variables need to know: the run, the play, its batch."""

    world: World
    state: RunState
    play: Play
    play_hosts: tuple[str, ...]
    batch: tuple[str, ...]
    active: Callable[[], list[str]]

    def members(self) -> Mapping[str, list[str]]: ...

    def role_names(self, task: Task | None) -> tuple[list[str], list[str]]: ...

    def authored(self, host: str, task: Task | None) -> tuple[Mapping[str, Any], ...]: ...

    def view(self, host: str) -> Mapping[str, Any]: ...


def _groups(stage: Stage) -> dict[str, list[str]]:
    """The hosts of each group, worked out once while the inventory stays as it is. Templates may change their copy."""
    return {name: list(hosts) for name, hosts in stage.members().items()}


def _folder(path: str) -> str:
    return str(PurePath(path).parent)


def _version() -> dict[str, Any]:
    """What playbooks compare with `version`: the language level spoken here, and our own version beside it."""
    major, minor, revision = map(int, LANGUAGE_VERSION.split("."))
    version = {"full": LANGUAGE_VERSION, "string": LANGUAGE_VERSION, "pbrun": __version__}
    return {**version, "major": major, "minor": minor, "revision": revision}


def _facts(stage: Stage, host: str, scope: StepScope) -> Mapping[str, Any]:
    own = stage.state.of(host)
    if "ansible_facts" in scope.pending or own.facts is None:
        scope.want_facts()
    return own.known_facts()


def _looks_around(scope: StepScope) -> None:
    """Called when a step reads what depends on how far other hosts have come."""
    if scope.pending:
        raise StillOnItsWay("hostvars")
    if scope.alone:
        raise NeedsOthers


def _hostvars(stage: Stage, scope: StepScope) -> HostVars:
    _looks_around(scope)
    return HostVars(lambda: stage.state.inventory.hosts, stage.view)


def _active(stage: Stage, scope: StepScope) -> list[str]:
    _looks_around(scope)
    return stage.active()


def _active_of_batch(stage: Stage, scope: StepScope) -> list[str]:
    active = set(_active(stage, scope))
    return [name for name in stage.batch if name in active]


Asked = Callable[[Stage, str, StepScope], Any]

_RUN: Final[Mapping[str, Asked]] = {
    "groups": lambda v, _h, _s: _groups(v),
    "ansible_facts": _facts,
    "playbook_dir": lambda v, _h, _s: _folder(v.play.path),
    "ansible_inventory_sources": lambda v, _h, _s: list(v.world.options.inventories),
    "ansible_config_file": lambda v, _h, _s: v.world.options.settings.ansible_cfg,
    "ansible_check_mode": lambda v, _h, _s: v.world.options.check,
    "ansible_diff_mode": lambda v, _h, _s: v.world.options.diff,
    "ansible_forks": lambda v, _h, _s: v.world.options.forks,
    "ansible_verbosity": lambda v, _h, _s: v.world.options.verbosity,
    "ansible_limit": lambda v, _h, _s: v.world.options.limit,
    "ansible_run_tags": lambda v, _h, _s: list(v.world.options.tags),
    "ansible_skip_tags": lambda v, _h, _s: list(v.world.options.skip_tags),
    "ansible_version": lambda _v, _h, _s: _version(),
    "ansible_playbook_python": lambda _v, _h, _s: sys.executable,
}
"""Seen on the host itself and through `hostvars`."""

_PLAY: Final[Mapping[str, Asked]] = {
    "hostvars": lambda v, _h, s: _hostvars(v, s),
    "vars": lambda v, _h, s: v.world.templar.variables(s),
    "omit": lambda _v, _h, _s: OMIT,
    "ansible_play_name": lambda v, _h, _s: v.play.name,
    "ansible_play_hosts": lambda v, _h, s: _active(v, s),
    "ansible_play_hosts_all": lambda v, _h, _s: list(v.play_hosts),
    "ansible_play_batch": lambda v, _h, s: _active_of_batch(v, s),
    "play_hosts": lambda v, _h, s: _active_of_batch(v, s),
}

_ROLE_NAMES: Final[Mapping[str, Callable[[list[str], list[str]], list[str]]]] = {
    "ansible_play_role_names": lambda own, _dependent: own,
    "role_names": lambda own, _dependent: own,
    "ansible_role_names": lambda own, dependent: sorted({*own, *dependent}),
    "ansible_dependent_role_names": lambda _own, dependent: sorted(set(dependent)),
}

_ROLE: Final[Mapping[str, Callable[[Role], Any]]] = {
    "role_path": lambda role: role.path,
    "role_name": lambda role: role.short_name,
    "ansible_role_name": lambda role: role.name,
    "ansible_collection_name": lambda role: role.collection or None,
}


def _search_path(task: Task, playbook_dir: str) -> list[str]:
    """Where files are looked for: the role and those that led to it, beside the task, beside the playbook."""
    chain = task.role.chain if task.role else ()
    return list(dict.fromkeys([*chain, str(PurePath(playbook_dir, _folder(task.span.path))), playbook_dir]))


_TASK: Final[Mapping[str, Callable[[Task, str], Any]]] = {
    "ansible_search_path": _search_path,
    "environment": lambda task, _folder: list(task.directives.environment),
}


class StepMagic(Mapping[str, Callable[[StepScope], Any]]):
    """The magic variables of one task on one host, computed when they are read. `of_play=False`: those that
    `hostvars` shows."""

    __slots__ = ("_host", "_of_play", "_stage", "_task")

    def __init__(self, stage: Stage, host: str, task: Task | None, *, of_play: bool = True) -> None:
        self._stage = stage
        self._host = host
        self._task = task
        self._of_play = of_play

    def __getitem__(self, name: str) -> Callable[[StepScope], Any]:
        asked = _RUN.get(name) or _PLAY.get(name)
        if asked is not None:
            return lambda scope: asked(self._stage, self._host, scope)
        task = self._task
        if name in _ROLE_NAMES:
            return lambda scope: self._role_names(name, scope)
        if task is not None and name in _TASK:
            return lambda _scope: _TASK[name](task, _folder(self._stage.play.path))
        if task is not None and task.role is not None:
            role = task.role
            if name in _ROLE:
                return lambda _scope: _ROLE[name](role)
        raise KeyError(name)

    def authored(self) -> tuple[Mapping[str, Any], ...]:
        """The layers of variables that the user wrote for this task."""
        return self._stage.authored(self._host, self._task)

    def _role_names(self, name: str, scope: StepScope) -> list[str]:
        """All hosts see the roles that one of them has included before the task."""
        if scope.alone:
            raise NeedsOthers
        return _ROLE_NAMES[name](*self._stage.role_names(self._task))

    def __iter__(self) -> Iterator[str]:
        every = (*_RUN, *_PLAY, *_ROLE_NAMES, *_TASK, *_ROLE)
        return (name for name in every if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, name: object) -> bool:
        if name in _RUN:
            return name != "ansible_limit" or self._stage.world.options.limit is not None
        if name in _PLAY or name in _ROLE_NAMES:
            return self._of_play
        task = self._task
        if task is None or not self._of_play:
            return False
        if name in _TASK:
            return True
        return name in _ROLE and task.role is not None
