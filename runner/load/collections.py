"""Collections: where they lie, and the roles, playbooks and groups of modules that their names stand for.

Source: https://docs.ansible.com/ansible/latest/collections_guide/collections_using_playbooks.html
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from runner import registry
from runner.load.reading import Reading
from runner.syntax.yaml import plain

# Their names stand for what needs no collection.
BUILT_IN: Final = frozenset({"ansible.builtin", "ansible.legacy"})
_ROOT: Final = "ansible_collections"
_QUALIFIED: Final = re.compile(r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*){2,}$", re.ASCII)


def collection_folders(playbook_dirs: Iterable[str], places: Iterable[str]) -> tuple[str, ...]:
    """Where collections are looked for: beside the playbooks, then in the places that settings name. Each ends in
    `ansible_collections`."""
    beside = [posixpath.join(folder, "collections") for folder in dict.fromkeys(playbook_dirs)]
    every = [*beside, *map(posixpath.expanduser, places)]
    return tuple(path if path.endswith(f"/{_ROOT}") else posixpath.join(path, _ROOT) for path in every)


def split_name(name: str) -> tuple[str, str] | None:
    """`ns.coll.thing` as `ns.coll` and `thing`; None for other names."""
    if not _QUALIFIED.match(name):
        return None
    namespace, collection, thing = name.split(".", 2)
    return f"{namespace}.{collection}", thing


def around_collection(path: str) -> str:
    """The collection in which a playbook lies, or ""."""
    parts = posixpath.normpath(posixpath.abspath(path)).split("/")
    if _ROOT not in parts:
        return ""
    at = len(parts) - 1 - parts[::-1].index(_ROOT)
    return ".".join(parts[at + 1 : at + 3]) if parts[at + 3 : at + 4] == ["playbooks"] else ""


def _homes(folders: Sequence[str], collection: str) -> Iterator[str]:
    for folder in folders:
        yield posixpath.join(folder, *collection.split("."))


def find_role(reading: Reading, folders: Sequence[str], collection: str, name: str) -> str | None:
    """The folder of a collection's role."""
    places = (posixpath.join(home, "roles", *name.split(".")) for home in _homes(folders, collection))
    return next((place for place in places if reading.is_folder(place)), None)


def find_playbook(reading: Reading, folders: Sequence[str], name: str) -> str | None:
    """The file of `ns.coll.playbook`; None when it is no such name, or there is none."""
    words = split_name(name.removesuffix(".yml").removesuffix(".yaml"))
    if words is None:
        return None
    stems = [posixpath.join(home, "playbooks", *words[1].split(".")) for home in _homes(folders, words[0])]
    return next((stem + end for stem in stems for end in (".yml", ".yaml") if reading.is_file(stem + end)), None)


def members_of(reading: Reading, folders: Sequence[str], name: str, seen: frozenset[str]) -> Iterator[str]:
    """The modules of the group `ns.coll.group`, with those of groups it extends.

    Source: https://docs.ansible.com/ansible/latest/playbook_guide/playbooks_module_defaults.html#module-defaults-groups
    """
    words = split_name(name)
    if words is None or name in seen:
        return
    collection, group = words
    members = _action_groups(reading, folders, collection).get(group)
    for member in members if isinstance(members, list) else ():
        if isinstance(member, str):
            yield registry.own("modules", member if "." in member else f"{collection}.{member}")
        elif isinstance(member, Mapping):
            extended = (member.get("metadata") or {}).get("extend_group") or []
            for other in [extended] if isinstance(extended, str) else extended:
                whole = other if split_name(other) else f"{collection}.{other}"
                yield from members_of(reading, folders, whole, seen | {name})


def _action_groups(reading: Reading, folders: Sequence[str], collection: str) -> Mapping[str, Any]:
    """The groups of modules that a collection's `meta/runtime.yml` declares: group to list of names."""
    files = (posixpath.join(home, "meta", "runtime.yml") for home in _homes(folders, collection))
    path = next((path for path in files if reading.is_file(path)), None)
    found = plain(reading.tree(path)) if path else None
    groups = found.get("action_groups") if isinstance(found, Mapping) else None
    return groups if isinstance(groups, Mapping) else {}
