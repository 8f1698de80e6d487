"""Where a step runs and as whom, worked out once a host for as long as nothing that decides it can differ."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

from runner.execute.scope import StepScope
from runner.execute.settings import Settings
from runner.execute.state import RunState
from runner.execute.world import World
from runner.model.call import Become, Target
from runner.model.playbook import Directives, Task
from runner.model.quick import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """How a host is reached, and whom a step runs as there."""

    target: Target
    become: Become | None


class Places:
    """The places of one batch. A place is remembered only if no template had a part in it, and looked up only for
    tasks whose own layers (task, role, include, what the host has set) hold no setting."""

    def __init__(self, world: World, state: RunState) -> None:
        self._world = world
        self._state = state
        self._known: dict[Hashable, Place] = {}
        self._plain: dict[int, tuple[Mapping[str, Any], int, bool]] = {}

    @staticmethod
    def _made(settings: Settings, host: str) -> Place:
        return Place(settings.target(host), settings.become())

    def of_delegate(self, delegate: str, task: Task, variables: StepScope, keywords: StepScope) -> Place:
        """The place of a step that is done on another host: by that host's variables, and the step's own keywords."""
        return self._made(Settings(self._world, variables, task.directives, keywords), delegate)

    def of(self, host: str, task: Task, scope: StepScope) -> Place:
        """The place of `task` on `host`. Raises StepError for settings that make no sense."""
        key = self._key(host, task, scope)
        if key is not None and key in self._known:
            return self._known[key]
        settings = Settings(self._world, scope, task.directives)
        place = self._made(settings, host)
        if key is not None and settings.constant:
            self._known[key] = place
        return place

    def _key(self, host: str, task: Task, scope: StepScope) -> Hashable | None:
        own = self._state.of(host)
        role = task.role
        layers = [task.vars, task.include_params, own.live, own.included, scope.local]
        if role is not None:
            layers += [role.params, role.vars, role.defaults]
        if not all(self._is_plain(layer) for layer in layers if layer):
            return None
        key = (host, self._state.version, *_written(task.directives))
        try:
            hash(key)
        except TypeError:
            return None
        return key

    def _is_plain(self, layer: Mapping[str, Any]) -> bool:
        """Whether no name in the layer could be a setting. Names are only ever added, so its size tells its state."""
        known = self._plain.get(id(layer))
        if known is not None and known[0] is layer and known[1] == len(layer):
            return known[2]
        plain = not any(name.startswith("ansible_") and name not in _HARMLESS for name in layer)
        self._plain[id(layer)] = (layer, len(layer), plain)
        return plain


_HARMLESS = frozenset({"ansible_loop_var", "ansible_index_var", "ansible_loop"})


def _written(directives: Directives) -> tuple[Any, ...]:
    return (
        directives.connection,
        directives.remote_user,
        directives.port,
        directives.become,
        directives.become_user,
        directives.become_method,
        directives.become_flags,
        directives.become_exe,
    )
