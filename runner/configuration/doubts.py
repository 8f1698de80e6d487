"""Which warnings settings make mistakes of, and which they silence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from runner.model.settings import Settings
from runner.model.span import Problem


def as_set(problems: Iterable[Problem], settings: Settings) -> list[Problem]:
    """The problems as `duplicate_dict_key` and the settings about inventories want them."""
    without = "error" if settings.inventory_unparsed_failed else "warn"
    if not settings.inventory_unparsed_failed and not settings.inventory_unparsed_warning:
        without = "ignore"
    wishes = {"duplicate_key": settings.duplicate_dict_key, "no_inventory": without}
    wanted = ((problem, wishes.get(problem.kind, "")) for problem in problems)
    return [replace(one, level="error") if wish == "error" else one for one, wish in wanted if wish != "ignore"]
