"""One batch of hosts on its way through one play: composes chains, hears replies, settles jobs."""

from __future__ import annotations

from typing import Final

from runner.execute.batch import Batch
from runner.execute.chain import MAX_BYTES, MAX_LINES, Chain, make_trip
from runner.execute.flow import Flow
from runner.execute.includes import Included, Includer
from runner.execute.job import Flags, Job, Step
from runner.execute.judge import Judge
from runner.execute.prepare import Preparer
from runner.execute.results import result_of
from runner.execute.schedule import Scheduler
from runner.execute.settle import Notifier
from runner.execute.signals import NeedsFacts, NotAhead, StillOnItsWay
from runner.execute.state import RunState
from runner.execute.steps import Steps
from runner.execute.variables import Variables
from runner.execute.world import World
from runner.model.call import Reply, TripEnd
from runner.model.event import PlayStart, TaskStart
from runner.model.plan import Kind, PlayPlan, TaskNode
from runner.model.playbook import Task
from runner.plan.data import handler_names
from runner.plan.effects import STRUCTURAL
from runner.plan.gather import facts_task

# Shells a host may have at work at once when the strategy leaves its tasks independent (sshd's MaxSessions is 10).
DAG_LANES: Final = 4
_ONCE: Final = frozenset({"add_host", "pause"})


