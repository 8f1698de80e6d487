"""A project's filters (or tests) as a mapping from names to functions; a file runs when one of its names is wanted."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

from runner.errors import PbrunError, TemplateError
from runner.extensions.importing import Importer, PluginFault, place, trail
from runner.extensions.names_of import names_of
from runner.extensions.shelves import Shelves
from runner.extensions.values import plain
from runner.model.values import UnknownReached
from runner.template.markers import MarkerReached

Function = Callable[..., Any]


class Brought(Mapping[str, Function]):
    """`[name]` finds the name as Ansible does: alone in any file beside playbooks, in roles and named folders, as
    `ns.coll.name` in that collection. It raises KeyError when there is none, and TemplateError when a file that has
    it, or may have it, cannot be used. Going through it gives the names that are known without running a file."""

    def __init__(
        self, kind: Literal["filter", "test"], shelves: Shelves, importer: Importer, explain: Callable[[str], None]
    ) -> None:
        self._kind = kind
        self._shelves = shelves
        self._importer = importer
        self._explain = explain
        self._names: dict[str, frozenset[str] | None] = {}
        self._found: dict[str, Function] = {}

    def __getitem__(self, name: str) -> Function:
        if name not in self._found:
            self._found[name] = self._find(name)
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        names = (self._names_of(path) or () for path in self._shelves.files(self._kind))
        return iter(dict.fromkeys(name for some in names for name in sorted(some)))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _names_of(self, path: str) -> frozenset[str] | None:
        if path not in self._names:
            self._names[path] = names_of(path, self._kind)
        return self._names[path]

    def _find(self, name: str) -> Function:
        faults: list[str] = []
        for path, package, short in self._candidates(name):
            names = self._names_of(path)
            if names is not None and short not in names:
                continue
            try:
                functions = self._functions(path, package)
            except PluginFault as fault:
                if names is not None:
                    raise TemplateError(f"the {self._kind} plug-in cannot be used: {fault}") from fault
                faults.append(str(fault))
                continue
            if short in functions:
                return self._guarded(name, functions[short], path)
        if faults:
            where = f"it may be in a plug-in that cannot be used: {'; '.join(faults)}"
            raise TemplateError(f"no {self._kind} named {name!r}; {where}")
        raise KeyError(name)

    def _candidates(self, name: str) -> Iterator[tuple[str, str, str]]:
        """Files that may have the name, with their package and the name there."""
        if "." not in name:
            yield from ((path, "", name) for path in self._shelves.files(self._kind))
            return
        collection, _, short = name.rpartition(".")
        folder = self._shelves.in_collection(self._kind, collection)
        package = f"ansible_collections.{collection}.plugins.{self._kind}"
        for file in self._shelves.listing(folder) if folder else ():
            if file.endswith(".py") and not file.startswith("_"):
                yield f"{folder}/{file}", package, short

    def _functions(self, path: str, package: str) -> Mapping[str, Function]:
        """What the file's class gives. Raises PluginFault."""
        module = self._importer.load(path, package)
        made = getattr(module, f"{self._kind.title()}Module", None)
        if made is None:
            return {}
        try:
            functions = getattr(made(), f"{self._kind}s")()
            return dict(functions)
        except Exception as error:
            raise PluginFault(f"{place(error, path)}: {type(error).__name__}: {error}") from error

    def _guarded(self, name: str, function: Function, path: str) -> Function:
        """The function with plain values going in, and its errors placed."""

        @functools.wraps(function, updated=())
        def called(*args: Any, **kwargs: Any) -> Any:
            args = tuple([plain(part) for part in args])
            kwargs = {key: plain(part) for key, part in kwargs.items()}
            try:
                result = function(*args, **kwargs)
                return bool(result) if self._kind == "test" else result
            except (PbrunError, MarkerReached, UnknownReached):
                raise
            except Exception as error:
                self._explain(trail(error))
                words = f"the {self._kind} {name!r} failed: {error or type(error).__name__} ({place(error, path)})"
                raise TemplateError(words, kind="type") from error

        # What `pass_context` and its like leave on a function.
        if hasattr(function, "jinja_pass_arg"):
            vars(called)["jinja_pass_arg"] = function.jinja_pass_arg
        return called
