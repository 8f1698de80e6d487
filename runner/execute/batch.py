"""The hosts of one batch: how far each has come, what is under way, and who may have something to do."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import field

from runner.execute.chain import Chain
from runner.execute.flow import Flow
from runner.model.plan import Scope, TaskNode
from runner.model.quick import dataclass


@dataclass(slots=True)
class Batch:
    """Hosts by number. `everyone` are the play's, those that failed earlier included. `with_rescue` are the blocks
    that have a rescue. `fatal` are the tasks whose failure is everybody's, with their blocks. `dirty` are
    the hosts to look at again.

    `over`: the play ends here, also for later batches; `broken`: because of a failure (`any_errors_fatal`,
    `max_fail_percentage`)."""

    hosts: tuple[str, ...]
    flows: list[Flow]
    chains: list[list[Chain]]
    with_rescue: frozenset[str] = frozenset()
    everyone: tuple[str, ...] = ()
    fatal: dict[str, Sequence[Scope]] = field(default_factory=dict)
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

    def fail_all(self, node: TaskNode, done: Callable[[int], bool]) -> None:
        """A failure that is fatal for all: every host that is still in fails with it once it is `done` with the task.

        The blocks around it rescue the others as they do the first; if none does, the play is broken off.
        """
        self.fatal[node.id] = node.path
        for number in range(len(self.hosts)):
            if done(number):
                self.meet_fate(node, number)
        rescued = any(scope.section == "block" and scope.block in self.with_rescue for scope in node.path)
        self.broken = self.broken or not rescued
        self.wake_all()

    def meet_fate(self, node: TaskNode, number: int) -> None:
        """The host is done with a task: if it failed elsewhere and that is fatal for all, the host fails as well."""
        path = self.fatal.get(node.id)
        flow = self.flows[number]
        if path is not None and not flow.ended and not flow.lost:
            flow.fail(path, self.with_rescue)
