"""A `Templar` that is made when the first template is met: a run without one never imports Jinja2.

Jinja2, the filters and their environment are a sixth of the time that one command on one host takes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from runner.model.names import Names
from runner.model.playbook import Condition
from runner.model.span import NOWHERE, Problem, Span
from runner.model.values import Unknown
from runner.template.holding import holds_template

if TYPE_CHECKING:
    from runner.template.reading import Reads
    from runner.template.templar import LoadText, Templar

_NOTHING: Final[frozenset[str]] = frozenset()
_DOOR: Final = (
    "render", "evaluate", "expression", "render_text", "variables", "reads", "reads_of_condition", "reads_of_text",
    "problems", "problems_of_condition", "lookups", "lookups_of_condition",
)  # fmt: skip


class LateTemplar:
    """The door of this room (see `Templar`, whose methods these are): gives plain values back by itself."""

    def __init__(self, make: Callable[[], Templar]) -> None:
        """`make` is called at most once, unless threads meet their first templates at the same moment."""
        self._make = make

    def _made(self) -> Templar:
        """The real one, whose methods stand in for those here from now on: later calls cost nothing more."""
        templar = self._make()
        for name in _DOOR:
            setattr(self, name, getattr(templar, name))
        return templar

    def render(self, value: Any, names: Names) -> Any:
        """As `Templar.render`."""
        return self._made().render(value, names) if holds_template(value) else value

    def evaluate(self, condition: Condition, names: Names) -> bool | Unknown:
        """As `Templar.evaluate`."""
        value = condition.value
        return value if isinstance(value, bool) else self._made().evaluate(condition, names)

    def expression(self, text: str, names: Names, span: Span = NOWHERE) -> Any:
        """As `Templar.expression`."""
        return self._made().expression(text, names, span)

    def render_text(
        self,
        text: str,
        names: Names,
        span: Span = NOWHERE,
        options: Mapping[str, Any] | None = None,
        load_text: LoadText | None = None,
        *,
        native: bool = False,
    ) -> Any:
        """As `Templar.render_text`."""
        return self._made().render_text(text, names, span, options or {}, load_text, native=native)

    def variables(self, names: Names) -> Mapping[str, Any]:
        """As `Templar.variables`."""
        return self._made().variables(names)

    def reads(self, value: Any) -> Reads:
        """As `Templar.reads`."""
        return self._made().reads(value) if holds_template(value) else _NOTHING

    def reads_of_condition(self, condition: Condition) -> Reads:
        """As `Templar.reads_of_condition`."""
        return self._made().reads_of_condition(condition) if isinstance(condition.value, str) else _NOTHING

    def reads_of_text(self, text: str, options: Mapping[str, Any] | None = None) -> Reads:
        """As `Templar.reads_of_text`."""
        return self._made().reads_of_text(text, options or {})

    def problems(self, value: Any) -> list[Problem]:
        """As `Templar.problems`."""
        return self._made().problems(value) if holds_template(value) else []

    def problems_of_condition(self, condition: Condition) -> list[Problem]:
        """As `Templar.problems_of_condition`."""
        return self._made().problems_of_condition(condition) if isinstance(condition.value, str) else []

    def lookups(self, value: Any) -> list[tuple[str, Span]]:
        """As `Templar.lookups`."""
        return self._made().lookups(value) if holds_template(value) else []

    def lookups_of_condition(self, condition: Condition) -> list[tuple[str, Span]]:
        """As `Templar.lookups_of_condition`."""
        return self._made().lookups_of_condition(condition) if isinstance(condition.value, str) else []
