"""The only loop: feeds the executor what comes back, logs what it says, and sends what it wants sent."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import field, replace
from functools import partial
from typing import TYPE_CHECKING, Final

from runner import registry
from runner.errors import EnvironmentFault, JournalFault
from runner.execute.run import Run
from runner.execute.world import Outbox
from runner.interrupts import Interrupts
from runner.journal.writer import Journal
from runner.model.call import Carried, Lines, Reply, Sent, Status, Target, Trip, TripEnd
from runner.model.event import (
    BROKEN_OFF,
    UNDECIDED,
    Event,
    FilesRead,
    IntentWithdrawn,
    Kept,
    Notice,
    Record,
    RunEnd,
    TaskIntent,
    TaskOutput,
    TaskResult,
)
from runner.model.options import Options
from runner.model.ports import Dispatcher, Reporter
from runner.model.quick import dataclass
from runner.preparation import Prepared, prepare
from runner.resuming import Resumption
from runner.start import Oversight, Setting, open_run

if TYPE_CHECKING:
    from runner.reporters import ReporterContext

__all__ = ["Ended", "Prepared", "execute", "prepare"]

# How long steps under way may take to answer after the first interrupt.
GRACE_S = 10.0
# How often somebody who waits for hosts looks whether the run is to be stopped.
LOOK_S = 0.25
INTERRUPTED = "the run was interrupted"
# The exit code of a resumed run in which a host was stopped at a step that may or may not have run.
INDETERMINATE = 6
LOG_FULL = "the log cannot be written any more"
_FOR_RESUMING: Final = (Kept, FilesRead)
Notify = Callable[[str, str], None]  # a host ("": none) and a remark
# Local actions after which other steps may follow, or the same ones on other hosts. The other ones change nothing.
_BRING_MORE: Final = frozenset({"include_tasks", "include_role", "include_vars", "add_host", "group_by"})


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended. `log_path` is where its log is, `head` the SHA-256 of its last line.
    `resume`: how to name it to go on with it; "" if it is over."""

    exit_code: int
    log_path: str
    resume: str = ""
    head: str = ""

    @property
    def log(self) -> str:
        """Where the log is and how it ends, for people to keep: `pbrun log verify --head` takes it."""
        return f"log: {self.log_path} (head {self.head})"


def steady_clock() -> Callable[[], float]:
    """UTC epoch seconds that go on as time does, from now: waits end when they should though the clock is set."""
    began = time.time() - time.monotonic()
    return lambda: began + time.monotonic()


@dataclass(slots=True)
class Tally:
    """What the exit code needs to know of the results seen."""

    pending: bool = False
    indeterminate: bool = False

    def see(self, event: Event) -> None:
        """Look at one event."""
        if isinstance(event, TaskResult) and event.status is Status.INDETERMINATE and event.final:
            self.indeterminate = self.indeterminate or not event.ignored
        if isinstance(event, TaskResult) and event.final and not self.pending:
            self.pending = (event.changed or event.prediction in ("change", "unknown")) and _concerns_host(event)


def _concerns_host(event: TaskResult) -> bool:
    """Whether a step that changes something, or may, changes a host; `debug`, `assert` and their like never do."""
    try:
        local = registry.load("modules", event.module).SPEC.local
    except KeyError:
        return True
    return not local or (event.prediction == "unknown" and event.module in _BRING_MORE)


