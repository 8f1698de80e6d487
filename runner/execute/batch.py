"""The hosts of one batch: how far each has come, what is under way, and who may have something to do."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from runner.execute.chain import Chain
from runner.execute.flow import Flow


@dataclass(slots=True)
class Batch:
    """Hosts by number. `dirty` are those to look at again. `over`: the play ends here, also for later batches;
    `broken`: because of a failure (`any_errors_fatal`, `max_fail_percentage`)."""

    hosts: tuple[str, ...]
    flows: list[Flow]
    chains: list[list[Chain]]
    dirty: dict[int, None] = field(default_factory=dict)
    over: bool = False
    broken: bool = False

    def wake(self, hosts: Collection[int]) -> None:
        """These hosts may have something to do."""
        self.dirty.update(dict.fromkeys(hosts))

    def wake_all(self) -> None:
        """Every host may have something to do."""
        self.wake(range(len(self.hosts)))

    def end_all(self) -> None:
        """No host goes on; none has failed."""
        for flow in self.flows:
            flow.ended = True
        self.wake_all()

    def fail_all(self) -> None:
        """A failure that is fatal for all: every host that is still in fails with it."""
        self.broken = True
        for flow in self.flows:
            if not flow.ended and not flow.lost:
                flow.fail((), frozenset())
        self.wake_all()
