"""`pbrun exec` on a screen or in a pipe: what each host answered, under its name; the same answer of many hosts once.

The lines of a host are indented, so that nothing it prints can pass for the heading of another host.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from typing import Final

from runner.model.call import Carried, Status
from runner.model.event import HostLost, Notice, PlayStart, Record, RunEnd, TaskOutput, TaskResult
from runner.reporters import ReporterContext, _ci, _words
from runner.reporters._diffs import unified
from runner.reporters._fold import FEW, Block, Fold
from runner.reporters._transfers import Transfers
from runner.reporters._visible import visible

INDENT: Final = "  "


def _rows(text: str) -> Iterator[str]:
    shown = visible(text, rows=True).rstrip("\n")
    if shown:
        yield from (f"{INDENT}{row}" for row in shown.split("\n"))


def _body(result: TaskResult, *, printed: bool) -> str:
    """What a host answered: its message if it is not in the heading, then both outputs if they were not `printed`."""
    said = ("", "non-zero return code", _words.reason(result))
    told = result.msg if result.status in _words.BAD and result.msg not in said else ""
    outputs = () if printed else (result.stdout, result.stderr)
    return "\n".join(row for text in (told, *outputs) for row in _rows(text))


def _heading(result: TaskResult) -> str:
    """How it ended: `ok`, `changed`, `FAILED`, `UNREACHABLE` … and the exit code if there is one."""
    word = result.status.value.upper() if result.status in _words.BAD else _words.word(result)
    if result.rc is not None:
        return f"{word} (rc={result.rc})"
    return f"{word}: {_words.reason(result)}" if result.status in _words.BAD else word


class Answers:
    """Shows answers by section, hosts that say the same together."""

    def __init__(self, context: ReporterContext) -> None:
        self._out = _ci.stream(context.out, context.ci, colour=context.colour)
        self._err = _ci.stream(context.err, context.ci, colour=context.colour)
        self._fold = Fold()
        self._hosts: tuple[str, ...] = ()
        self._lost: dict[str, str] = {}
        self._printed: set[tuple[str, str]] = set()  # hosts, and items, whose lines have been shown already
        self._short: set[tuple[str, str]] = set()  # those of them that were not shown all
        self._ends: Counter[str] = Counter()
        self._transfers = Transfers()
        # On a terminal, how far long transfers are stands in one line that comes and goes.
        self._passing = context.err if context.is_tty else None
        self._width = context.width
        self._passed = False

    def see(self, record: Record) -> None:
        """Take a record in, and print what is complete."""
        event = record.event
        self._pass("")
        if isinstance(event, PlayStart):
            self._hosts = event.hosts
        elif isinstance(event, TaskOutput):
            self._note(event)
            for row in _words.printed(event):
                self._out.line(row, "dim")
        elif isinstance(event, TaskResult) and event.final:
            self._lost.pop(event.delegate or event.host, None)
            self._transfers.drop(event.delegate or event.host)
            self._ends[event.status.value] += 1
            self._fold.add(event, f"{_heading(event)}\n{self._body(event)}", record.ts)
        elif isinstance(event, HostLost):
            self._transfers.drop(event.host)
            self._lost[event.host] = event.reason
        elif isinstance(event, Notice):
            self._err.line(f"[{event.level.upper()}]: {visible(event.message, rows=True)}")
        if isinstance(event, RunEnd):
            self._end()
            return
        for block in self._fold.ripe(record.ts):
            self._show(block)

    def carried(self, news: Carried) -> None:
        """How far a long transfer is, in a line that the next one overwrites."""
        self._transfers.see(news)
        self._pass("; ".join(self._transfers.rows(FEW)))

    def _pass(self, text: str) -> None:
        if self._passing is None or (not text and not self._passed):
            return
        self._passed = bool(text)
        with contextlib.suppress(OSError, ValueError):
            self._passing.write(f"\r\x1b[K{text[: self._width - 1]}")
            self._passing.flush()

    def close(self) -> None:
        """Show what was held back."""
        self._pass("")
        for block in self._fold.rest():
            self._show(block)

    def _end(self) -> None:
        self.close()
        for host, why in self._lost.items():
            self._ends[Status.UNREACHABLE.value] += 1
            self._out.line(f"{visible(host)} | UNREACHABLE: {visible(why)}", "unreachable")
        if len(self._hosts) > 1:
            ends = ", ".join(f"{count} {name}" for name, count in sorted(self._ends.items()))
            self._out.line(f"{len(self._hosts)} hosts: {ends}", "dim")

    def _show(self, block: Block) -> None:
        for heap in block.heaps.values():
            result = heap.example
            self._out.line(f"{self._who(heap.hosts)} | {_heading(result)}", _words.style(result))
            body = self._body(result)
            if body:
                self._out.line(body)
            if result.show_diff:
                for text, style in (row for diff in result.diff for row in unified(diff)):
                    self._out.line(text, style)

    def _note(self, event: TaskOutput) -> None:
        """An output that could not be streamed as a whole is told once more."""
        place = event.host, str(event.item)
        self._short |= {place} if event.left_out else set()
        self._printed.add(place)

    def _body(self, result: TaskResult) -> str:
        return _body(result, printed=(result.host, str(result.item)) in self._printed - self._short)

    def _who(self, hosts: list[str]) -> str:
        if len(hosts) > FEW and len(hosts) == len(self._hosts):
            return f"all {len(hosts)} hosts"
        order = {host: place for place, host in enumerate(self._hosts)}
        return ", ".join(visible(host) for host in sorted(hosts, key=lambda host: order.get(host, 0)))


def create(context: ReporterContext) -> Answers:
    """A reporter for one command on many hosts."""
    return Answers(context)
