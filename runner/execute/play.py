"""One batch of hosts on its way through one play: chains are composed and sent, and what comes back is heard."""

from __future__ import annotations

from runner.execute.announce import Announcer
from runner.execute.batch import Batch
from runner.execute.chain import Chain, make_trip, printed
from runner.execute.compose import Composer
from runner.execute.ending import Ending
from runner.execute.flow import Flow
from runner.execute.includes import Includer
from runner.execute.judge import Judge
from runner.execute.notify import Notifier
from runner.execute.once import Once
from runner.execute.prepare import Preparer
from runner.execute.recall import Recaller
from runner.execute.recollect import Recollect
from runner.execute.schedule import Scheduler
from runner.execute.standing import Standing
from runner.execute.state import RunState
from runner.execute.steps import Steps
from runner.execute.variables import Variables
from runner.execute.world import World
from runner.model.call import Lines, Reply, TripEnd
from runner.model.event import PlayStart
from runner.model.plan import PlayPlan
from runner.plan.order import handler_nodes


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
        *,
        force_handlers: bool = False,
    ) -> None:
        self.world = world
        self.state = state
        self.plan = plan
        self.play_hosts = play_hosts
        self._trips = trips
        rescues = frozenset(s.block for node in plan.nodes for s in node.path if s.section == "rescue")
        flows = [Flow(force_handlers=force_handlers) for _ in batch]
        self.batch = Batch(batch, flows, [[] for _ in batch], rescues, play_hosts)
        self.scheduler = Scheduler(plan.nodes, plan.edges, len(batch))
        self.standing = Standing(self.scheduler.rank)
        self.variables = Variables(world, state, plan.play, play_hosts, batch, self.active, self.standing)
        self.preparer = Preparer(world, self.variables)
        self.notifier = Notifier(world, self.standing, self.variables.scope)
        once = Once(world, state, self.batch, self.variables, plan.strategy)
        self.includer = Includer(
            world, self.variables, self.preparer, plan, self.scheduler, self.batch, self.standing, self.notifier.add
        )
        self.recaller = Recaller(world, state, self.batch, self.variables)
        announcer = Announcer(world, plan.play.name)
        self.recollect = self._recollect(once, announcer)
        self.composer = self._composer(once, announcer)
        self.recollect.ending = ending = self._ending(once)
        self.steps = self._steps(ending)
        # All are known, those as well whose flush no tag chose: they may be notified, and do not run.
        for node in handler_nodes(plan.play.handlers, 0, "tasks"):
            self.notifier.add(node)
        self._by_trip: dict[int, Chain] = {}
        self._begun: set[int] = set()
        self._pinned = plan.strategy == "host_pinned"

    def _recollect(self, once: Once, announcer: Announcer) -> Recollect:
        return Recollect(
            self.world.replay,
            self.plan.play,
            self.batch,
            self.scheduler,
            once,
            announcer,
            self.includer,
            self.recaller,
            self.resume,
        )

    def _ending(self, once: Once) -> Ending:
        return Ending(
            self.world,
            self.state,
            self.plan.play,
            self.batch,
            self.preparer,
            self.notifier,
            once,
            self.composer.finish,
            self.scheduler.is_done,
        )

    def _steps(self, ending: Ending) -> Steps:
        return Steps(
            self.world,
            self.state,
            self.plan.play,
            self.batch,
            self.scheduler,
            self.preparer,
            Judge(self.world, self.preparer),
            ending,
            self.resume,
            self.composer.facts_job,
            self.recaller,
        )

    def _composer(self, once: Once, announcer: Announcer) -> Composer:
        return Composer(
            self.plan,
            self.batch,
            self.scheduler,
            self.preparer,
            self.includer,
            announcer,
            once,
            self.notifier,
            self.recollect,
            step_by_step=self.world.options.step,
        )

    def active(self) -> list[str]:
        """The hosts of the play that have not failed, in order."""
        out = {name for name, flow in zip(self.batch.hosts, self.batch.flows, strict=True) if flow.ended or flow.lost}
        return [
            name
            for name in self.play_hosts
            if name not in out and not (self.state.of(name).failed or self.state.of(name).unreachable)
        ]

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
        """Give hosts that may have something to do their next chain, until there is enough to send for now."""
        dirty = self.batch.dirty
        while dirty and not self.world.outbox.full:
            host = next(iter(dirty))
            del dirty[host]
            if self._may_begin(host):
                chain = self.composer.compose(host, self.steps)
                if chain is not None:
                    self._go_on(chain)
                elif self._pinned and self.scheduler.through(host):
                    self._next_in_line()

    def _may_begin(self, host: int) -> bool:
        """host_pinned begins no more hosts than there are forks, and the next when one is through."""
        if not self._pinned or host in self._begun:
            return True
        under_way = sum(1 for other in self._begun if not self.scheduler.through(other))
        if under_way >= self.world.options.forks:
            return False
        self._begun.add(host)
        return True

    def _next_in_line(self) -> None:
        waiting = next((host for host in range(len(self.batch.hosts)) if host not in self._begun), None)
        if waiting is not None:
            self.batch.wake([waiting])

    def _send(self, chain: Chain) -> None:
        world = self.world
        trip, intents = make_trip(chain, world.next_trip(), self.plan.play.name, world.mask, world.run)
        for intent in intents:
            self.world.emit(intent)
        for _, step in chain.sent.values():
            step.sent = self.world.now
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

    def hear_lines(self, lines: Lines) -> None:
        """What a step prints while it runs."""
        # A host that answers what it was not asked has printed nothing.
        found = self._by_trip[lines.trip].sent.get(lines.index)
        if found is not None:
            self.world.emit(printed(*found, self.plan.play.name, lines))

    def forget(self, trip: int) -> None:
        """A trip does not leave, and its chain goes no further."""
        self._by_trip[trip].sent = {}

    def under_way(self, trip: int) -> list[tuple[str, str]]:
        """The host and the task of each step of a trip that has not answered."""
        return [(job.host, job.name) for job, step in self._by_trip[trip].sent.values()]

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
