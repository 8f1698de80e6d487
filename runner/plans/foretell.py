"""What an applied plan said of each step, as its results come in."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from runner.model.event import TaskResult
from runner.plans.collect import key_of
from runner.plans.saved import SavedPlan, keyed


class Foreteller:
    """Gives each result what the plan said of it, and counts how often that was right, wrong, or nothing at all.

    `before`: results of the same run that are in its log already."""

    def __init__(self, plan: SavedPlan, before: Iterable[TaskResult] = ()) -> None:
        self._left = {key: deque(step.says for step in steps) for key, steps in keyed(plan.steps).items()}
        self.right = self.wrong = self.open = 0
        for event in before:
            self(event)

    def __call__(self, event: TaskResult) -> str | None:
        """What the plan said; `nothing` if it has no such step (one that only an unknown one brings, for example)."""
        left = self._left.get(key_of(event))
        says = left.popleft() if left else "nothing"
        if not event.final:
            return says
        if says in ("unknown", "nothing"):
            self.open += 1
        elif says == ("change" if event.changed else "same"):
            self.right += 1
        else:
            self.wrong += 1
        return says
