"""One trip from its shell's hello to its end: uploads, text, replies as they come, deadlines, downloads."""

from __future__ import annotations

import contextlib
import queue
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field, replace
from itertools import groupby
from typing import Final

from runner.dispatch import _deadline
from runner.dispatch._files import Files, TransferFailed
from runner.dispatch._host import HostLink
from runner.dispatch._printed import Printed
from runner.dispatch._session import Session
from runner.dispatch._shell import Started
from runner.errors import ConnectionLost, StepError, Unreachable
from runner.model.call import Carried, Line, Lines, Reply, Sent, Trip, TripEnd
from runner.model.quick import dataclass
from runner.sh.frames import Piece, Record, StepStart, TripDone
from runner.sh.fuse import is_asked, is_claimed, trip_text
from runner.sh.replies import Replies

# A killed step still sends its output; a shell that does not get that far is given up.
AFTERMATH_S: Final = 5.0
# Whoever finds a deadline so long over was stopped himself (SIGSTOP, a machine that slept): the answer may lie there.
OVERSLEPT_S: Final = 0.3
SECOND_LOOK_S: Final = 1.0
LONG: Final = 4 << 20  # bytes of a transfer that is worth being watched
MOMENT_S: Final = 0.5
MANY: Final = 200  # messages

Message = Reply | TripEnd | Sent | Carried | Lines
Sink = Callable[[list[Message]], None]


def arrived(messages: queue.SimpleQueue[list[Message]], timeout_s: float | None) -> list[Message]:
    """What has been delivered, waiting for at least one message; an empty list when the time is over. Where many have
    come, some of them: what is made of them is all in memory until it is in the log."""
    try:
        found = messages.get(timeout=timeout_s)
    except queue.Empty:
        return []
    while len(found) < MANY and not messages.empty():
        found += messages.get()
    return found


@dataclass(slots=True)
class Mail:
    """Messages of one trip on their way to `sink`: those that came together go together, since each delivery wakes
    another thread. That a trip has left is no news of its own; it waits for the first answer."""

    sink: Sink
    ended: bool = False
    _held: list[Message] = field(default_factory=list)
    _news: bool = False

    def post(self, message: Message) -> None:
        """Hold a message; the end of a trip takes everything along."""
        self._held.append(message)
        self._news = self._news or not isinstance(message, Sent)
        if isinstance(message, TripEnd):
            self.ended = True
            self.flush()

    def flush(self) -> None:
        """Deliver what is held, before waiting for more."""
        if self._news:
            held, self._held, self._news = self._held, [], False
            self.sink(held)


def carry(trip: Trip, link: HostLink, mail: Mail, files: Files) -> None:
    """Carry a trip, and `files` what it brings along; exactly one `TripEnd` is posted, after its replies."""
    sink = mail.post
    while True:
        try:
            session = link.take(trip.become, trip.settled)
            used_before = session.trips > 0
            work = _Work(trip, link, session, mail, files)
            lost = _carry_on(work)
        except Unreachable as error:
            # The shell never became ready, and runs nothing before it is.
            sink(TripEnd(trip.id, str(error), sent=False, refused=error.become))
            return
        except ConnectionLost as error:
            sink(TripEnd(trip.id, str(error), sent=False))
            return
        # A shell that died while it lay idle has read nothing of this trip: a new one may have it.
        if lost is None or work.sent or not used_before:
            sink(TripEnd(trip.id, lost, sent=work.sent or lost is None))
            return


def _carry_on(work: _Work) -> str | None:
    """The trip on one shell; why it was lost, or None."""
    try:
        work.run()
    except ConnectionLost as error:
        return str(error)
    except StepError as error:
        work.fail_rest(str(error))
    finally:
        work.link.give_back(work.session, usable=work.usable)
    return None


