"""The folders plug-ins and modules are looked for in, in order, and whether what lies there is trusted.

Source: https://docs.ansible.com/ansible/latest/dev_guide/developing_locally.html
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field
from pathlib import Path
from typing import Final, Literal

from runner.model.quick import dataclass
from runner.model.settings import Settings

Kind = Literal["filter", "test", "lookup", "module"]
Doubt = Callable[[str, str], None]

BESIDE: Final[Mapping[Kind, str]] = {
    "filter": "filter_plugins",
    "test": "test_plugins",
    "lookup": "lookup_plugins",
    "module": "library",
}
_IN_COLLECTION: Final[Mapping[Kind, str]] = {
    "filter": "filter",
    "test": "test",
    "lookup": "lookup",
    "module": "modules",
}
_SYSTEM: Final = ("~/.ansible/plugins", "/usr/share/ansible/plugins")
UNSUPPORTED: Final = ("action", "callback", "connection", "inventory", "vars", "strategy", "become", "cache", "shell")
# What lies in a library beside modules and is none.
NO_MODULES: Final = frozenset(
    {".pyc", ".pyo", ".md", ".rst", ".txt", ".yml", ".yaml", ".json", ".orig", ".bak", ".swp"}
)


@dataclass(frozen=True, slots=True)
class Named:
    """Folders that the user names: for each kind, and the roots of collections."""

    folders: Mapping[Kind, tuple[str, ...]] = field(default_factory=dict)
    collections: tuple[str, ...] = ()


def named_by(settings: Settings) -> Named:
    """What settings name, for each kind; else Ansible's usual places."""
    given: dict[Kind, tuple[str, ...]] = {
        "filter": settings.filter_plugins,
        "test": settings.test_plugins,
        "lookup": settings.lookup_plugins,
        "module": settings.library,
    }
    usual = {kind: tuple(f"{root}/{part}" for root in _SYSTEM) for kind, part in _IN_COLLECTION.items()}
    folders = {kind: _expanded(paths or usual[kind]) for kind, paths in given.items()}
    return Named(folders, _expanded(settings.collections_path))


def _expanded(paths: Iterable[str]) -> tuple[str, ...]:
    return tuple(os.path.abspath(os.path.expanduser(path)) for path in paths)  # noqa: PTH100, PTH111


