"""Roles: found, and their tasks, handlers, defaults, vars and dependencies loaded.

Source: https://docs.ansible.com/ansible/latest/playbook_guide/playbooks_reuse_roles.html
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Any, Final

from runner.load.context import Context, Import, Place
from runner.load.fields import variables
from runner.load.inherit import Fields, handed_down
from runner.load.nodes import load_nodes, read_fields
from runner.load.role_meta import RoleMeta, read_meta, truth, validation
from runner.load.role_places import Found, find
from runner.load.static_names import static_text
from runner.model.playbook import Around, Node, Role
from runner.model.quick import dataclass, replace
from runner.model.span import Span
from runner.registry import nearest
from runner.syntax.yaml import Listing, Scalar, Table, Tree, plain

FROM: Final = ("tasks", "vars", "defaults", "handlers")
PARENT_NAMES: Final = "ansible_parent_role_names"
PARENT_PATHS: Final = "ansible_parent_role_paths"


@dataclass(frozen=True, slots=True)
class RoleUse:
    """One use of a role: by name, with what the user says about it there. `sources` names the file of each folder
    (`tasks_from` …). `once`: it is passed by where one with the same `key` ran before in the play (None: as the role's
    `allow_duplicates` says). `validate`: its arguments are checked if they are specified."""

    name: str
    span: Span
    params: Mapping[str, Any] = field(default_factory=dict)
    vars: Mapping[str, Any] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    once: bool | None = None
    key: str = ""
    validate: bool = True


@dataclass(frozen=True, slots=True)
class LoadedRole:
    """What a use of a role brings: its tasks (dependencies first), its handlers, and the role with its variables."""

    tasks: tuple[Node, ...]
    handlers: tuple[Node, ...]
    role: Role
    own: Role


def load_role(context: Context, use: RoleUse, around: Around, place: Place) -> LoadedRole | None:
    """The role and its dependencies; None (and a noted mistake) when it cannot be found. `around` is inherited by
    all its tasks, and its role is the parent."""
    found = find(context, use.name, use.span, around.directives.collections, place)
    if found is None:
        return None
    folder = found.folder
    context.reading.record.home(folder)
    meta = read_meta(context.reading, folder, use.span)
    own_collections = ((found.collection,) if found.collection else ()) + meta.collections
    if own_collections != around.directives.collections:
        around = replace(around, directives=replace(around.directives, collections=own_collections))
    own = _own_role(context, use, around.role, found, place)
    dependencies = _dependencies(context, use, replace(around, role=own), place, folder, meta)
    role = replace(
        own,
        key=f"{own.path}|{sorted(use.sources.items())!r}|{use.key}",
        once=not meta.repeatable if use.once is None else use.once,
        defaults=_merged(*(one.role.defaults for one in dependencies), own.defaults),
        vars=_merged(*(one.role.exported for one in dependencies), own.vars),
        exported=_merged(*(one.role.exported for one in dependencies), own.exported),
    )
    inner = replace(around, role=role)
    tasks = [node for one in dependencies for node in one.tasks]
    handlers = [node for one in dependencies for node in one.handlers]
    if use.validate:
        entry = use.sources.get("tasks", "main")
        tasks += validation(context, inner, place, meta, entry, use.params, use.span)
    tasks += _section(context, use, inner, place, folder, "tasks")
    handlers += _section(context, use, inner, place, folder, "handlers")
    return LoadedRole(tuple(tasks), tuple(handlers), role, own)


def _own_role(context: Context, use: RoleUse, parent: Role | None, found: Found, place: Place) -> Role:
    """The role with its own variables and those of the roles that led here, without its dependencies'."""
    folder = found.folder
    files = {kind: use.sources.get(kind, "main") for kind in ("defaults", "vars")}
    for kind, name in files.items():
        stem = posixpath.join(folder, kind, name)
        if kind in use.sources and not context.reading.has_variables(stem):
            context.reading.error(use.span, f"the role {use.name!r} has no file {kind}/{name}")
    defaults, own_vars = (
        context.reading.variables_of(posixpath.join(folder, kind, name)) for kind, name in files.items()
    )
    path = str(Path(folder).absolute())
    return Role(
        name=found.name,
        path=path,
        defaults=_merged(parent.defaults if parent else {}, defaults),
        vars=_merged(parent.vars if parent else {}, own_vars, use.vars),
        exported=_merged(parent.exported if parent else {}, own_vars),
        params=_merged(parent.params if parent else {}, use.params),
        uses=(*(parent.uses if parent else ()), context.new_id(place.key, "role", folder)),
        collection=found.collection,
        chain=(path, *(parent.chain if parent else ())),
    )


def _merged(*layers: Mapping[str, Any]) -> Mapping[str, Any]:
    filled = [layer for layer in layers if layer]
    return filled[0] if len(filled) == 1 else {name: value for layer in filled for name, value in layer.items()}