@dataclass(slots=True)
class _Work:
    """A trip under way. `usable` says whether its shell can take another one."""

    trip: Trip
    link: HostLink
    session: Session
    mail: Mail
    files: Files
    sent: bool = False
    usable: bool = False
    done: set[int] = field(default_factory=set)

    def run(self) -> None:
        """Leg by leg. Raises `ConnectionLost`, and `StepError` for a text that cannot be sent."""
        for lines in _legs(self.trip.lines):
            if not _Leg(self, lines).run():
                break
        self.usable = True

    def answer(self, reply: Reply) -> None:
        self.done.add(reply.index)
        self.mail.post(reply)

    def fail_rest(self, msg: str) -> None:
        """The text was never sent: its first step that has no reply fails with the reason."""
        self.usable = True
        for line in self.trip.lines:
            if line.index not in self.done:
                self.answer(_failure(self.trip.id, line.index, msg))
                return

    def meter(self, path: str, size: int) -> Callable[[int], None]:
        """What tells how far a transfer is: of a large file, about twice a second, and at its end."""
        last = time.monotonic()

        def tell(done: int) -> None:
            nonlocal last
            now = time.monotonic()
            if size >= LONG and (done == size or now - last >= MOMENT_S):
                last = now
                self.mail.post(Carried(self.trip.target.host, path, done, size))
                self.mail.flush()

        return tell

    def beside(self, script: str | None = None) -> Started:
        return self.link.beside(self.trip.become, script)


def _legs(lines: tuple[Line, ...]) -> list[tuple[Line, ...]]:
    """A trip in pieces: a group with a download ends one, since the file must be here before anything goes on."""
    legs: list[list[Line]] = [[]]
    for _, group in groupby(lines, key=lambda line: line.group):
        members = list(group)
        legs[-1] += members
        if any(line.fragment.download for line in members):
            legs.append([])
    return [tuple(leg) for leg in legs if leg]


