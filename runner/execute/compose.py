"""Composes chains: a host's next job, done at once if it needs no host, and what may be sent along with it."""

from __future__ import annotations

from typing import Final

from runner.execute.announce import Announcer
from runner.execute.batch import Batch
from runner.execute.chain import MAX_BYTES, MAX_LINES, Chain
from runner.execute.includes import Includer
from runner.execute.job import Job
from runner.execute.notify import Notifier
from runner.execute.once import Once
from runner.execute.prepare import Preparer
from runner.execute.recollect import Recollect
from runner.execute.schedule import Scheduler
from runner.execute.signals import NeedsFacts, NeedsOthers, NotAhead, StillOnItsWay
from runner.execute.steps import Steps
from runner.model.call import Status
from runner.model.plan import Kind, PlayPlan, TaskNode
from runner.model.playbook import Task
from runner.plan.effects import STRUCTURAL
from runner.plan.gather import facts_node

# Shells a host may have at work at once when the strategy leaves its tasks independent (sshd's MaxSessions is 10).
DAG_LANES: Final = 4


class Composer:
    """Composes the chains of one batch."""

    def __init__(
        self,
        plan: PlayPlan,
        batch: Batch,
        scheduler: Scheduler,
        preparer: Preparer,
        includer: Includer,
        announcer: Announcer,
        once: Once,
        notifier: Notifier,
        recollect: Recollect,
        *,
        step_by_step: bool,
    ) -> None:
        self._recollect = recollect
        self._plan = plan
        self._batch = batch
        self._scheduler = scheduler
        self._preparer = preparer
        self._includer = includer
        self._announcer = announcer
        self._once = once
        self._notifier = notifier
        self._step_by_step = step_by_step
        self._lanes = DAG_LANES if plan.strategy == "dag" else 1
        self._gates = plan.strategy == "linear"

    def compose(self, host: int, steps: Steps) -> Chain | None:
        """The host's next chain; None if it has nothing to do, or enough."""
        if len(self._batch.chains[host]) >= self._lanes:
            return None
        chain = Chain(host)
        if self._recollect.active:
            return self._recalled(chain)
        if not self._open(chain, steps):
            return None
        assumed = {job.node.id: None for job in chain.jobs if not job.implicit}  # a set, but in order
        while assumed and self._extend(chain, assumed):
            pass
        self._batch.chains[host].append(chain)
        if self._lanes > 1:
            self._batch.wake([host])
        return chain

    def finish(self, node: TaskNode, host: int) -> None:
        """The node is done (or passed) on the host: whoever waited for it may go on."""
        self._batch.meet_fate(node, host)
        self._batch.wake(self._scheduler.finish(node.id, host))
        if node.task.directives.throttle is not None:
            self._batch.wake_all()
        self._batch.wake([host])

    def facts_job(self, host: int, name: str = "") -> Job:
        """The job that gathers facts on a host, for itself or (`name`) from another one that it reads about."""
        node = facts_node(self._plan.play)
        job = self._preparer.job(node, name or self._batch.hosts[host], host, (), ahead=False)
        job.implicit = job.ends_chain = True
        self._announcer.announce(node)
        return job

    def _recalled(self, chain: Chain) -> Chain | None:
        """A chain that waits for the end of a task, which the log holds; None if the host's past is at its end."""
        if not self._recollect.open(chain, self._passes, self.finish):
            return None
        self._batch.chains[chain.host].append(chain)
        if self._lanes > 1:
            self._batch.wake([chain.host])
        return chain

    def _open(self, chain: Chain, steps: Steps) -> bool:
        """Do at once what needs no host, and begin the chain with the first job that needs one."""
        host = chain.host
        while (node_id := self._scheduler.peek(host)) is not None:
            node = self._scheduler.nodes[node_id]
            in_turn = node.task.delegate_facts or node.task.module == "group_by"
            if self._gates and in_turn and any(other < host for other in self._batch.dirty):
                # What several hosts set on one, and the groups they join, are told in their order, as in Ansible.
                self._batch.wake([host])
                return False
            if self._awaits_handlers(node, host):
                self._scheduler.gate(node_id)
                continue
            if self._passes(node, host):
                self.finish(node, host)
                continue
            try:
                if self._is_anothers(node, host):
                    if node.id not in self._once.lessons:
                        return False
                    self._once.share(node, host, self._batch.with_rescue)
                    self.finish(node, host)
                    continue
                if self._is_full(node, host):
                    return False
                if not self._announcer.announce(node):
                    self.finish(node, host)
                    continue
                self._begin(node, chain, steps)
            except NeedsFacts as needs:
                chain.add(self.facts_job(host, needs.host))
            except NeedsOthers:
                self._scheduler.gate(node_id)
            except StillOnItsWay:
                return False
            if chain.jobs or chain.stopped:
                return bool(chain.jobs)
        return False

    def _passes(self, node: TaskNode, host: int) -> bool:
        """Whether the node is nothing for this host as it stands."""
        flow = self._batch.flows[host]
        if node.kind is Kind.FLUSH:
            if not flow.reaches(node):
                return True
            if not node.task.when:
                self._notifier.resolve(self._batch.hosts[host], flow, node)
                return True
        return not self._is_for(node, host) or not flow.runs(node)

    def _awaits_handlers(self, node: TaskNode, host: int) -> bool:
        """Whether an include of hosts that are not as far may still bring handlers that this host's notifications
        mean: all hosts know the handlers of a role that one of them includes (`linear`)."""
        if not self._gates:
            return False
        if node.kind is Kind.FLUSH:
            asks = bool(self._batch.flows[host].saved)
        else:
            asks = bool(node.task.notify) and not self._notifier.knows(node)
        return asks and not self._scheduler.caught_up(node.id) and self._includer.may_bring(node, host)

    def _is_full(self, node: TaskNode, host: int) -> bool:
        """Whether as many hosts are at the task as `throttle` allows: this one comes when one of them is done."""
        if node.task.directives.throttle is None:
            return False
        limit = self._preparer.throttle(node, self._batch.hosts[host])
        return 0 < limit <= self._scheduler.in_hand(node.id)

    def _is_anothers(self, node: TaskNode, host: int) -> bool:
        """Whether the task runs once, and not here."""
        return self._once.applies(node) and not self._once.owns(node, host)

    def _begin(self, node: TaskNode, chain: Chain, steps: Steps) -> None:
        """Prepare the chain's first job, and settle what needs no host. The chain is empty if that was all of it."""
        host = chain.host
        name = self._batch.hosts[host]
        if node.task.module in STRUCTURAL:
            job = self._includer.job(node, name, host)
        else:
            alone = self._alone(node)
            job = self._preparer.job(node, name, host, self._pending(host, chain), ahead=False, alone=alone)
        self._scheduler.take(node.id, host)
        job.once = self._once.applies(node)
        if node.kind is Kind.HANDLER:
            steps.begin_handler(job, self._batch.flows[host])
        chain.add(job)
        if chain.queue:
            return
        self._batch.chains[host].append(chain)
        steps.advance(chain)
        self._batch.chains[host].remove(chain)

    def _extend(self, chain: Chain, assumed: dict[str, None]) -> bool:
        """Send one more job along with the chain if nothing it needs is still open."""
        if chain.jobs[-1].ends_chain or len(chain.queue) >= MAX_LINES or chain.weight >= MAX_BYTES:
            return False
        host = chain.host
        node_id = self._scheduler.peek(host, assumed, along=self._lanes > 1)
        if node_id is None:
            return False
        node = self._scheduler.nodes[node_id]
        flow = self._batch.flows[host]
        if node.kind is Kind.HANDLER:
            if flow.saved or flow.notified.get(node.task.id) is not None or any(job.task.notify for job in chain.jobs):
                return False
            assumed[node_id] = None
            return True
        if node.kind is Kind.FLUSH and node.task.when:
            return False
        if node.kind is Kind.FLUSH or not self._is_for(node, host) or not flow.would_run(node):
            assumed[node_id] = None
            return True
        return self._follow(chain, node, assumed)

    def _follow(self, chain: Chain, node: TaskNode, assumed: dict[str, None]) -> bool:
        host, task = chain.host, node.task
        if self._batch.flows[host].repeats_role(node):
            return False
        if task.role is not None and any(_other_use(job.task, task) for job in chain.jobs):
            return False
        throttled = task.directives.throttle is not None
        if task.module in STRUCTURAL or task.delegate_to or throttled or self._step_by_step:
            return False
        if self._awaits_handlers(node, host):
            return False
        name = self._batch.hosts[host]
        try:
            if self._once.applies(node):
                return False
            pending = self._pending(host, chain)
            job = self._preparer.job(node, name, host, pending, ahead=True, alone=self._alone(node))
        except (StillOnItsWay, NeedsFacts, NeedsOthers, NotAhead):
            return False
        if not chain.goes_with(job):
            return False
        if any(step.outcome is not None and step.outcome.status is Status.FAILED for step in job.steps):
            # What follows a failure that is certain already (`fail`) may be a rescue, which nothing may overtake.
            job.ends_chain = True
        self._announcer.announce(node)
        self._scheduler.take(node.id, host)
        chain.add(job)
        assumed[node.id] = None
        return True

    def _alone(self, node: TaskNode) -> bool:
        """Whether other hosts may not have come as far: then the step must not look at them (`linear`)."""
        return self._gates and not node.observes and not self._scheduler.caught_up(node.id)

    def _pending(self, host: int, chain: Chain) -> frozenset[str]:
        names: set[str] = set()
        for each in [*self._batch.chains[host], chain]:
            for job in each.jobs:
                names |= job.node.writes
        return frozenset(names)

    def _is_for(self, node: TaskNode, host: int) -> bool:
        members = self._includer.members.get(node.id)
        return (members is None or host in members) and node.id not in self._announcer.declined


def _other_use(first: Task, second: Task) -> bool:
    """Whether two tasks belong to different uses of one role that is to run once."""
    one, two = first.role, second.role
    return one is not None and two is not None and one is not two and two.once and one.key == two.key