def _section(context: Context, use: RoleUse, around: Around, place: Place, folder: str, kind: str) -> tuple[Node, ...]:
    """The role's tasks or handlers."""
    name = use.sources.get(kind, "main")
    path = context.reading.with_extension(posixpath.join(folder, kind, name))
    if path is None:
        if kind in use.sources and name != "main":
            known = nearest(name, context.reading.names_in(posixpath.join(folder, kind)))
            context.reading.error(use.span, f"the role {use.name!r} has no file {kind}/{name}", known)
            context.reading.holes += 1
        return ()
    key = f"{folder}#{kind}/{name}"
    if any(step == key for step, _ in place.chain):
        _cycle(context, use, place, key)
        return ()
    chain = (*place.chain, (key, f"role {use.name} ({kind}/{name})"), (path, path))
    inner = Place(path, f"{place.key}/{posixpath.basename(folder)}/{kind}/{name}", chain, kind == "handlers")
    return load_nodes(context, context.reading.tree(path, use.span), around, inner)


def _cycle(context: Context, use: RoleUse, place: Place, key: str) -> None:
    steps = [(step, words) for step, words in place.chain if "#" in step]
    start = next(number for number, (step, _) in enumerate(steps) if step == key)
    shown = " -> ".join([words for _, words in steps[start:]] + [steps[start][1]])
    context.reading.error(use.span, f"roles go round in a circle: {shown}", "leave out one of these dependencies")


def _dependencies(
    context: Context, use: RoleUse, around: Around, place: Place, folder: str, meta: RoleMeta
) -> list[LoadedRole]:
    """The roles that `meta/main.yml` asks for, loaded."""
    if meta.dependencies is None:
        return []
    key = f"{folder}#dependencies"
    if any(step == key for step, _ in place.chain):
        _cycle(context, use, place, key)
        return []
    chain = (*place.chain, (key, f"role {use.name}"))
    loaded = load_role_list(context, meta.dependencies, around, Place(meta.path, f"{place.key}/{use.name}", chain))
    context.dependent_roles += [found.role.name for found in loaded]
    return loaded


def load_role_list(context: Context, listing: Listing, around: Around, place: Place) -> list[LoadedRole]:
    """The roles of a list: of a play's `roles`, or of a role's dependencies."""
    loaded: list[LoadedRole] = []
    for number, item in enumerate(listing.items):
        found = role_entry(context, item, around)
        if found is None:
            continue
        use, inner = found
        role = load_role(context, use, inner, place.inside(f"role{number}"))
        loaded += [role] if role else []
    return loaded


def role_entry(context: Context, item: Tree, around: Around) -> tuple[RoleUse, Around] | None:
    """One entry of a list of roles: a name, or a table with keywords and parameters."""
    fields: Fields = {}
    params: dict[str, Any] = {}
    name: Tree | None = item
    if isinstance(item, Table):
        fields, others = read_fields(context, item, "role")
        params = {key.text: plain(value) for key, value in others}
        name = fields.get("role") or fields.get("name") or fields.get("src")
    if not isinstance(name, Scalar) or not isinstance(name.value, str):
        context.reading.error(item.span, "a role must be a name, or a table with 'role: NAME'")
        return None
    inner = handed_down(context.reading, around, {key: tree for key, tree in fields.items() if key != "vars"})
    text = static_text(context, plain(name), inner, name.span, "the name of the role")
    if text is None:
        return None
    own_vars = variables(context.reading, fields.get("vars"))
    key = repr((params, own_vars, [plain(fields.get(word)) for word in ("when", "tags")]))
    return RoleUse(text.strip(), name.span, params, own_vars, {}, key=key), inner


def role_use(context: Context, wanted: Import) -> RoleUse | None:
    """What the arguments of import_role or include_role ask for; None when its name cannot be known."""
    args = wanted.args
    word = next((word for word in ("name", "role") if args.get(word) is not None), None)
    if word is None:
        return None
    span = wanted.spans.get(word, wanted.span)
    name = static_text(context, args[word], wanted.around, span, "the name of the role")
    sources: dict[str, str] = {}
    for kind in FROM:
        if args.get(f"{kind}_from") is not None:
            where = wanted.spans.get(f"{kind}_from", wanted.span)
            text = static_text(context, args[f"{kind}_from"], wanted.around, where, f"{kind}_from")
            sources |= {kind: text} if text else {}
    if name is None:
        return None
    once, validate = not truth(args.get("allow_duplicates", True)), truth(args.get("rolespec_validate", True))
    return RoleUse(name.strip(), span, sources=sources, once=once, key=f"include {wanted.vars!r}", validate=validate)


def inside_role(around: Around) -> Around:
    """What a role that is imported or included inherits: in a role, it learns the names of those it is in."""
    parent = around.role
    if parent is None:
        return around
    names = [parent.name, *around.include_params.get(PARENT_NAMES, ())]
    paths = [parent.path, *around.include_params.get(PARENT_PATHS, ())]
    return replace(around, include_params={**around.include_params, PARENT_NAMES: names, PARENT_PATHS: paths})


def import_role(context: Context, wanted: Import, place: Place) -> tuple[Node, ...]:
    """The tasks of the role take the place of the import; its handlers come after the play's own."""
    use = role_use(context, wanted)
    loaded = load_role(context, use, inside_role(wanted.around), place) if use else None
    if loaded is None:
        return ()
    context.handlers += loaded.handlers
    context.imported_roles.append(loaded.role.name)
    if truth(wanted.args.get("public", True)):
        context.public_roles.append(loaded.role)
    return loaded.tasks