@dataclass(slots=True)
class _Leg:
    """What is sent in one piece."""

    work: _Work
    lines: tuple[Line, ...]
    deadline: float | None = None
    expired: bool = False
    stop: bool = False
    printed: Printed = field(default_factory=Printed)

    def run(self) -> bool:
        """Send, and pass replies on until its end. False: a step failed, and nothing after it may run."""
        work = self.work
        paths, refused = self._upload()
        lines = self._without(refused)
        stopped: int | None = None
        if lines:
            session, trip = work.session, replace(work.trip, lines=lines)
            text = trip_text(trip, session.token, paths, settled=session.keeps < trip.settled, now=time.time())
            if "\0" in text:
                raise StepError("a step's text holds a NUL character")
            if trip.run and any(map(is_claimed, lines)):
                session.keeps = trip.id
            session.asks = session.asks or any(map(is_asked, lines))
            session.send(text)
            first, work.sent = not work.sent, True
            session.ready()
            if first:
                work.mail.post(Sent(work.trip.id))
            stopped = self._follow(lines)
        groups = {line.index: line.group for line in self.lines}
        for index, msg in refused.items():
            if stopped is None or groups[stopped] >= groups[index]:
                work.answer(_failure(work.trip.id, index, msg))
                self.stop |= not next(line.tolerant for line in self.lines if line.index == index)
        return stopped is None and not self.stop

    def _upload(self) -> tuple[dict[tuple[int, str], str], dict[int, str]]:
        """Carry all uploads over. Returns their paths, and why steps without them cannot run."""
        paths: dict[tuple[int, str], str] = {}
        refused: dict[int, str] = {}
        for line in self.lines:
            for item in line.fragment.uploads:
                self.work.session.ready()
                path = f"{self.work.session.folder}/u.{secrets.token_hex(8)}"
                try:
                    self.work.files.upload(self.work.beside, item, path, self.work.meter(item.source or "", item.size))
                except TransferFailed as error:
                    refused[line.index] = str(error)
                    break
                except Unreachable as error:
                    raise ConnectionLost(str(error)) from None
                paths[line.index, item.name] = path
        return paths, refused

    def _without(self, refused: Mapping[int, str]) -> tuple[Line, ...]:
        """The lines that can run: not the refused ones, and nothing after the group of one whose failure counts."""
        fatal = [line.group for line in self.lines if line.index in refused and not line.tolerant]
        last = min(fatal, default=None)
        return tuple(line for line in self.lines if line.index not in refused and (last is None or line.group <= last))

    def _follow(self, lines: tuple[Line, ...]) -> int | None:
        """Pass replies on until the end of the leg; the index of the step that stopped it, or None."""
        by_index = {line.index: line for line in lines}
        replies = Replies(self.work.trip.id, lines, round(time.time(), 6))
        records = self.work.session.records(self._left)
        while True:
            try:
                record = next(records)
            except TimeoutError:
                self._expire(replies)
                records = self.work.session.records(self._left)
                continue
            if isinstance(record, TripDone):
                return record.stopped_at
            self._see(record, replies, by_index)

    def _see(self, record: Record, replies: Replies, by_index: Mapping[int, Line]) -> None:
        if isinstance(record, StepStart):
            line = by_index.get(record.index)
            limit = line.timeout_s if line else None
            self.deadline = None if limit is None else time.monotonic() + limit
            self.expired = False
        if isinstance(record, Piece):
            if _streamed(by_index, record.index):
                self._tell(record.index, self.printed.piece(record))
            return
        # To the microsecond, as the log has it: an event that needs no rounding is written as it is.
        reply = replies.see(record, round(time.time(), 6))
        if reply is None:
            return
        if _streamed(by_index, reply.index):
            self._tell(reply.index, self.printed.rest(reply))
        self.deadline = None
        if self.expired:
            reply = replace(reply, timed_out=True, rc=reply.rc or 124)
            self.expired = False  # a step without a deadline does not say when it begins
        self.work.answer(self._fetch(reply, by_index))

    def _tell(self, index: int, printed: Iterable[tuple[str, tuple[str, ...], int]]) -> None:
        for stream, lines, left_out in printed:
            self.work.mail.post(Lines(self.work.trip.id, index, stream, lines, left_out))

    def _left(self) -> float | None:
        """How long to wait for the next answer; asked before each wait."""
        self.work.mail.flush()
        return None if self.deadline is None else max(0.0, self.deadline - time.monotonic())

    def _expire(self, replies: Replies) -> None:
        """A deadline has passed: end the step's processes; if that does not help, give the shell up."""
        now = time.monotonic()
        if now - (self.deadline or now) > OVERSLEPT_S:
            self.deadline = now + SECOND_LOOK_S
            return
        if not self.expired:
            self.expired = True
            with contextlib.suppress(Unreachable):
                _deadline.kill_below(self.work.beside(), self.work.session.pid)
            self.deadline = time.monotonic() + AFTERMATH_S
            return
        reply = replies.timed_out(time.time())
        if reply is not None:
            self.work.answer(reply)
        raise ConnectionLost("a step ran past its deadline and its processes could not be ended")

    def _fetch(self, reply: Reply, by_index: Mapping[int, Line]) -> Reply:
        line = by_index.get(reply.index)
        wanted = line.fragment.download if line else None
        if wanted is None or reply.rc != 0 or (line is not None and line.check):
            return reply
        try:
            self.work.files.download(self.work.beside, wanted, self.work.meter(wanted.dest, wanted.size or 0))
        except TransferFailed as error:
            self.stop |= line is not None and not line.tolerant
            return replace(reply, rc=1, values={**reply.values, "msg": str(error).encode()})
        except Unreachable as error:
            raise ConnectionLost(str(error)) from None
        return reply


def _streamed(by_index: Mapping[int, Line], index: int) -> bool:
    line = by_index.get(index)
    return line is not None and line.stream


def _failure(trip: int, index: int, msg: str) -> Reply:
    now = time.time()
    return Reply(trip, index, rc=1, values={"msg": msg.encode("utf-8", "surrogateescape")}, start=now, end=now)
