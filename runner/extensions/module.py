"""A module of a project's library as the executor runs any module: its file sent to the host and started there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from runner.arguments import Spec
from runner.errors import StepError
from runner.extensions.answer import outcome_of
from runner.extensions.kinds import shape_of
from runner.extensions.starting import Started, fragment_of
from runner.model.call import Call, Effect, Fragment, Outcome, Reply
from runner.model.ports import Desk

_FREE: Final = "_raw_params"


class LibraryModule:
    """A `runner.model.ports.Module`. `tell(message)` takes what the module warns of."""

    SPEC: Any = Spec(doc="A module that a project brings along.", any_options=True, observes=True, effect=Effect.UNSAFE)

    def __init__(self, name: str, path: str, verbosity: int, tell: Callable[[str], None]) -> None:
        self.name = name
        self.path = path
        self._verbosity = verbosity
        self._tell = tell
        self._started: Started | None = None

    def fragment(self, call: Call, desk: Desk) -> Fragment | Outcome:
        """Starts the module. A dry run does not even send it: nothing says what it would change."""
        if call.args.get(_FREE) is not None:
            raise StepError(f"{self.name} takes no free text: {str(call.args[_FREE])[:40]!r} (write name=value)")
        content = desk.read(self.path)
        if self._started is None or self._started.content is not content:
            self._started = Started(self.name, content, shape_of(self.name, self.path, content), self._verbosity)
        return fragment_of(self._started, call, desk.setting)

    def outcome(self, call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
        """What the module said."""
        del fragment, desk
        return outcome_of(self.name, reply, (lambda _message: None) if call.no_log else self._tell)
