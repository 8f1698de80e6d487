"""The door of this room: what one run's project brings along."""

from __future__ import annotations

import hashlib
import os
from collections import deque
from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from runner import registry
from runner.errors import StepError
from runner.extensions.importing import Importer, PluginFault
from runner.extensions.shelves import BESIDE, Named, Shelves
from runner.model.event import Notice
from runner.model.playbook import Task
from runner.model.ports import Lookup, Module
from runner.model.quick import dataclass
from runner.model.span import Problem, Span

if TYPE_CHECKING:
    from runner.extensions.filters import Brought

TRACES_FROM = 3  # -vvv


@dataclass(slots=True)
class Extensions:
    """`homes`: the folders of the playbooks and roles read so far. `notices` is what plug-ins have said since;
    `files` learns the sha256 of each file that is run here.

    Nothing is looked at before somebody asks for a name, and no file is run before a name of it is wanted.
    """

    homes: Mapping[str, None]
    named: Named = field(default_factory=Named)
    verbosity: int = 0
    files: MutableMapping[str, str] = field(default_factory=dict)
    notices: deque[Notice] = field(default_factory=deque)
    doubts: list[Problem] = field(default_factory=list)
    _shelves: Shelves = field(init=False)
    _importer: Importer = field(init=False)
    _told: set[str] = field(default_factory=set)
    _modules: dict[tuple[str, tuple[str, ...]], Module | None] = field(default_factory=dict)
    _lookups: dict[str, Lookup | None] = field(default_factory=dict)
    _known_homes: int = 0
    _brought: dict[str, Brought] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._shelves = Shelves(self.homes, self.named, self._distrusted)
        self._importer = Importer(self._say, self.verbosity, self._shelves.part_of_collection, self._note)

    @property
    def filters(self) -> Brought:
        """The filters that the project brings, by name."""
        return self._all_of("filter")

    @property
    def tests(self) -> Brought:
        """The tests that the project brings, by name."""
        return self._all_of("test")

    def _all_of(self, kind: Literal["filter", "test"]) -> Brought:
        # They need Jinja, which a listing without templates does not load.
        from runner.extensions.filters import Brought

        if kind not in self._brought:
            self._brought[kind] = Brought(kind, self._shelves, self._importer, self._trace)
        return self._brought[kind]

    def brings_module(self, name: str, collections: Iterable[str] = ()) -> bool:
        """Whether a library has a module of this name."""
        return self._module_file(name, collections) is not None

    def brings_lookup(self, name: str) -> bool:
        """Whether there is a lookup of this name, usable or not."""
        try:
            return self.lookup(name) is not None
        except StepError:
            return True

    def module(self, task: Task) -> Module | None:
        """The module that a task names. Raises StepError when it is none that can be run."""
        self._forget_if_grown()
        key = (task.module, task.directives.collections)
        if key not in self._modules:
            self._modules[key] = self._find_module(*key)
        return self._modules[key]

    def lookup(self, name: str) -> Lookup | None:
        """The lookup of a name: `name`, or `ns.coll.name`. Raises StepError when its file cannot be used."""
        self._forget_if_grown()
        if name not in self._lookups:
            self._lookups[name] = self._find_lookup(name)
        return self._lookups[name]

    def _forget_if_grown(self) -> None:
        """What was sought before the last role came may be there now."""
        if self._known_homes != len(self.homes):
            self._known_homes = len(self.homes)
            self._modules.clear()
            self._lookups.clear()

    def _find_module(self, name: str, collections: Iterable[str]) -> Module | None:
        action = next((p for p in self._shelves.strangers().get("action", ()) if Path(p).stem == name), None)
        if action is not None:
            raise StepError(f"{name!r} is an action plug-in of Ansible ({action}), which pbrun cannot run")
        path = self._module_file(name, collections)
        if path is None:
            return None
        from runner.extensions.module import LibraryModule

        return LibraryModule(name, path, self.verbosity, self.warn)

    def _module_file(self, name: str, collections: Iterable[str]) -> str | None:
        if "." not in name:
            found = self._shelves.module(name)
            wanted = [f"{collection}.{name}" for collection in collections]
        else:
            found, wanted = None, [name]
        return found or next((path for full in wanted if (path := self._shelves.module_of_collection(full))), None)

    def _find_lookup(self, name: str) -> Lookup | None:
        collection, _, short = name.rpartition(".")
        package = ""
        if collection:
            folder = self._shelves.in_collection("lookup", collection)
            path = f"{folder}/{short}.py"
            package = f"ansible_collections.{collection}.plugins.lookup"
            found = path if folder and f"{short}.py" in self._shelves.listing(folder) else None
        else:
            found = next((path for path in self._shelves.files("lookup") if Path(path).stem == name), None)
        if found is None:
            return None
        try:
            module = self._importer.load(found, package)
        except PluginFault as fault:
            raise StepError(f"the lookup plug-in cannot be used: {fault}") from fault
        if not hasattr(module, "LookupModule"):
            raise StepError(f"the lookup plug-in cannot be used: {found} has no class LookupModule")
        from runner.extensions.lookup import BroughtLookup

        return BroughtLookup(name, module, found, self._trace)

    def look_around(self) -> list[Problem]:
        """What is worth a warning before the run: plug-ins that nothing here can run, modules that are not used
        because pbrun has its own, and folders that are not trusted. Each is told once."""
        found: list[Problem] = []
        for stranger, files in self._shelves.strangers().items():
            names = ", ".join(os.path.relpath(path) for path in files)
            hint = "pbrun runs filter, test and lookup plug-ins, and modules of a library"
            found.append(
                Problem(Span(files[0]), f"{stranger} plug-ins are not supported; not used: {names}", hint, "warning")
            )
        own = registry.names("modules") if self._shelves.folders("module") else ()
        for name in own:
            if (path := self._shelves.module(name)) is not None:
                message = f"not used: {name!r} is one of pbrun's own modules"
                found.append(Problem(Span(path), message, "give it another name", "warning"))
        for kind in BESIDE:
            self._shelves.folders(kind)
        found += self.doubts
        fresh = [problem for problem in found if problem.message not in self._told]
        self._told.update(problem.message for problem in fresh)
        return fresh

    def _distrusted(self, folder: str, reason: str) -> None:
        self.doubts.append(Problem(Span(folder), f"plug-ins and modules here are not used: {reason}", "", "warning"))

    def _note(self, path: str, data: bytes) -> None:
        self.files[path] = hashlib.sha256(data).hexdigest()

    def _say(self, level: str, message: str) -> None:
        self.notices.append(Notice(level, message))

    def warn(self, message: str) -> None:
        """Have the user warned, once of each thing."""
        if message not in self._told:
            self._told.add(message)
            self._say("warning", message)

    def _trace(self, text: str) -> None:
        if self.verbosity >= TRACES_FROM:
            self._say("notice", text)
