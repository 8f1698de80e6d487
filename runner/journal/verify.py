"""Whether a log is as it was written: each line names the SHA-256 of the line before it, and runs follow their rules.

What this cannot see without the head (the hash of the last line, which a run prints at its end): that lines were cut
off at the end, that the last line was changed, or that all of it was written anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import field
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from runner.errors import EnvironmentFault
from runner.journal.encode import NewerVersion, UnknownType, opened, record_of
from runner.journal.place import fault
from runner.model.event import BROKEN_OFF, NO_LINE, UNDECIDED
from runner.model.quick import dataclass

_BEGINNINGS: Final = ("run_start", "resume_start")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found. `faults`: line numbers (from 1) with what is wrong there; `open`: runs that have no end.

    `head`: the hash of the last whole line. `after`: how many lines later runs added behind the head that was asked
    for."""

    faults: tuple[tuple[int, str], ...]
    lines: int
    runs: int
    open: tuple[str, ...]
    head: str
    after: int = 0


def lines_of(path: Path) -> Iterator[bytes]:
    """The lines of a file as they stand there. Raises EnvironmentFault if it cannot be read."""
    try:
        with path.open("rb") as file:
            yield from file
    except OSError as error:
        raise EnvironmentFault(str(fault(path, "read", error))) from None


def verify(lines: Iterable[bytes], head: str | None = None) -> Verdict:
    """Look at each line. `head`: what the hash of the last line has to be (64 hex digits), if that is known."""
    chain = Chain(head)
    for line in lines:
        if not chain.see(line):
            break
    return chain.verdict()


@dataclass(slots=True)
class _Run:
    """What a run may say next. `sent` are steps whose intents are in the log: a withdrawal needs one."""

    id: str
    seq: int
    over: bool = False
    resumable: bool = False
    decidable: bool = False
    sent: set[tuple[Any, ...]] = field(default_factory=set)


@dataclass(slots=True)
class Chain:
    """The lines so far. `places`: each line's number by its hash; `wanted`: what the last one's has to be."""

    wanted: str | None
    head: str = NO_LINE
    number: int = 0
    whole: int = 0
    places: dict[str, int] = field(default_factory=lambda: {NO_LINE: 0})
    kinds: list[str] = field(default_factory=list)
    run: _Run | None = None
    seen: set[str] = field(default_factory=set)
    open: list[str] = field(default_factory=list)
    faults: list[tuple[int, str]] = field(default_factory=list)

    def see(self, line: bytes) -> bool:
        """Take in a line; whether the next one may be looked at."""
        self.number += 1
        if not line.endswith(b"\n"):
            self._wrong("half a line: the run was killed while writing it, or it was cut off")
            return False
        before, self.head = self.head, sha256(line).hexdigest()
        self.whole += 1
        kind, go_on = "", True
        try:
            read = opened(line)
            kind = read["type"]
            self._link(read, before)
            self._follow(read)
            record_of(read)
        except UnknownType:
            pass
        except NewerVersion as error:
            self._wrong(str(error))
            go_on = False
        except ValueError as error:
            self._wrong(f"not a line of a log: {error}")
        self.places.setdefault(self.head, self.number)
        self.kinds.append(kind)
        return go_on

    def _wrong(self, what: str, number: int | None = None) -> None:
        self.faults.append((self.number if number is None else number, what))

    def _link(self, read: dict[str, Any], before: str) -> None:
        """Whether the line before this one is the one that it names."""
        named = read.get("prev")
        if named == before:
            return
        run = self.run
        follows = run is not None and run.id == read.get("run") and read.get("seq") == run.seq + 1
        if not isinstance(named, str):
            self._wrong("it does not name the line before it (prev)")
        elif named in self.places:
            place = self.places[named]
            where = f"right behind line {place}" if place else "as the first line"
            self._wrong(f"it was written {where}: it was moved or repeated, or what stands between was put in")
        elif self.number == 1:
            self._wrong("lines before it are missing, or it was changed")
        elif follows:
            self._wrong("this line was changed, or the hash that the next one has of it", self.number - 1)
        else:
            self._wrong("the line that it was written behind is missing or was changed")

    def _follow(self, read: dict[str, Any]) -> None:
        """Whether a run may say this here."""
        kind, seq, name = read["type"], read.get("seq"), read.get("run")
        if type(seq) is not int or not isinstance(name, str):
            return
        run = self.run
        if run is None or run.id != name:
            run = self._begin(name, seq, kind)
        else:
            if seq != run.seq + 1:
                self._wrong(f"its number in the run is {seq}, and should be {run.seq + 1}")
            if kind == "run_start":
                self._wrong(f"the run {name} begins a second time")
            if run.over and not (kind == "resume_start" and (run.resumable or (run.decidable and _decides(read)))):
                self._wrong(f"the run {name} was over before this")
            run.seq = seq
        if kind == "run_end":
            run.over, status = True, read.get("status")
            run.resumable, run.decidable = status == BROKEN_OFF, status == UNDECIDED
        elif kind == "resume_start":
            run.over = False
        elif kind == "task_intent":
            run.sent.add(_step(read))
        elif kind == "intent_withdrawn" and _step(read) not in run.sent:
            self._wrong("it withdraws an intent that is not there")

    def _begin(self, name: str, seq: int, kind: str) -> _Run:
        if self.run is not None and not self.run.over:
            self.open.append(self.run.id)
        if name in self.seen:
            self._wrong(f"the run {name} goes on behind another one")
        elif kind != "run_start" or seq:
            self._wrong(f"the run {name} does not begin with run_start as its line 0")
        self.seen.add(name)
        self.run = _Run(name, seq)
        return self.run

    def verdict(self) -> Verdict:
        """What was found, once all lines are seen."""
        if self.run is not None and not self.run.over:
            self.open.append(self.run.id)
        if not self.whole and not self.faults:
            self._wrong("it is empty", 0)
        after = self._after_head()
        faults = tuple(sorted(dict.fromkeys(self.faults)))
        return Verdict(faults, self.whole, len(self.seen), tuple(self.open), self.head, after)

    def _after_head(self) -> int:
        """How many lines stand behind the one whose hash was to be the last."""
        if self.wanted is None or self.wanted == self.head:
            return 0
        place = self.places.get(self.wanted, 0)
        if not place:
            self._wrong("no line has the head that was asked for: lines at the end are missing or were changed, "
                        "or all of it was written anew")  # fmt: skip
            return 0
        if self.kinds[place] not in _BEGINNINGS:
            self._wrong("the head that was asked for is the line before this one: what follows was added", place + 1)
        return self.whole - place


def _decides(resumption: dict[str, Any]) -> bool:
    """Whether it says what to do with steps that may or may not have run."""
    return resumption.get("indeterminate") in ("rerun", "skip")


def _step(read: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(repr(read.get(name)) for name in ("task_id", "host", "trip", "index"))
