"""Dynamic includes: task files and roles that are loaded when a host reaches them."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import field, replace
from typing import Any, Final

from runner.errors import StepError
from runner.load.collections import collection_folders, members_of
from runner.load.context import Context, Import, Place
from runner.load.imports import task_file_places
from runner.load.inherit import as_tree, handed_down
from runner.load.nodes import load_nodes
from runner.load.playbook import EXPAND, default_directives, ordered
from runner.load.reading import Reading
from runner.load.roles import inside_role, load_role, role_use
from runner.load.sources import Sources
from runner.model.playbook import Around, Node, Play, Role, Task
from runner.model.quick import dataclass
from runner.model.settings import Settings
from runner.syntax.yaml import Table


@dataclass(frozen=True, slots=True)
class IncludedRole:
    """What include_role brings; `dependencies` are the names of the roles that it and those it imports depend on."""

    tasks: tuple[Node, ...]
    handlers: tuple[Node, ...]
    role: Role
    dependencies: tuple[str, ...] = ()


@dataclass(slots=True)
class TaskLoader:
    """Loads what include_tasks and include_role name. Files are read once; ids are unique within this object.

    Included tasks inherit from the blocks around the include and from its `apply`, not from the include itself; its
    own `vars` become include parameters. The same include asked again gives new ids, in the order of asking.
    """

    extra_vars: Mapping[str, Any] = field(default_factory=dict)
    record: Sources | None = None
    settings: Settings = field(default_factory=Settings)
    ids: set[str] = field(default_factory=set)
    _reading: Reading | None = None
    _groups: dict[tuple[str, str], frozenset[str]] = field(default_factory=dict)

    def tasks(self, path: str, task: Task, role: Role | None, play: Play) -> tuple[Node, ...]:
        """The tasks of a file; `path` is rendered, and may be relative. Raises StepError with all mistakes."""
        context, place = self._start(task, play)
        around = _inherited(context, task)
        around = replace(around, role=role or around.role)
        places = task_file_places(path, place, around.role, context.playbook_dir)
        found = next((candidate for candidate in places if context.reading.is_file(candidate)), None)
        if found is None:
            raise StepError(f"cannot find the task file {path!r} (searched: {', '.join(places)})")
        inner = Place(found, f"{place.key}/{found}", ((found, found),), place.handlers)
        nodes = load_nodes(context, context.reading.tree(found, task.span), around, inner)
        self._raise(context)
        return nodes

    def role(self, name: str, task: Task, play: Play, options: Mapping[str, Any] | None = None) -> IncludedRole:
        """The role `name`; `options` are the include's rendered arguments (`tasks_from` …). Raises StepError."""
        context, place = self._start(task, play)
        around = _inherited(context, task)
        own = _own_vars(task)
        given = {key: value for key, value in (options or task.args).items() if key not in ("name", "role")}
        use = role_use(context, Import({**given, "name": name}, {}, task.span, around, {**task.include_params, **own}))
        loaded = load_role(context, use, inside_role(around), place) if use else None
        self._raise(context)
        if loaded is None:
            raise StepError(f"cannot load the role {name!r}")
        handlers = (*loaded.handlers, *context.handlers)
        return IncludedRole(loaded.tasks, handlers, loaded.role, tuple(context.dependent_roles))

    def action_group(self, name: str, playbook_dir: str) -> frozenset[str]:
        """The modules of `ns.coll.group`, by their names here; none for other names and groups that nobody declares."""
        key = (name, playbook_dir)
        if key not in self._groups:
            reading = self._reading or Reading(self.record)
            folders = collection_folders((playbook_dir,), self.settings.collections_path)
            self._groups[key] = frozenset(members_of(reading, folders, name, frozenset()))
        return self._groups[key]

    def _start(self, task: Task, play: Play) -> tuple[Context, Place]:
        """A fresh look at the world for one include; what was read before is kept."""
        if self._reading is None:
            self._reading = Reading(self.record)
        self._reading.problems.clear()
        folder = posixpath.dirname(play.path)
        settings = self.settings
        context = Context(
            self._reading,
            folder,
            settings.roles_path,
            collection_folders((folder,), settings.collections_path),
            default_directives(settings),
            self.extra_vars,
            play.vars,
            EXPAND,
            self.ids,
        )
        return context, Place(task.span.path, f"{play.id}/{task.id}", _role_chain(task))

    def _raise(self, context: Context) -> None:
        wrong = [problem for problem in ordered(context.reading.problems) if problem.level == "error"]
        if wrong:
            self._reading = None  # its cache would hide the same mistakes from the next host that asks
            lines = [f"{p.span}: {p.message}" + (f" ({p.hint})" if p.hint else "") for p in wrong]
            raise StepError("\n".join(lines))


_NOTHING: Final = object()


def _role_chain(task: Task) -> tuple[tuple[str, str], ...]:
    return ((f"{task.role.path}#include", f"role {task.role.name}"),) if task.role else ()


def _own_vars(task: Task) -> dict[str, Any]:
    """What the include's own `vars` say."""
    outer = task.around.vars if task.around else {}
    return {name: value for name, value in task.vars.items() if outer.get(name, _NOTHING) is not value}


def _inherited(context: Context, task: Task) -> Around:
    outer = task.around or Around(task.directives, {}, (), task.tags, role=task.role)
    around = replace(outer, include_params={**task.include_params, **_own_vars(task)})
    tree = as_tree(task.apply, task.span)
    fields = {key.text: value for key, value in tree.entries} if isinstance(tree, Table) else {}
    return handed_down(context.reading, around, fields)
