"""Lookups of one step: the plug-in is found by name and given the step's variables and search path."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any, cast

from runner import registry
from runner.errors import NoSuchLookup
from runner.execute.managed import rendered_file
from runner.execute.scope import StepScope
from runner.execute.world import World
from runner.model.playbook import Play, Task
from runner.model.ports import FileKind, Lookup
from runner.plan.gather import facts_task


class LookupDesk:
    """Answers the lookups of one task; without a task it looks where the play is."""

    __slots__ = ("_play", "_task", "_world")

    def __init__(self, world: World, task: Task | None, play: Play) -> None:
        self._world = world
        self._task = task
        self._play = play

    def answer(self, scope: StepScope, name: str, terms: Sequence[Any], options: Mapping[str, Any]) -> list[Any]:
        """The lookup's results. Raises StepError for an unknown lookup, and what the plug-in raises."""
        plugin = self._plugin(name)
        task = self._task or facts_task(self._play)
        found = plugin.run(list(terms), scope, dict(options), _Context(self._world, scope, task, self._play))
        return list(found)

    def _plugin(self, name: str) -> Lookup:
        """The project's own lookup of this name, or ours."""
        own = registry.own("lookups", name)
        theirs = self._world.extensions if not name.startswith("ansible.builtin.") else None
        brought = theirs.lookup(own) if theirs else None
        if brought is not None:
            return brought
        try:
            return cast(Lookup, registry.load("lookups", own))
        except KeyError:
            raise NoSuchLookup(registry.missing("lookups", name)) from None


class _Context:
    """A `runner.model.ports.LookupContext`."""

    __slots__ = ("_scope", "_task", "_world", "playbook_dir", "settings")

    def __init__(self, world: World, scope: StepScope, task: Task, play: Play) -> None:
        self._world = world
        self._scope = scope
        self._task = task
        self.playbook_dir = str(PurePath(play.path).parent)
        self.settings = world.options.settings

    def find(self, kind: FileKind, name: str) -> str:
        return self._world.files.find(kind, name, self._task, self.playbook_dir)

    def folders(self, kind: FileKind) -> tuple[str, ...]:
        return self._world.files.folders(kind, self._task, self.playbook_dir)

    def read(self, path: str) -> bytes:
        return self._world.files.read(path)

    def render(self, value: Any) -> Any:
        return self._world.templar.render(value, self._scope)

    def render_file(self, path: str, options: Mapping[str, Any]) -> Any:
        """Raises UnknownReached when a dry run cannot know the text."""
        return rendered_file(self._world, self._scope, self.find, path, options, native=True)
