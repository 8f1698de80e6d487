"""The hosts of one batch: how far each has come, what is under way, and who may have something to do."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from runner.execute.chain import Chain
from runner.execute.flow import Flow
from runner.model.plan import Scope


@dataclass(slots=True)
class Batch:
    """Hosts by number. `everyone` are the play's, those that failed earlier included. `with_rescue` are the blocks
    that have a rescue. `dirty` are the hosts to look at again.

    `over`: the play ends here, also for later batches; `broken`: because of a failure (`any_errors_fatal`,
    `max_fail_percentage`)."""

    hosts: tuple[str, ...]
    flows: list[Flow]
    chains: list[list[Chain]]
    with_rescue: frozenset[str] = frozenset()
    everyone: tuple[str, ...] = ()
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

    def fail_all(self, path: Sequence[Scope]) -> None:
        """A failure that is fatal for all: every host that is still in fails where it happened.

        The blocks around it rescue the others as they do the first; if none does, the play is broken off.
        """
        for flow in self.flows:
            if not flow.ended and not flow.lost:
                flow.fail(path, self.with_rescue)
        self.broken = self.broken or not any(scope.section == "block" for scope in path if self._rescues(scope))
        self.wake_all()

    def _rescues(self, scope: Scope) -> bool:
        return scope.block in self.with_rescue
