"""Which tasks of a batch a host has behind it, as the log says: it comes to them again in the same order.

A task that the log holds is not prepared. Its host waits until it is its turn in the log; then it is settled as it was.
"""

from __future__ import annotations

from collections.abc import Callable

from runner.execute.announce import Announcer
from runner.execute.batch import Batch
from runner.execute.chain import Chain
from runner.execute.ending import Ending
from runner.execute.includes import Includer
from runner.execute.job import Flags, Job
from runner.execute.once import Once
from runner.execute.recall import Recaller
from runner.execute.replay import Replay
from runner.execute.schedule import Scheduler
from runner.execute.scope import NOTHING
from runner.model.past import TaskEnd
from runner.model.plan import Kind, TaskNode
from runner.model.playbook import Play
from runner.plan.effects import STRUCTURAL
from runner.plan.gather import facts_node


class Recollect:
    """The past of one batch. `resume` goes on with a chain whose job is settled."""

    def __init__(
        self,
        replay: Replay | None,
        play: Play,
        batch: Batch,
        scheduler: Scheduler,
        once: Once,
        announcer: Announcer,
        includer: Includer,
        recaller: Recaller,
        resume: Callable[[Chain], None],
    ) -> None:
        self._replay = replay
        self._play = play
        self._batch = batch
        self._scheduler = scheduler
        self._once = once
        self._announcer = announcer
        self._includer = includer
        self._recaller = recaller
        self._resume = resume
        self.ending: Ending | None = None

    @property
    def active(self) -> bool:
        """Whether the past has not been taken over yet: nothing new begins."""
        return self._replay is not None and self._replay.active

    def open(
        self, chain: Chain, passes: Callable[[TaskNode, int], bool], finish: Callable[[TaskNode, int], None]
    ) -> bool:
        """Pass what was passed, and let the chain wait for the first task that the log holds."""
        host = chain.host
        moved = True
        while moved:
            moved = False
            for node_id in self._scheduler.ready(host):
                node = self._scheduler.nodes[node_id]
                passed = passes(node, host)
                if self._is_past(node, host, passed=passed):
                    self._wait(chain, node)
                    return True
                if passed or self._shares(node, host):
                    finish(node, host)
                    moved = True
                    break
        return False

    def _is_past(self, node: TaskNode, host: int, *, passed: bool) -> bool:
        """A handler's end may be that of a later flush."""
        if self._replay is None or (passed and node.kind in (Kind.HANDLER, Kind.FLUSH)):
            return False
        return self._replay.has(node.task.id, self._batch.hosts[host])

    def _shares(self, node: TaskNode, host: int) -> bool:
        """Whether the task ran once, on another host, and this one learns what that one learned."""
        if node.id not in self._once.lessons or not self._once.applies(node):
            return False
        self._once.share(node, host, self._batch.with_rescue)
        return True

    def _wait(self, chain: Chain, node: TaskNode) -> None:
        assert self._replay is not None
        host, name = chain.host, self._batch.hosts[chain.host]
        self._announcer.announce(node, past=True)
        self._scheduler.take(node.id, host)
        if node.kind is Kind.HANDLER:
            self._batch.flows[host].notified.pop(node.task.id, None)
        chain.jobs.append(Job(node, name, host, str(node.task.name), Flags(), NOTHING))
        chain.waiting += 1
        self._replay.expect(node.task.id, name, lambda end: self._arrive(chain, node, end))

    def _arrive(self, chain: Chain, node: TaskNode, end: TaskEnd) -> None:
        chain.waiting -= 1
        chain.jobs.clear()
        if node.task.module in STRUCTURAL:
            self._includer.again(node, chain.host, end)
        job = self._recaller.job(node, end.host, chain.host, end)
        job.once = self._once.applies(node)
        assert self.ending is not None
        chain.stopped = not self.ending.settle(job)
        self._resume(chain)

    def facts(self, end: TaskEnd) -> bool:
        """Facts that some step turned out to read; False if they are of another play."""
        if end.task_id != f"{self._play.id}.facts" or end.asker not in self._batch.hosts:
            return False
        number = self._batch.hosts.index(end.asker)
        job = self._recaller.job(facts_node(self._play), end.host, number, end)
        job.implicit = True
        self._recaller.know_facts(end.host)
        assert self.ending is not None
        self.ending.settle(job)
        return True
