"""Where a role lies: in a collection, beside the playbook, on the roles path, beside the role that asks for it.

Source: https://docs.ansible.com/ansible/latest/playbook_guide/playbooks_reuse_roles.html#storing-and-finding-roles
"""

from __future__ import annotations

import posixpath

from runner.load.collections import BUILT_IN, find_role, split_name
from runner.load.context import Context, Place
from runner.model.quick import dataclass
from runner.model.span import Span
from runner.registry import nearest


@dataclass(frozen=True, slots=True)
class Found:
    """A role's full name, its folder, and its collection (or "")."""

    name: str
    folder: str
    collection: str = ""


def find(context: Context, name: str, span: Span, collections: tuple[str, ...], place: Place) -> Found | None:
    """The role `name`; `collections` are searched first. None (and a noted mistake) when there is none."""
    if not name:
        context.reading.error(span, "the name of the role is empty")
        return None
    return _in_collections(context, name, collections) or _in_folders(context, name, span, place)


def _in_collections(context: Context, name: str, collections: tuple[str, ...]) -> Found | None:
    own = split_name(name)
    candidates = [own] if own else [(collection, name) for collection in collections if collection not in BUILT_IN]
    for collection, short in candidates:
        folder = find_role(context.reading, context.collection_folders, collection, short)
        if folder is not None:
            return Found(f"{collection}.{short.rpartition('.')[2]}", folder, collection)
    return None


def _in_folders(context: Context, name: str, span: Span, place: Place) -> Found | None:
    folders = [posixpath.join(context.playbook_dir, "roles"), *context.role_folders]
    inside = next((key.split("#")[0] for key, _ in reversed(place.chain) if "#" in key), None)
    folders += [posixpath.dirname(inside)] if inside else []
    folders.append(context.playbook_dir)
    places = [posixpath.normpath(posixpath.join(folder, posixpath.expanduser(name))) for folder in folders]
    path = next((path for path in places if context.reading.is_folder(path)), None)
    if path is not None:
        return Found(posixpath.basename(path) if name.startswith("~") else name, path)
    known = [other for folder in folders[:-1] for other in context.reading.names_in(folder)]
    searched = [posixpath.dirname(path) or "." for path in places]
    if split_name(name):
        searched = [*context.collection_folders, *searched]
    hint = nearest(name, known) or f"searched: {', '.join(dict.fromkeys(searched))}"
    context.reading.error(span, f"cannot find the role {name!r}", hint)
    context.reading.holes += 1
    return None
