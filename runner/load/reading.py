"""The files a playbook consists of, each read and parsed once, and the list of everything that is wrong in them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runner.load.doubts import of_variables
from runner.load.sources import Sources, answered
from runner.model.span import NOWHERE, Problem, Span
from runner.syntax import yaml
from runner.syntax.yaml import Tree

EXTENSIONS = (".yml", ".yaml", ".json", "")


class Reading:
    """Reads files through a record of `Sources`; `problems` collects mistakes and warnings.

    `holes` counts what could not be read and may hold anything (files, roles), `lost` are the names of tasks that could
    not: later checks must not miss them."""

    def __init__(self, record: Sources | None = None) -> None:
        self.record = record if record is not None else Sources()
        self.problems: list[Problem] = []
        self.empty: set[str] = set()
        self.holes = 0
        self.lost: list[str] = []
        self._trees: dict[str, Tree | None] = {}
        self._values: dict[str, Mapping[str, Any]] = {}
        self._exists: dict[str, bool] = {}

    def error(self, span: Span, message: str, hint: str = "") -> None:
        """Note a mistake."""
        self.problems.append(Problem(span, message, hint))

    def warn(self, span: Span, message: str, hint: str = "") -> None:
        """Note a warning."""
        self.problems.append(Problem(span, message, hint, "warning"))

    def note(self, problem: Problem | None) -> None:
        """Note a problem, if there is one."""
        if problem:
            self.problems.append(problem)

    def is_file(self, path: str) -> bool:
        """Whether `path` is a file; asked once."""
        if path not in self._exists:
            self._exists[path] = os.path.isfile(path)  # noqa: PTH113 - asked for hundreds of names
        return self._exists[path]

    def is_folder(self, path: str) -> bool:
        """Whether `path` is a folder; asked once."""
        key = f"{path}/"
        if key not in self._exists:
            self._exists[key] = answered(Path(path).is_dir)
        return self._exists[key]

    def names_in(self, folder: str) -> list[str]:
        """The names in a folder without their extensions, for hints; none if it cannot be read."""
        return [Path(name).stem for name in self.files_in(folder)]

    def files_in(self, folder: str) -> list[str]:
        """The names in a folder, for hints; none if it cannot be read."""
        try:
            return sorted(path.name for path in Path(folder).iterdir())
        except OSError:
            return []

    def has_variables(self, stem: str) -> bool:
        """Whether `variables_of` would find a file or a folder."""
        return self.with_extension(stem) is not None or self.is_folder(stem)

    def tree(self, path: str, asked_at: Span = NOWHERE) -> Tree | None:
        """The file's tree; mistakes in it are noted once. None if it is empty or cannot be read."""
        if path in self._trees:
            self.holes += self._is_hole(path)
            return self._trees[path]
        tree: Tree | None = None
        data = self.record.read(path)
        if isinstance(data, Problem):
            self.error(asked_at if asked_at is not NOWHERE else data.span, f"{path} {data.message}")
        else:
            tree, problems = yaml.parse(data, path)
            self.problems += self.record.discreet(path, problems)
            if tree is None and not problems:
                self.empty.add(path)
            elif path in self.record.sealed:
                self.record.note_tasks(path, yaml.plain(tree))
        self._trees[path] = tree
        self.holes += self._is_hole(path)
        return tree

    def _is_hole(self, path: str) -> bool:
        return self._trees[path] is None and path not in self.empty

    def variables(self, path: str) -> Mapping[str, Any]:
        """The variables of a file that holds a table (or nothing)."""
        if path not in self._values:
            tree = self.tree(path)
            if tree is None or (isinstance(tree, yaml.Scalar) and tree.value is None):
                self._values[path] = {}
            elif isinstance(tree, yaml.Table):
                self.problems += self.record.discreet(path, of_variables(tree))
                self._values[path] = self.record.values(path, yaml.plain(tree))
            else:
                self.error(tree.span, "a file of variables must hold a table of names and values")
                self._values[path] = {}
        return self._values[path]

    def with_extension(self, stem: str) -> str | None:
        """The first of `stem.yml`, `stem.yaml`, `stem.json`, `stem` that is a file; a name other than `main` was
        written by the user and is tried as it is first."""
        endings = EXTENSIONS if stem.endswith("/main") else ("", *EXTENSIONS)
        return next((stem + ending for ending in endings if self.is_file(stem + ending)), None)

    def variables_of(self, stem: str) -> Mapping[str, Any]:
        """The variables of `stem` with any extension, or of all files of the folder `stem` in order of their names."""
        found = self.with_extension(stem)
        if found:
            return self.variables(found)
        folder = Path(stem)
        merged: dict[str, Any] = {}
        if folder.is_dir():
            for path in sorted(folder.rglob("*")):
                if path.suffix in EXTENSIONS and path.is_file() and not path.name.startswith("."):
                    merged.update(self.variables(str(path)))
        return merged
