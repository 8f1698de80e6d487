"""Options of a section of an INI text set, added or removed (what ini_file computes).

The rules are those of https://docs.ansible.com/ansible/latest/collections/community/general/ini_file_module.html: the
rest of the text, comments too, stays as it is.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import NamedTuple

from runner.model.quick import dataclass
from runner.sh.lines import split_text

_COMMENT_OR_BLANK = re.compile(r"[ \t]*([#;].*)?$")


@dataclass(frozen=True, slots=True)
class Wish:
    """What an option of a section shall be.

    `section` "": the lines before the first one. `values`: all values the option shall have (none: with
    `allow_no_value` it stands alone). `exclusive`: it has no others. `inactive`: a commented-out line of the option is
    made the option. `indent`: that many blanks stand before the option. `has`: only a section that has these options
    with (one of) these values is the one.
    """

    section: str
    option: str | None = None
    values: tuple[str, ...] = ()
    present: bool = True
    exclusive: bool = True
    allow_no_value: bool = False
    no_extra_spaces: bool = False
    ignore_spaces: bool = False
    inactive: bool = True
    indent: int = 0
    has: tuple[tuple[str, tuple[str, ...]], ...] = ()


class Edited(NamedTuple):
    """The new text, what was done in Ansible's words ("OK": nothing), and whether anything was."""

    text: str
    msg: str
    changed: bool


class _Option(NamedTuple):
    """A line that sets an option; `mark` is `#` or `;` if it is commented out."""

    mark: str
    value: str


def edited(text: str, wish: Wish) -> Edited:
    """The text with the option as it shall be. Newlines become `\\n` where anything changes."""
    lines = split_text(re.sub(r"\r\n?", "\n", text)) or ["\n"]
    unended = not lines[-1].endswith("\n")
    if unended:
        lines[-1] += "\n"
    found = _find(lines, wish)
    if found is None:
        return _with_section(lines, wish) if wish.present else Edited("".join(lines), "OK", unended)
    start, end = found
    body = _Body(lines[start:end], wish)
    if wish.present:
        body.set()
    else:
        body.remove()
    if body.header_goes and wish.section:
        start -= 1
    return Edited("".join([*lines[:start], *body.lines, *lines[end:]]), body.msg, body.changed or unended)


def _find(lines: list[str], wish: Wish) -> tuple[int, int] | None:
    """Where the section's lines begin (behind its header) and end; None if there is no such section."""
    heads = [number for number, line in enumerate(lines) if line.startswith("[")] + [len(lines)]
    if not wish.section:
        return 0, heads[0]
    header = re.compile(rf"\[\s*{re.escape(wish.section.strip())}\s*\]")
    for start, end in pairwise(heads):
        if header.match(lines[start]) and _has(lines[start + 1 : end], wish):
            return start + 1, end
    return None


def _has(lines: list[str], wish: Wish) -> bool:
    return all(
        any((read := _read(line, option)) is not None and (not values or read.value in values) for line in lines)
        for option, values in wish.has
    )


def _read(line: str, option: str, *, inactive: bool = True, bare: bool = True) -> _Option | None:
    """What the line says of the option; None if it is about something else. `bare`: a comment needs no `=` for that."""
    mark = "([#;]?)" if inactive else "()"
    match = re.match(rf"[ \t]*{mark}[ \t]*{re.escape(option)}[ \t]*(?:(=)|$)[ \t]*(.*)", line)
    # A comment that holds the option's name alone is prose.
    return _Option(match[1], match[3]) if match and (match[2] or not match[1] or bare) else None


def _assignment(wish: Wish, option: str, value: str | None) -> str:
    option = " " * wish.indent + option
    if value is None:
        return f"{option}\n"
    return f"{option}={value}\n" if wish.no_extra_spaces else f"{option} = {value}\n"


