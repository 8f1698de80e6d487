"""What the parts of the loader share while one play is read: sources, the play so far, and where one is."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any

from runner.load.reading import Reading
from runner.model.playbook import Around, Directives, Node, Role
from runner.model.quick import dataclass
from runner.model.span import Span


@dataclass(frozen=True, slots=True)
class Place:
    """Where a list of tasks stands: its file, the stable prefix of its ids, and the imports that led here.

    `chain` are pairs of a key (to find cycles) and words for it. `handlers`: the tasks are handlers.
    """

    file: str
    key: str
    chain: tuple[tuple[str, str], ...] = ()
    handlers: bool = False

    def inside(self, step: str) -> Place:
        """The same place one step deeper."""
        return Place(self.file, f"{self.key}/{step}", self.chain, self.handlers)


@dataclass(frozen=True, slots=True)
class Import:
    """An import (or include) found in a list of tasks: what it asks for, what its tasks inherit, its own `vars`."""

    args: Mapping[str, Any]
    spans: Mapping[str, Span]
    span: Span
    around: Around
    vars: Mapping[str, Any] = field(default_factory=dict)


Expand = Callable[["Context", Import, Place], tuple[Node, ...]]


@dataclass(slots=True)
class Context:
    """The state of reading one play. `defaults` hold where the play says nothing. `expand` knows how the static imports
    are replaced by their tasks."""

    reading: Reading
    playbook_dir: str
    role_folders: tuple[str, ...] = ()
    collection_folders: tuple[str, ...] = ()
    defaults: Directives = field(default_factory=Directives)
    extra_vars: Mapping[str, Any] = field(default_factory=dict)
    play_vars: Mapping[str, Any] = field(default_factory=dict)
    expand: Mapping[str, Expand] = field(default_factory=dict)
    ids: set[str] = field(default_factory=set)
    handlers: list[Node] = field(default_factory=list)
    public_roles: list[Role] = field(default_factory=list)
    imported_roles: list[str] = field(default_factory=list)
    dependent_roles: list[str] = field(default_factory=list)

    def new_id(self, key: str, action: str, args: object) -> str:
        """A stable id from the place, the action and the raw arguments; a number is added if it is taken."""
        text = f"{key}|{action}|{args!r}"
        made = hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:12]
        number = 1
        while made in self.ids:
            number += 1
            made = hashlib.sha256(f"{text}|{number}".encode("utf-8", "surrogateescape")).hexdigest()[:12]
        self.ids.add(made)
        return made
