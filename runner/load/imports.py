"""import_tasks: the tasks of another file take its place while the playbook is loaded."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence

from runner.load.context import Context, Import, Place
from runner.load.nodes import load_nodes
from runner.load.static_names import static_text
from runner.model.playbook import Node, Role
from runner.registry import nearest


def import_tasks(context: Context, wanted: Import, place: Place) -> tuple[Node, ...]:
    """The tasks of the file that `wanted` names; they inherit what the import says. Mistakes are noted."""
    file = wanted.args.get("file")
    if file is None:
        return ()
    span = wanted.spans.get("file", wanted.span)
    name = static_text(context, file, wanted.around, span, "the name of the imported file")
    if name is None:
        context.reading.holes += 1
        return ()
    name = name.strip()
    places = task_file_places(name, place, wanted.around.role, context.playbook_dir)
    path = next((path for path in places if context.reading.is_file(path)), None)
    if path is None:
        known = [found for path in places for found in context.reading.files_in(posixpath.dirname(path))]
        hint = nearest(posixpath.basename(name), known) or f"searched: {', '.join(places)}"
        context.reading.error(span, f"cannot find the task file {name!r}", hint)
        context.reading.holes += 1
        return ()
    if any(key == path for key, _ in place.chain) or path == place.file:
        chain = [posixpath.normpath(key) for key, _ in place.chain if "#" not in key]
        if path not in chain:
            chain.append(path)
        shown = " -> ".join([*chain[chain.index(path) :], path])
        context.reading.error(span, f"the import goes round in a circle: {shown}", "leave out one of these imports")
        return ()
    inner = Place(path, f"{place.key}/{posixpath.basename(path)}", (*place.chain, (path, path)), place.handlers)
    return load_nodes(context, context.reading.tree(path, span), wanted.around, inner)


def task_file_places(name: str, place: Place, role: Role | None, playbook_dir: str) -> Sequence[str]:
    """Where a task file may be: beside the file that names it, beside those that led there, in the role, beside the
    playbook."""
    if posixpath.isabs(name):
        return [name]
    folders = [posixpath.dirname(place.file)]
    folders += [posixpath.dirname(key) for key, _ in reversed(place.chain) if "#" not in key]
    if role:
        folders += [posixpath.join(role.path, "tasks"), role.path]
    folders += [playbook_dir, posixpath.join(playbook_dir, "tasks")]
    return list(dict.fromkeys(posixpath.normpath(posixpath.join(folder, name)) for folder in folders))
