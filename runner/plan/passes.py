"""The passes of the planner, as one literal list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from runner.plan.arrange import arrange
from runner.plan.data import barriers, blocks, data, handlers, needs
from runner.plan.draft import Draft
from runner.plan.effects import effects, observes
from runner.plan.gather import gather
from runner.plan.order import order
from runner.plan.reads import facts, reads
from runner.plan.select import select, start_at
from runner.plan.shape import acyclic, strategy

PASSES: Final[tuple[Callable[[Draft], Draft], ...]] = (
    order,
    select,
    start_at,
    reads,
    facts,
    gather,
    observes,
    data,
    handlers,
    blocks,
    barriers,
    effects,
    needs,
    arrange,
    strategy,
    acyclic,
)

# What a listing needs: which tasks, in which order, and whether `needs` can be followed.
LISTING_PASSES: Final[tuple[Callable[[Draft], Draft], ...]] = (order, select, needs, arrange, strategy, acyclic)

# What a dynamic include brings goes through the same passes, less those that look at the play as a whole.
SPLICE_PASSES: Final[tuple[Callable[[Draft], Draft], ...]] = (
    select,
    reads,
    observes,
    data,
    handlers,
    effects,
    strategy,
)