class Shelves:
    """Looks into the folders. `homes` are the folders of playbooks and roles; more may join while the run loads them.

    `doubt(path, message)` is called once for each folder that is left out because somebody else may write to it.
    """

    def __init__(self, homes: Mapping[str, None], named: Named, doubt: Doubt) -> None:
        self._homes = homes
        self._named = named
        self._doubt = doubt
        self._trusted: dict[str, bool] = {}
        self._listed: dict[str, tuple[str, ...]] = {}
        self._folders: dict[tuple[Kind, int], list[str]] = {}
        self._collections: dict[tuple[str, int], str | None] = {}
        self._modules: dict[str, dict[str, str]] = {}

    def folders(self, kind: Kind) -> list[str]:
        """The folders of a kind that are there and trusted: beside playbooks, in roles, then the named ones."""
        key = (kind, len(self._homes))
        if key not in self._folders:
            places = [f"{home}/{BESIDE[kind]}" for home in self._homes if BESIDE[kind] in self.listing(home)]
            places += self._named.folders.get(kind, ())
            self._folders[key] = [place for place in places if self.listing(place) and self._is_trusted(place)]
        return self._folders[key]

    def files(self, kind: Kind) -> Iterator[str]:
        """The Python files of these folders, in order."""
        for folder in self.folders(kind):
            yield from (f"{folder}/{name}" for name in self.listing(folder) if _is_python(name))

    def module(self, name: str) -> str | None:
        """The first file of a library that is the module `name`, whatever its extension."""
        if "/" in name or name.startswith("."):
            return None
        return next((path for folder in self.folders("module") if (path := self._module_in(folder, name))), None)

    def module_of_collection(self, full: str) -> str | None:
        """The file of the module `ns.coll.name`."""
        collection, _, name = full.rpartition(".")
        folder = self.in_collection("module", collection)
        return self._module_in(folder, name) if folder else None

    def _module_in(self, folder: str, name: str) -> str | None:
        if folder not in self._modules:
            found: dict[str, str] = {}
            for entry in self.listing(folder):
                stem, dot = os.path.splitext(entry)  # noqa: PTH122
                if dot not in NO_MODULES and os.path.isfile(f"{folder}/{entry}"):  # noqa: PTH113
                    found.setdefault(stem, f"{folder}/{entry}")
            self._modules[folder] = found
        return self._modules[folder].get(name)

    def in_collection(self, kind: Kind, collection: str) -> str | None:
        """The folder of a collection's (`ns.coll`) plug-ins of a kind."""
        root = self._collection(collection)
        folder = f"{root}/plugins/{_IN_COLLECTION[kind]}" if root else ""
        return folder if folder and self.listing(folder) and self._is_trusted(folder) else None

    def part_of_collection(self, dotted: str) -> Path | None:
        """The file or folder of `ansible_collections.NS.COLL.…`; None if there is none, or it is not trusted."""
        parts = dotted.split(".")
        root = self._collection(".".join(parts[1:3]))
        if root is None:
            return None
        place = Path(root, *parts[3:])
        file = place.with_name(f"{place.name}.py")
        found = place if place.is_dir() else file if len(parts) > 3 and file.is_file() else None
        return found if found and self._is_trusted(str(found if found.is_dir() else found.parent)) else None

    def _collection(self, name: str) -> str | None:
        key = (name, len(self._homes))
        if key not in self._collections:
            namespace, _, short = name.partition(".")
            roots = [f"{home}/collections" for home in self._homes if "collections" in self.listing(home)]
            roots += (root.removesuffix("/ansible_collections") for root in self._named.collections)
            places = [f"{root}/ansible_collections/{namespace}/{short}" for root in roots]
            sound = namespace.isidentifier() and short.isidentifier()
            here = (place for place in places if sound and os.path.isdir(place))  # noqa: PTH112
            self._collections[key] = next(here, None)
        return self._collections[key]

    def strangers(self) -> dict[str, list[str]]:
        """The plug-ins beside playbooks and in roles that nothing here can run, by their kind."""
        found: dict[str, list[str]] = {}
        for home in self._homes:
            for kind in (kind for kind in UNSUPPORTED if f"{kind}_plugins" in self.listing(home)):
                folder = f"{home}/{kind}_plugins"
                found.setdefault(kind, []).extend(f"{folder}/{n}" for n in self.listing(folder) if _is_python(n))
        return {kind: files for kind, files in found.items() if files}

    def listing(self, folder: str) -> tuple[str, ...]:
        """The names in a folder, sorted; none if it cannot be read."""
        if folder not in self._listed:
            try:
                self._listed[folder] = tuple(sorted(os.listdir(folder)))  # noqa: PTH208
            except OSError:
                self._listed[folder] = ()
        return self._listed[folder]

    def _is_trusted(self, folder: str) -> bool:
        if folder not in self._trusted:
            home = next((home for home in self._homes if folder.startswith(f"{home}/")), None)
            reason = distrust(folder, self.listing(folder), home)
            self._trusted[folder] = reason is None
            if reason is not None:
                self._doubt(folder, reason)
        return self._trusted[folder]


def distrust(folder: str, names: Iterable[str], home: str | None) -> str | None:
    """Why code in a folder is not run: it, its home (a playbook's or role's folder) or one of its files can be changed
    by others, or belongs to somebody else than root, us and the owner of the home. None if it is trusted."""
    owners = {0, os.geteuid()}
    try:
        if home is not None:
            owners.add(os.stat(home).st_uid)  # noqa: PTH116
        files = [f"{folder}/{name}" for name in names if not name.startswith((".", "__"))]
        for place in (*([home] if home else []), folder, *filter(os.path.exists, files)):
            found = os.stat(place)  # noqa: PTH116
            if found.st_mode & stat.S_IWOTH:
                return f"anybody can write to {place} (chmod o-w)"
            if found.st_uid not in owners:
                return f"{place} belongs to user id {found.st_uid}, neither you nor root"
    except OSError as error:
        return f"{error.filename} cannot be looked at: {error.strerror}"
    return None


def _is_python(name: str) -> bool:
    return name.endswith(".py") and not name.startswith((".", "_"))