@dataclass(slots=True)
class Loop:
    """One run under way. `settled`: all that came back is in its log; `unwritten`: what the log would not take at
    first; `torn`: what came back did not get into it at all."""

    run: Run
    dispatcher: Dispatcher
    journal: Journal
    reporters: Sequence[Reporter]
    locate: Callable[[Target], Target]
    remarks: Callable[[], list[Event]]
    foretell: Callable[[TaskResult], str | None] | None = None
    now: Callable[[], float] = field(default_factory=steady_clock)
    tally: Tally = field(default_factory=Tally)
    under_way: dict[int, None] = field(default_factory=dict)
    stopping: bool = False
    settled: bool = False
    fault: JournalFault | None = None
    unwritten: Sequence[Event] = ()
    torn: bool = False
    interrupts: Interrupts = field(default_factory=Interrupts)

    def go(self) -> None:
        """Run to the end. An interrupt stops sending, waits a while for what is under way, and gives up on it. After a
        KeyboardInterrupt, which may come in the middle of anything, no answer is taken any more."""
        try:
            self.run.tick(self.now())
            if self.run.world.replay is None:
                self.run.start()
            self.flush()
            while not self.run.finished and not self.interrupts.asked:
                self.turn(None)
            if not self.run.finished:
                self._stop(INTERRUPTED)
        except KeyboardInterrupt:
            self._stop(INTERRUPTED, grace_s=0.0)
        except JournalFault as fault:
            self.fault = fault
            self._stop(LOG_FULL)

    def turn(self, limit_s: float | None) -> None:
        """Wait for something to happen (at most `limit_s`), and let it have its effect."""
        wake = self.run.world.next_wake
        patience = LOOK_S if limit_s is None else min(limit_s, LOOK_S)
        if wake is not None:
            patience = min(patience, max(0.0, wake - self.now()))
        self.interrupts.at_rest = False
        self.take(self.dispatcher.wait(patience))
        self.run.tick(self.now())
        self.flush()

    def take(self, messages: Sequence[Reply | TripEnd | Sent | Carried | Lines]) -> None:
        """Feed replies and ends of trips to the executor."""
        self.run.world.now = self.now()
        for message in messages:
            if isinstance(message, Reply):
                self.run.hear(message)
            elif isinstance(message, TripEnd) and message.trip in self.under_way:
                del self.under_way[message.trip]
                self.run.end(message)
            elif isinstance(message, Lines):
                self.run.hear_lines(message)
            elif isinstance(message, Carried):
                for reporter in self.reporters:
                    reporter.carried(message)

    def flush(self) -> None:
        """Write events (intents are on disk before anything is sent), show them, then send the trips."""
        while box := self._next_box():
            if self.stopping:
                box = self._unsent(box)
            self.tell([*self.remarks(), *box.events], durable=bool(box.trips or box.resets))
            for host in box.resets:
                self.dispatcher.reset(host)
            for trip in box.trips:
                self._send(trip)
        if remarks := self.remarks():
            self.tell(remarks)

    def _next_box(self) -> Outbox:
        """What is to be done outside next; empty when the executor waits."""
        world = self.run.world
        if not world.outbox:
            self.run.pump()
        return world.take_outbox()

    def _unsent(self, box: Outbox) -> Outbox:
        """The box without its trips. What does not leave needs no intent: to withdraw one that did not fit into a
        full log would be a line about nothing."""
        trips = {trip.id for trip in box.trips}
        for trip in trips:
            self.run.forget(trip)
        intended = (event for event in box.events if not (isinstance(event, TaskIntent) and event.trip in trips))
        return Outbox(events=list(intended), resets=box.resets)

    def _send(self, trip: Trip) -> None:
        self.under_way[trip.id] = None
        try:
            # What came back has been logged before this: no trip that is older than those under way has more to say.
            settled = next(iter(self.under_way))
            self.dispatcher.send(replace(trip, target=self.locate(trip.target), settled=settled))
        except EnvironmentFault as error:
            del self.under_way[trip.id]
            self.run.end(TripEnd(trip.id, str(error), sent=False))

    def tell(self, events: Sequence[Event], *, durable: bool = False) -> None:
        """Log events and show them."""
        if self.foretell is not None:
            events = [
                replace(event, foretold=self.foretell(event)) if isinstance(event, TaskResult) else event
                for event in events
            ]
        for event in events:
            self.tally.see(event)
        if self.torn:
            # Nothing may stand in the log that came after what is missing in it.
            events = [event for event in events if isinstance(event, Notice | IntentWithdrawn | RunEnd)]
        elif self.fault is not None:
            events = [event for event in events if not isinstance(event, TaskOutput)]
        head = self.journal.head
        try:
            with self.interrupts.writing():
                records = self.journal.write(events, durable=durable)
        except JournalFault:
            # What the disk would not confirm stands in the log all the same.
            missing = self.journal.head == head
            self.torn = self.torn or (missing and self.fault is not None)
            if missing and self.fault is None:
                # What was not sent needs no intent; what came back may fit into the space that is kept for it. What is
                # printed meanwhile must not take that space from the results, which have it as well.
                self.unwritten = [event for event in events if not isinstance(event, TaskIntent | TaskOutput)]
            # After the first fault nothing is sent any more; what hosts still answer is written as far as it can be.
            if self.fault is None:
                raise
            return
        self.show(records)

    def show(self, records: Iterable[Record]) -> None:
        """Show what stands in the log, but for what is only there to go on from."""
        for record in records:
            if not isinstance(record.event, _FOR_RESUMING):
                for reporter in self.reporters:
                    reporter.see(record)

    def catch_up(self) -> None:
        """Log and show what has happened so far, before the user is asked something in the middle of it."""
        world = self.run.world
        events, world.outbox.events = world.outbox.events, []
        self.tell([*self.remarks(), *events], durable=True)
        self.interrupts.at_rest = True

    def _stop(self, why: str, grace_s: float = GRACE_S) -> None:
        """Send nothing more; let what is under way answer for a while, then say that it may or may not have run. It has
        no result in the log then, so that the run can go on from there."""
        self.stopping = True
        deadline = self.now() + grace_s
        again = " (Ctrl-C again: do not wait)" if why == INTERRUPTED else ""
        head = self.journal.head
        try:
            self.show(self.journal.write(self.unwritten, durable=False))
        except JournalFault:
            self.torn = self.journal.head == head
        with contextlib.suppress(KeyboardInterrupt, JournalFault):
            if self.under_way and grace_s:
                self.tell([Notice("warning", f"{why}: waiting up to {grace_s:g} s for steps under way{again}")])
            while self.under_way and self.now() < deadline:
                self.take(self.dispatcher.wait(max(0.0, deadline - self.now())))
                self.flush()
        with contextlib.suppress(KeyboardInterrupt, JournalFault):
            for host, task in self.run.under_way(sorted(self.under_way)):
                self.tell([Notice("warning", f"{why}: {host}: {task!r} was under way, it may or may not have run")])
            self.under_way.clear()
            self.tell(self.run.world.take_outbox().events)