class PlayRun:
    """One batch of one play. `begin`, then `hear` and `end` what the dispatcher brings, until `finished`."""

    def __init__(
        self,
        world: World,
        state: RunState,
        plan: PlayPlan,
        play_hosts: tuple[str, ...],
        batch: tuple[str, ...],
        trips: dict[int, PlayRun],
    ) -> None:
        self.world = world
        self.state = state
        self.plan = plan
        self.play_hosts = play_hosts
        self._trips = trips
        force = bool(world.options.force_handlers or plan.play.force_handlers)
        self.batch = Batch(batch, [Flow(force_handlers=force) for _ in batch], [[] for _ in batch])
        self.scheduler = Scheduler(plan.nodes, plan.edges, len(batch))
        self.variables = Variables(world, state, plan.play, play_hosts, batch, self.active)
        self.preparer = Preparer(world, self.variables)
        self.notifier = Notifier(world, plan.play.name)
        rescues = {s.block for node in plan.nodes for s in node.path if s.section == "rescue"}
        self.steps = Steps(
            world,
            state,
            plan.play,
            self.batch,
            self.scheduler,
            self.preparer,
            Judge(world, self.preparer),
            self.notifier,
            frozenset(rescues),
            self._finish,
            self.resume,
            self._facts_job,
        )
        self.includer = Includer(world, self.variables, self.preparer, plan, self.scheduler, self._know_handlers)
        self._know_handlers([node for node in plan.nodes if node.kind is Kind.HANDLER])
        self._announced: set[str] = set()
        self._declined: set[str] = set()
        self._by_trip: dict[int, Chain] = {}
        self._begun: set[int] = set()
        self._pinned = plan.strategy == "host_pinned"
        self._lanes = DAG_LANES if plan.strategy == "dag" else 1

    def active(self) -> list[str]:
        """The hosts of the play that have not failed, in order."""
        out = {name for name, flow in zip(self.batch.hosts, self.batch.flows, strict=True) if flow.ended or flow.lost}
        return [
            name
            for name in self.play_hosts
            if name not in out and not (self.state.of(name).failed or self.state.of(name).unreachable)
        ]

    def _know_handlers(self, nodes: list[TaskNode]) -> None:
        for node in nodes:
            self.notifier.add(node.task.id, handler_names(node), node.task.listen, node.task.name)

    @property
    def finished(self) -> bool:
        """Whether every node is done (or passed) on every host."""
        return self.scheduler.finished and not any(self.batch.chains)

    def begin(self, number: int, batches: int) -> None:
        """Announce the batch and start every host."""
        play = self.plan.play
        self.world.emit(PlayStart(play.name, play.id, self.batch.hosts, number, batches))
        self.batch.wake_all()
        self.pump()

    def pump(self) -> None:
        """Give every host that may have something to do its next chain."""
        dirty = self.batch.dirty
        while dirty:
            host = next(iter(dirty))
            del dirty[host]
            if self._may_begin(host):
                self._compose(host)
            if self.includer.woken:
                self.batch.wake(self.includer.woken)
                self.includer.woken = set()

    def _may_begin(self, host: int) -> bool:
        """host_pinned begins no more hosts than there are forks, and the next when one is through."""
        if not self._pinned or host in self._begun:
            return True
        under_way = sum(1 for other in self._begun if not self._through(other))
        if under_way >= self.world.options.forks:
            return False
        self._begun.add(host)
        return True

    def _through(self, host: int) -> bool:
        return all(self.scheduler.is_done(node, host) for node in self.scheduler.nodes)

    def _finish(self, node: TaskNode, host: int) -> None:
        self.batch.wake(self.scheduler.finish(node.id, host))
        self.batch.wake([host])
        if self._pinned and self._through(host):
            self.batch.wake([other for other in range(len(self.batch.hosts)) if other not in self._begun])

    def _pending(self, host: int, chain: Chain) -> frozenset[str]:
        names: set[str] = set()
        for each in [*self.batch.chains[host], chain]:
            for job in each.jobs:
                names |= job.node.writes
        return frozenset(names)

    def _compose(self, host: int) -> None:
        """The host's next chain: its next job, and what may be sent along with it."""
        if len(self.batch.chains[host]) >= self._lanes:
            return
        chain = Chain(host)
        if not self._open(chain):
            return
        assumed = [job.node.id for job in chain.jobs if not job.implicit]
        while assumed and self._extend(chain, assumed):
            pass
        self.batch.chains[host].append(chain)
        if self._lanes > 1:
            self.batch.wake([host])
        self._go_on(chain)

    def _open(self, chain: Chain) -> bool:
        """Do at once what needs no host, and begin the chain with the first job that needs one."""
        host = chain.host
        flow = self.batch.flows[host]
        while (node_id := self.scheduler.peek(host)) is not None:
            node = self.scheduler.nodes[node_id]
            if not self._is_for(node, host) or not flow.runs(node):
                self._finish(node, host)
                continue
            if self._is_once(node) and not self._owns(node, host):
                if node.id not in self.steps.once:
                    return False
                self.steps.share(node, host)
                self._finish(node, host)
                continue
            if not self._announce(node):
                self._finish(node, host)
                continue
            if node.kind is Kind.FLUSH:
                self._finish(node, host)
                continue
            if node.task.module in STRUCTURAL:
                if not self._include(node, host, chain):
                    return bool(chain.jobs)
                continue
            if self._begin_job(node, host, chain):
                return True
            if chain.stopped:
                return False
        return False

    def _begin_job(self, node: TaskNode, host: int, chain: Chain) -> bool:
        """Prepare the first job of a chain. Returns whether the chain has something to send or to wait for."""
        name = self.batch.hosts[host]
        try:
            job = self.preparer.job(node, name, host, self._pending(host, chain), ahead=False)
        except NeedsFacts:
            chain.add(self._facts_job(host))
            return True
        except StillOnItsWay:
            chain.stopped = True
            return False
        self.scheduler.take(node.id, host)
        job.once = self._is_once(node)
        if node.kind is Kind.HANDLER:
            self.steps.begin_handler(job, self.batch.flows[host])
        chain.add(job)
        if chain.queue:
            return True
        self.batch.chains[host].append(chain)
        self.steps.advance(chain)
        self.batch.chains[host].remove(chain)
        return bool(chain.jobs)

    def _facts_job(self, host: int) -> Job:
        task = facts_task(self.plan.play)
        node = TaskNode(task.id, 0, task, Kind.FACTS, writes=frozenset({"ansible_facts"}), observes=False)
        job = self.preparer.job(node, self.batch.hosts[host], host, (), ahead=False)
        job.implicit = job.ends_chain = True
        self._announce(node)
        return job

    def _extend(self, chain: Chain, assumed: list[str]) -> bool:
        """Send one more job along with the chain if nothing it needs is still open."""
        if chain.jobs[-1].ends_chain or len(chain.queue) >= MAX_LINES or chain.weight >= MAX_BYTES:
            return False
        host = chain.host
        node_id = self.scheduler.peek(host, assumed, along=self._lanes > 1)
        if node_id is None:
            return False
        node = self.scheduler.nodes[node_id]
        flow = self.batch.flows[host]
        if node.kind is Kind.HANDLER:
            if flow.notified.get(node.task.id) is not None or any(job.task.notify for job in chain.jobs):
                return False
            assumed.append(node_id)
            return True
        if node.kind is Kind.FLUSH or not self._is_for(node, host) or not flow.would_run(node):
            assumed.append(node_id)
            return True
        return self._follow(chain, node, assumed)

    def _follow(self, chain: Chain, node: TaskNode, assumed: list[str]) -> bool:
        host, task = chain.host, node.task
        if self.batch.flows[host].repeats_role(node) or any(_other_use(job.task, task) for job in chain.jobs):
            return False
        if task.module in STRUCTURAL or self._is_once(node) or task.delegate_to or self.world.options.step:
            return False
        try:
            job = self.preparer.job(node, self.batch.hosts[host], host, self._pending(host, chain), ahead=True)
        except (StillOnItsWay, NeedsFacts, NotAhead):
            return False
        if not chain.goes_with(job):
            return False
        self._announce(node)
        self.scheduler.take(node.id, host)
        chain.add(job)
        assumed.append(node.id)
        return True

    def _is_for(self, node: TaskNode, host: int) -> bool:
        members = self.includer.members.get(node.id)
        return (members is None or host in members) and node.id not in self._declined

    def _is_once(self, node: TaskNode) -> bool:
        return node.task.directives.run_once in (True, "true", "yes") or node.task.module in _ONCE

    def _owns(self, node: TaskNode, host: int) -> bool:
        """A task with run_once runs on the first host of the batch that is still in."""
        first = next((n for n, flow in enumerate(self.batch.flows) if not flow.ended and not flow.lost), host)
        return node.id not in self.steps.once and host == first

    def _announce(self, node: TaskNode) -> bool:
        """Show the task when its first host reaches it; with --step, ask. Returns whether it is to run."""
        if node.id in self._announced or node.kind is Kind.FLUSH:
            return True
        self._announced.add(node.id)
        task = node.task
        asks = self.world.options.step and node.kind is not Kind.FACTS and task.module != "meta"
        if asks and self.world.confirm(task.name or task.action) == "n":
            self._declined.add(node.id)
            return False
        role = f"{task.role.name} : " if task.role else ""
        event = TaskStart(
            self.plan.play.name,
            role + (task.name or task.action),
            task.id,
            task.module,
            str(task.span),
            node.kind is Kind.HANDLER,
        )
        if task.module != "meta":
            self.world.emit(event)
        return True

    def _include(self, node: TaskNode, host: int, chain: Chain) -> bool:
        """Include for this host; returns False when facts have to be gathered first (or are on their way)."""
        name = self.batch.hosts[host]
        try:
            found = self.includer.include(node, name, host)
        except NeedsFacts:
            chain.add(self._facts_job(host))
            return False
        except StillOnItsWay:
            return False
        self.scheduler.take(node.id, host)
        job = self._include_job(node, name, host, found)
        chain.add(job)
        self.batch.chains[host].append(chain)
        self.steps.advance(chain)
        self.batch.chains[host].remove(chain)
        return True

    def _include_job(self, node: TaskNode, name: str, host: int, found: list[Included]) -> Job:
        scope = self.variables.scope(name, node.task)
        flags = Flags(check=self.world.options.check)
        job = Job(node, name, host, node.task.name, flags, scope, looped=any(one.looped for one in found))
        for index, one in enumerate(found):
            step = Step(scope, item=one.item, index=index, outcome=one.outcome, status=one.outcome.status)
            step.result = result_of(one.outcome)
            job.steps.append(step)
        return job

    def _send(self, chain: Chain) -> None:
        trip, intents = make_trip(chain, self.world.next_trip(), self.plan.play.name, self.world.mask)
        for intent in intents:
            self.world.emit(intent)
        self._by_trip[trip.id] = chain
        self._trips[trip.id] = self
        self.world.outbox.trips.append(trip)

    def _go_on(self, chain: Chain) -> None:
        """Send the chain's next trip; let go of it when nothing is left."""
        if chain.trip is None and chain.queue and not chain.stopped:
            self._send(chain)
        if chain.trip is None and not chain.waiting and (not chain.queue or chain.stopped):
            self.steps.drop_rest(chain)
            if chain in self.batch.chains[chain.host]:
                self.batch.chains[chain.host].remove(chain)
            self.batch.wake([chain.host])

    def hear(self, reply: Reply) -> None:
        """One step's answer."""
        self.steps.hear(self._by_trip[reply.trip], reply)
        self.pump()

    def end(self, end: TripEnd) -> None:
        """A trip is over: settle what it left open, and go on."""
        chain = self._by_trip.pop(end.trip)
        self._trips.pop(end.trip, None)
        self.steps.trip_over(chain, end)
        self._go_on(chain)
        self.pump()

    def resume(self, chain: Chain) -> None:
        """A timer of the chain is due."""
        self._go_on(chain)
        self.pump()


def _other_use(first: Task, second: Task) -> bool:
    """Whether two tasks belong to different uses of one role that is to run once."""
    one, two = first.role, second.role
    return one is not None and two is not None and one is not two and bool(one.once) and one.once == two.once