def _with_section(lines: list[str], wish: Wish) -> Edited:
    """The section is added at the end, with what it must have to be the one."""
    values = list(wish.values)
    added = [f"[{wish.section}]\n"]
    for option, wanted in wish.has:
        if option != wish.option:
            none = [_assignment(wish, option, None)] if wish.allow_no_value else []
            added += [_assignment(wish, option, value) for value in wanted] or none
        elif not wish.exclusive:
            values += [value for value in wanted if value not in values]
    msg = "section and option added"
    if wish.option and values:
        added += [_assignment(wish, wish.option, value) for value in values]
    elif wish.option and wish.allow_no_value:
        added.append(_assignment(wish, wish.option, None))
    else:
        msg = "only section added"
    return Edited("".join([*lines, *added]), msg, True)


class _Body:
    """The lines of one section while they are worked on."""

    def __init__(self, lines: list[str], wish: Wish) -> None:
        self.lines = lines
        self.msg = "OK"
        self.changed = False
        self.header_goes = False
        self._wish = wish
        self._settled: set[int] = set()

    def set(self) -> None:
        """Keep lines that have a wanted value, turn others into what is missing, drop the rest, add what is left."""
        option, missing = self._wish.option, list(self._wish.values)
        if not option:
            return
        alone = self._keep(option, missing)
        if self._wish.exclusive and not self._wish.allow_no_value:
            self._turn(option, missing)
        new = [_assignment(self._wish, option, value) for value in missing]
        if self._wish.allow_no_value and not self._wish.values and not alone:
            new = [_assignment(self._wish, option, None)]
        if new:
            at = max((n + 1 for n, line in enumerate(self.lines) if not _COMMENT_OR_BLANK.match(line)), default=0)
            self.lines[at:at] = new
            self._did("option added")

    def _keep(self, option: str, missing: list[str]) -> bool:
        """Lines that have a wanted value get its form; whether the option stands there without one."""
        for number, line in enumerate(self.lines):
            read = _read(line, option, inactive=self._wish.inactive, bare=self._wish.allow_no_value)
            if read is None:
                continue
            if read.value in missing:
                bare = not read.value and self._wish.allow_no_value
                self._rewrite(number, option, None if bare else read.value)
                missing.remove(read.value)
            elif not self._wish.values and self._wish.allow_no_value:
                self._rewrite(number, option, None)
                return True
        return False

    def _turn(self, option: str, missing: list[str]) -> None:
        """The option's other lines take the missing values, in order; those that are left over go."""
        others = [
            number
            for number, line in enumerate(self.lines)
            if number not in self._settled
            and _read(line, option, inactive=self._wish.inactive, bare=self._wish.allow_no_value)
        ]
        for number in others[: len(missing)]:
            self._rewrite(number, option, missing.pop(0))
        over = [number for number in others if number not in self._settled]
        if over:
            self.lines = [line for number, line in enumerate(self.lines) if number not in over]
            self._did("option changed")

    def remove(self) -> None:
        """Drop the option's lines (not commented-out ones), those with the given values, or the whole section."""
        wish, kept = self._wish, self.lines
        if not wish.option:
            if wish.section or self.lines:
                self._did("section removed")
            self.lines, self.header_goes = [], True
            return
        if wish.exclusive or wish.values:
            kept = [line for line in self.lines if not self._goes(line, wish.option)]
        if kept != self.lines:
            self.lines = kept
            self._did("option changed")

    def _goes(self, line: str, option: str) -> bool:
        read = _read(line, option, inactive=False)
        return read is not None and (self._wish.exclusive or read.value in self._wish.values)

    def _rewrite(self, number: int, option: str, value: str | None) -> None:
        new, old = _assignment(self._wish, option, value), self.lines[number]
        read = _read(old, option)
        self._settled.add(number)
        if self._wish.ignore_spaces and read and not read.mark and read.value == (value or ""):
            return
        if old != new:
            self.lines[number] = new
            self._did("option changed")

    def _did(self, msg: str) -> None:
        self.msg, self.changed = msg, True
