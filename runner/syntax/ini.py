"""INI inventories as text: sections, host lines and assignments with their places, values typed as Ansible types them.

Rules: https://docs.ansible.com/ansible/latest/collections/ansible/builtin/ini_inventory.html
"""

from __future__ import annotations

import ast
import re
import shlex
import warnings
from collections.abc import Mapping
from typing import Any, Final, Literal

from runner.model.quick import dataclass
from runner.model.span import Problem, Span
from runner.model.values import TEMPLATE_MARKS, Template

Kind = Literal["hosts", "children", "vars"]
KINDS: Final[tuple[Kind, ...]] = ("hosts", "children", "vars")

_SECTION: Final = re.compile(r"^\[([^:\]\s]+)(?::(\w+))?\]\s*(?:#.*)?$")
_GROUP_NAME: Final = re.compile(r"^([^:\]\s]+)\s*(?:#.*)?$")
# Words that no literal looks like; most values are such, and asking `ast` for each is slow.
_WORD: Final = re.compile(r"(?!(?:True|False|None)$)[A-Za-z_][A-Za-z0-9_-]*")
_QUOTING: Final = frozenset("'\"\\#")
# A literal longer than this is text for us: parsing it could take very long or exhaust the stack.
_MAX_LITERAL: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Assignment:
    """`name=value`, the value typed, Jinja text as `Template`."""

    name: str
    value: Any
    span: Span


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a section: a host pattern with its variables, the name of a child group, or one variable.

    `text` is the host pattern or child group ("" in a `vars` section).
    """

    text: str
    vars: tuple[Assignment, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Section:
    """`[group]`, `[group:children]` or `[group:vars]` with its lines. Lines above all sections are `ungrouped`'s."""

    group: str
    kind: Kind
    span: Span
    entries: tuple[Entry, ...]


def parse(text: str, path: str) -> tuple[list[Section], list[Problem]]:
    """Every section of an INI inventory in order, and every mistake found; no line stops the reading."""
    sections: list[Section] = []
    problems: list[Problem] = []
    group, kind, at = "ungrouped", "hosts", Span(path)
    known: Kind | None = "hosts"
    entries: list[Entry] = []
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if not line or line[0] in ";#":
            continue
        span = Span(path, number, len(raw) - len(raw.lstrip()) + 1)
        if line.startswith("[") and (header := _SECTION.match(line)):
            if known:
                sections.append(Section(group, known, at, tuple(entries)))
            group, kind, at, entries = header[1], header[2] or "hosts", span, []
            known = next((one for one in KINDS if one == kind), None)
            if known is None:
                problems.append(Problem(span, f"section [{group}:{kind}] has an unknown type", _kind_hint(kind)))
        elif line.startswith("[") and line.endswith("]") and ":" not in line.split("]", 1)[0]:
            problems.append(Problem(span, f"invalid section {line!r}", "a group name has no spaces, ':' or ']'"))
            known = None
        elif known:
            made = _entry(known, line, span)
            (problems if isinstance(made, Problem) else entries).append(made)  # type: ignore[arg-type]
    if known:
        sections.append(Section(group, known, at, tuple(entries)))
    return sections, problems


def _kind_hint(kind: str) -> str:
    close = next((one for one in KINDS if one.startswith(kind[:3])), "")
    return f"did you mean {close!r}?" if close else "use [group], [group:children] or [group:vars]"


def _entry(kind: Kind, line: str, span: Span) -> Entry | Problem:
    if kind == "vars":
        return _vars_entry(line, span)
    if kind == "children":
        named = _GROUP_NAME.match(line)
        return Entry(named[1], (), span) if named else Problem(span, f"expected the name of a group, got {line!r}")
    return _host_entry(line, span)


def _vars_entry(line: str, span: Span) -> Entry | Problem:
    name, equals, text = line.partition("=")
    if not equals or not name.strip():
        return Problem(span, f"expected name=value, got {line!r}")
    text_span = Span(span.path, span.line, span.column + len(name) + 1 + len(text) - len(text.lstrip()))
    return Entry("", (Assignment(name.strip(), literal(text.strip(), text_span), span),), span)


def _host_entry(line: str, span: Span) -> Entry | Problem:
    try:
        plain = line.isascii() and not _QUOTING.intersection(line)
        words = line.split() if plain else shlex.split(line, comments=True)
    except ValueError as error:
        return Problem(span, f"cannot split the host line {line!r}: {str(error).lower()}", "is a quote left open?")
    assigned: list[Assignment] = []
    place = len(words[0])
    for word in words[1:]:
        name, equals, text = word.partition("=")
        found = line.find(name, place)
        place = found if found >= 0 else place
        at = Span(span.path, span.line, span.column + place)
        if not equals or not name:
            hint = "one host a line; values with spaces need quotes"
            return Problem(at, f"expected name=value after the host {words[0]!r}, got {word!r}", hint)
        assigned.append(Assignment(name, literal(text, at), at))
        place += len(name) + 1
    return Entry(words[0], tuple(assigned), span)


def literal(text: str, span: Span) -> Any:
    """The value of `text`: a Python literal (number, True, None, list, dict, quoted text), or the text as it is.

    Nothing is executed (`ast.literal_eval`). Tuples and sets become lists, as in Ansible; text with Jinja in it
    becomes `Template`.
    """
    if _WORD.fullmatch(text):
        return text
    value: Any = text
    if len(text) <= _MAX_LITERAL:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", SyntaxWarning)
                value = ast.literal_eval(text)
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            value = text
    return marked(value, span)


def marked(value: Any, span: Span) -> Any:
    """`value` with every text that holds Jinja as `Template` of this place, and only JSON's kinds of values."""
    if isinstance(value, str):
        return Template(value, span) if any(mark in value for mark in TEMPLATE_MARKS) else value
    if isinstance(value, list | tuple | set | frozenset):
        return [marked(one, span) for one in value]
    if isinstance(value, Mapping):
        return {str(name): marked(one, span) for name, one in value.items()}
    if isinstance(value, bytes):
        return marked(value.decode("utf-8", "replace"), span)
    if value is ...:
        return "..."
    return str(value) if isinstance(value, complex) else value
