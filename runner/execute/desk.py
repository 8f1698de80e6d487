"""The desk of one step: the controller's files and the step's own variables, as its module sees them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runner.errors import StepError, TemplateError
from runner.execute.authored import authored
from runner.execute.foresight import doubt_of
from runner.execute.managed import rendered_file
from runner.execute.scope import StepScope
from runner.execute.state import RunState
from runner.execute.world import World
from runner.model.playbook import Condition, Task
from runner.model.ports import FileKind, StartedJob, TreeEntry
from runner.model.values import Template, Unknown, UnknownReached


class StepDesk:
    """A `runner.model.ports.Desk` for one step."""

    __slots__ = ("_playbook_dir", "_scope", "_state", "_task", "_there", "_world")

    def __init__(
        self,
        world: World,
        scope: StepScope,
        task: Task,
        playbook_dir: str,
        state: RunState,
        there: StepScope | None = None,
    ) -> None:
        self._world = world
        self._scope = scope
        self._task = task
        self._there = there or scope
        self._playbook_dir = playbook_dir
        self._state = state

    def find(self, kind: FileKind, name: str) -> str:
        """Raises UnknownReached for a file that is not there, but may be when a dry run is none."""
        try:
            return self._world.files.find(kind, name, self._task, self._playbook_dir)
        except StepError:
            doubt = doubt_of(self._state.here, name)
            if doubt is None:
                raise
            raise UnknownReached(doubt) from None

    def read(self, path: str, *, decrypt: bool = True) -> bytes:
        return self._world.files.read(path, decrypt=decrypt)

    def opened(self, path: str) -> bytes | None:
        return self._world.files.opened(path)

    def sha1(self, path: str) -> str:
        return self._world.files.sha1(path)

    def entry(self, path: str) -> TreeEntry:
        return self._world.files.entry(path)

    def tree(self, path: str) -> tuple[TreeEntry, ...]:
        return self._world.files.tree(path)

    def exists(self, path: str) -> bool:
        return self._world.files.exists(path)

    def load_vars(self, path: str) -> Mapping[str, Any]:
        return self._world.files.load_vars(path)

    def render_file(self, path: str, options: Mapping[str, Any]) -> str:
        """Raises UnknownReached when a dry run cannot know the text."""
        return str(rendered_file(self._world, self._scope, self.find, path, options))

    def is_true(self, condition: str | bool) -> bool:
        span = condition.span if isinstance(condition, Template) else self._task.span
        verdict = self._world.templar.evaluate(Condition(condition, span), self._scope)
        if isinstance(verdict, Unknown):
            raise UnknownReached(verdict)
        return verdict

    def authored(self, text: Template) -> Any:
        return authored(self._scope, text)

    def variable(self, name: str) -> Any:
        if isinstance(name, Template):
            return self._world.templar.render(name, self._scope)
        return self._world.templar.expression(name, self._scope, self._task.span)

    def setting(self, name: str) -> Any:
        try:
            found = self._world.templar.expression(name, self._there, self._task.span)
        except TemplateError as error:
            if error.kind != "undefined":
                raise
            return None
        if isinstance(found, Unknown):
            raise UnknownReached(found)
        return found

    def job(self, name: str) -> StartedJob | None:
        return self._state.jobs.get(name)
