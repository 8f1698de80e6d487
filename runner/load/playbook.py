"""Playbooks: every file read, every import resolved, every mistake collected and raised once."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from typing import Any

from runner import registry
from runner.load.collections import collection_folders, find_playbook
from runner.load.context import Context, Place
from runner.load.fields import right_kind, unknown_keyword
from runner.load.imports import import_tasks
from runner.load.inherit import handed_down
from runner.load.play import is_import, known_in_import, load_play
from runner.load.reading import Reading
from runner.load.roles import import_role
from runner.load.sources import Sources
from runner.load.static_names import static_text
from runner.load.vars_files import load_beside, merged
from runner.model.inventory import FileVars
from runner.model.playbook import Around, Directives, Play, Playbook
from runner.model.quick import dataclass
from runner.model.settings import Settings
from runner.model.span import NOWHERE, Problem, Span
from runner.syntax.yaml import Listing, Scalar, Table, Tree, plain

EXPAND = {"import_tasks": import_tasks, "import_role": import_role}


@dataclass(frozen=True, slots=True)
class Loaded:
    """A playbook as far as it could be read, and what is wrong with it.

    `holed` are the ids of plays that miss parts nobody knows (a file, a role), `unsound` of those that miss any task;
    `lost` are the names of tasks that are missing.
    """

    playbook: Playbook
    problems: tuple[Problem, ...] = ()
    holed: frozenset[str] = frozenset()
    unsound: frozenset[str] = frozenset()
    lost: frozenset[str] = frozenset()

    def hollow(self) -> Playbook:
        """The playbook without the tasks of unsound plays, for checks that need all tasks of a play."""
        plays = [_without_tasks(play) if play.id in self.unsound else play for play in self.playbook.plays]
        return replace(self.playbook, plays=tuple(plays))


def _without_tasks(play: Play) -> Play:
    return replace(play, pre_tasks=(), roles=(), tasks=(), post_tasks=(), handlers=())


def read_playbooks(
    paths: Sequence[str],
    *,
    extra_vars: Mapping[str, Any] | None = None,
    record: Sources | None = None,
    settings: Settings | None = None,
) -> Loaded:
    """All plays of all playbooks as far as they can be read, with all mistakes and warnings of all files."""
    whole = _Whole(Reading(record), extra_vars or {}, settings or Settings())
    whole.collection_folders = collection_folders(map(posixpath.dirname, paths), whole.settings.collections_path)
    for path in paths:
        whole.read_file(whole.playbook(path, path), Around(), (), NOWHERE)
    playbook = Playbook(tuple(whole.plays), dict(whole.reading.record.files))
    problems = tuple(ordered(whole.reading.problems))
    lost = frozenset(whole.reading.lost)
    return Loaded(playbook, problems, frozenset(whole.holed), frozenset(whole.unsound), lost)


def default_directives(settings: Settings) -> Directives:
    """The keywords that settings stand in for where a play does not have them."""
    return Directives(
        any_errors_fatal=settings.any_errors_fatal or None,
        no_log=settings.no_log or None,
        timeout=settings.task_timeout or None,
    )


def ordered(problems: Sequence[Problem]) -> list[Problem]:
    """The problems file by file (in order of first mention), from top to bottom, none twice."""
    files: dict[str, int] = {}
    for problem in problems:
        files.setdefault(problem.span.path, len(files))
    unique = dict.fromkeys(problems)
    return sorted(unique, key=lambda found: (files[found.span.path], found.span.line, found.span.column))


@dataclass(slots=True)
class _Whole:
    """All that one command line reads."""

    reading: Reading
    extra_vars: Mapping[str, Any]
    settings: Settings
    collection_folders: tuple[str, ...] = ()
    plays: list[Play] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    holed: set[str] = field(default_factory=set)
    unsound: set[str] = field(default_factory=set)
    beside: dict[str, FileVars] = field(default_factory=dict)

    def read_file(self, path: str, handed: Around, chain: tuple[str, ...], asked_at: Span) -> None:
        """The plays of one playbook file; `chain` are the playbooks that import it."""
        path = posixpath.normpath(path)
        if path in chain:
            shown = " -> ".join([*chain[chain.index(path) :], path])
            message = f"playbooks import one another in a circle: {shown}"
            self.reading.error(asked_at, message, "leave out one of these imports")
            return
        self.reading.record.home(posixpath.dirname(path))
        tree = self.reading.tree(path, asked_at)
        nothing = (isinstance(tree, Scalar) and tree.value is None) or (isinstance(tree, Listing) and not tree.items)
        if nothing or (tree is None and path in self.reading.empty):
            self.reading.error(Span(path), "the playbook is empty", "a playbook is a list of plays")
        if nothing or tree is None:
            return
        if not isinstance(tree, Listing):
            hint = "begin each play with '- '" if isinstance(tree, Table) else "begin with '- hosts: all'"
            self.reading.error(tree.span, "a playbook must be a list of plays", hint)
            return
        for item in tree.items:
            self._entry(item, path, handed, (*chain, path))

    def _entry(self, item: Tree, path: str, handed: Around, chain: tuple[str, ...]) -> None:
        if not isinstance(item, Table):
            self.reading.error(item.span, "a play must be a table of keywords", "begin it with '- hosts: PATTERN'")
            return
        context = self._context(path)
        if is_import(item):
            self._import(context, item, path, handed, chain)
            return
        place = Place(path, f"{len(self.plays)}")
        holes, lost = self.reading.holes, len(self.reading.lost)
        play = load_play(context, item, place, handed, self._beside(chain[0], path))
        if play.gather_facts is None and self.settings.gathering == "explicit":
            play = replace(play, gather_facts=False)
        self.plays.append(play)
        if self.reading.holes != holes:
            self.holed.add(play.id)
        if play.id in self.holed or len(self.reading.lost) != lost:
            self.unsound.add(play.id)

    def _context(self, path: str) -> Context:
        return Context(
            self.reading,
            posixpath.dirname(path),
            self.settings.roles_path,
            self.collection_folders,
            default_directives(self.settings),
            self.extra_vars,
            expand=EXPAND,
            ids=self.ids,
        )

    def playbook(self, name: str, path: str) -> str:
        """The file of a playbook: `path`, or where there is none, that of `name` in a collection."""
        if self.reading.is_file(path):
            return path
        return find_playbook(self.reading, self.collection_folders, name) or path

    def _beside(self, first: str, path: str) -> FileVars:
        """The variables beside the playbook of the command line and beside the one that holds the play."""
        found = FileVars()
        for folder in dict.fromkeys((posixpath.dirname(first), posixpath.dirname(path))):
            if folder not in self.beside:
                self.beside[folder], problems = load_beside(folder, self.reading.record)
                self.reading.problems += problems
            found = merged(found, self.beside[folder])
        return found

    def _import(self, context: Context, table: Table, path: str, handed: Around, chain: tuple[str, ...]) -> None:
        fields: dict[str, Tree] = {}
        name: Tree | None = None
        for key, value in table.entries:
            if registry.short(key.text) == "import_playbook":
                name = value
            elif not known_in_import(key):
                unknown_keyword(self.reading, key, "import_playbook")
            elif right_kind(self.reading, key, value, "import_playbook"):
                fields[key.text] = value
        inner = handed_down(self.reading, Around(), fields)
        inner = Around(tags=handed.tags | inner.tags, when=handed.when + inner.when, vars={**inner.vars, **handed.vars})
        if not isinstance(name, Scalar) or not isinstance(name.value, str):
            self.reading.error(table.span, "'import_playbook' must name a file")
            return
        text = static_text(context, plain(name), inner, name.span, "the name of the imported playbook")
        if text is not None:
            target = self.playbook(text.strip(), posixpath.join(posixpath.dirname(path), text.strip()))
            if not self.reading.is_file(target):
                self.reading.error(name.span, f"cannot find the playbook {text.strip()!r}", f"searched: {target}")
                return
            self.read_file(target, inner, chain, name.span)