def find_dispatcher(options: Options, notice: Notify) -> Dispatcher:
    """The engine that is wanted, which may be one at an address; raises EnvironmentFault when it cannot be had."""
    name, _, address = options.engine.partition(":")
    more = {"address": address} if address else {}
    transports, becomes = (partial(registry.found, room) for room in ("transports", "become"))
    made: Dispatcher = registry.load("dispatch", name).create(options.forks, transports, becomes, notice, **more)
    return made


def execute(
    prepared: Prepared,
    options: Options,
    *,
    reporter_context: ReporterContext | None = None,
    argv: Sequence[str] = (),
    words: Sequence[str] = (),
    resumption: Resumption | None = None,
    make: Callable[[Options, Notify], Dispatcher] = find_dispatcher,
    oversight: Oversight = Oversight(),  # noqa: B008 - a frozen value
) -> Ended:
    """Run a plan; `make` gives what carries its trips. `argv` is the command line as it may be shown, `words` as it
    was, if the run may be resumed; `resumption`: it is. Returns how it ended.

    Raises PbrunErrors that come before the first step (the log cannot be opened, a prompt is not answered, a cluster
    cannot be reached)."""
    with contextlib.ExitStack() as stack:
        setting = open_run(prepared, options, reporter_context, argv, words, resumption, stack, oversight)
        dispatcher = make(options, setting.notice)
        run = Run(setting.world, prepared.plan, prepared.inventory, setting.hosts_of)
        loop = Loop(run, dispatcher, setting.journal, setting.reporters, setting.locate, setting.take_notices,
                    oversight.foretell)  # fmt: skip
        stack.callback(lambda: dispatcher.close(settled=loop.settled))
        setting.screen.catch_up = loop.catch_up
        for before in resumption.broken.standing() if resumption else ():
            loop.tally.see(before)
        loop.show(resumption.broken.opening() if resumption else ())
        again = run.recall() if resumption else []
        loop.tell(setting.opening, durable=True)
        loop.show(Record(0, setting.journal.run, setting.began, event) for event in again)
        with loop.interrupts.listening():
            loop.go()
        return _end(loop, options, setting)


def _end(loop: Loop, options: Options, setting: Setting) -> Ended:
    code, status = exit_code(loop, options)
    hosts = loop.run.recap()
    took = max(0.0, loop.now() - setting.began)
    ending = RunEnd(status, code, hosts, took, loop.run.stats())
    try:
        loop.tell([*setting.take_notices(), ending], durable=True)
        loop.settled = loop.fault is None and not loop.stopping
    except JournalFault as fault:
        loop.fault = fault
    if loop.fault is not None:
        raise loop.fault
    journal = setting.journal
    return Ended(code, str(journal.path), setting.resume_name if loop.stopping else "", journal.head)


def exit_code(loop: Loop, options: Options) -> tuple[int, str]:
    """Ansible's exit codes, and with `--check --detailed-exitcode` 0 nothing to change, 2 changes pending, 1 error."""
    if loop.fault is not None:
        return loop.fault.exit_code, BROKEN_OFF
    if loop.stopping:
        return 99, BROKEN_OFF
    code = loop.run.exit_code()
    status = {0: "ok", 2: "failed", 4: "unreachable"}[code]
    if code == 4 and loop.tally.indeterminate and loop.run.world.replay is not None:
        return INDETERMINATE, UNDECIDED
    if options.check and options.detailed_exitcode:
        code = 1 if code else (2 if loop.tally.pending else 0)
    return code, status
