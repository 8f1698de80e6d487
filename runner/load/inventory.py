"""Inventory sources of the command line: files, folders, scripts and lists, read into one inventory."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from runner.errors import InputErrors
from runner.inventory import constructed, host_list, ini, script, yaml
from runner.inventory.draft import Draft, as_it_is
from runner.inventory.patterns import limit_files_of
from runner.load.inventory_script import Limits, ScriptFault, is_script, run_script
from runner.load.sources import Sources
from runner.load.trust import GROUP_AND_OTHERS, refusal
from runner.load.vars_files import REJECTED, load_beside, merged
from runner.model.inventory import FileVars, Inventory
from runner.model.settings import Settings
from runner.model.span import NOWHERE, Problem, Span
from runner.syntax import ini as ini_text
from runner.syntax import yaml as yaml_text
from runner.syntax.yaml import plain

# What Ansible leaves out in a folder of inventories.
IGNORED_NAMES: Final = ("group_vars", "host_vars", "vars_plugins")
IGNORED_ENDINGS: Final = (*REJECTED, ".orig", ".cfg", ".retry")
_YAML_ENDINGS: Final = (".yml", ".yaml", ".json")
# The first line that counts of a file without a telling name: `---`, `{`, `all:` or `"web": {}` make it YAML.
_YAML_START: Final = re.compile(rb"^(?:---|%YAML|\{|[\"']?[\w.-]+[\"']?\s*:(?:\s|$))")


def load_inventory(
    sources: Sequence[str],
    *,
    strict: bool = False,
    record: Sources | None = None,
    limits: Limits | None = None,
    settings: Settings | None = None,
    extra_vars: Mapping[str, Any] | None = None,
) -> tuple[Inventory, list[Problem]]:
    """The inventory of all sources together, later ones winning, and the warnings.

    A source is a file (INI, YAML, JSON), an executable script, a folder of these, or a list with a comma in it.
    `extra_vars` are for sources with expressions. `record` learns every file read and its sha256 (scripts too);
    `Inventory.sources` are the same files. Raises InputErrors with every mistake of every source;
    `strict` makes errors of the warnings.
    """
    reading = _Reading(
        record if record is not None else Sources(), limits or Limits(), settings or Settings(), extra_vars or {}
    )
    for source in sources:
        reading.source(source)
    inventory = reading.finish()
    problems = list(dict.fromkeys(reading.draft.problems))
    if not reading.any_read and not _errors(problems, strict=False):
        message = "no inventory was parsed, only the implicit localhost is available"
        problems.append(Problem(NOWHERE, message, "name one with -i", "warning", "no_inventory"))
    if _errors(problems, strict):
        raise InputErrors([replace(one, level="error") if strict else one for one in problems])
    return inventory, problems


def read_limit_files(limit: str | None, record: Sources | None = None) -> Mapping[str, Sequence[str]]:
    """The lines of each file that `--limit @file` names. Raises InputErrors for those that cannot be read."""
    record = record if record is not None else Sources()
    read = {path: record.read(path) for path in limit_files_of(limit)}
    problems = [one for one in read.values() if isinstance(one, Problem)]
    if problems:
        raise InputErrors(problems)
    return {
        path: data.decode("utf-8", "replace").splitlines() for path, data in read.items() if isinstance(data, bytes)
    }


def _errors(problems: Sequence[Problem], strict: bool) -> bool:
    return any(strict or problem.level == "error" for problem in problems)


class _Reading:
    """One reading of all sources into one draft."""

    def __init__(self, record: Sources, limits: Limits, settings: Settings, extra_vars: Mapping[str, Any]) -> None:
        self.extra_vars = extra_vars
        self.ignored_endings = settings.inventory_ignore_extensions or IGNORED_ENDINGS
        self.ignored_names = settings.inventory_ignore_patterns
        self.draft = Draft()
        self.record = record
        self.limits = limits
        self.beside = FileVars()
        self.read: dict[str, None] = {}
        self.any_read = False
        self.worked_out = False

    def source(self, source: str) -> None:
        """One word of `-i`."""
        path = Path(source).expanduser()
        if "," in source and not path.exists():
            self.draft.source, self.draft.take = source, as_it_is
            host_list.read(self.draft, source)
            self.any_read = True
            return
        path = path.absolute()
        if not path.exists():
            hint = f"a list of hosts needs a comma: -i {source}," if "/" not in source and not path.suffix else ""
            self.draft.error(Span(source), "the inventory does not exist", hint)
            return
        (self.folder if path.is_dir() else self.file)(path)
        self.variables(path if path.is_dir() else path.parent)

    def folder(self, folder: Path) -> None:
        """Every inventory in a folder and the folders below it, in sorted order."""
        try:
            entries = sorted(folder.iterdir())
        except OSError as error:
            self.draft.error(Span(str(folder)), f"cannot be read: {error.strerror or error}")
            return
        for path in entries:
            if not self.ignores(path.name):
                (self.folder if path.is_dir() else self.file)(path)

    def ignores(self, name: str) -> bool:
        """Whether something in a folder of inventories is none."""
        return (
            name.startswith(".")
            or name in IGNORED_NAMES
            or name.endswith(self.ignored_endings)
            or any(self.fits(pattern, name) for pattern in self.ignored_names)
        )

    def fits(self, pattern: str, name: str) -> bool:
        """Whether a pattern of the setting inventory_ignore_patterns is about a name."""
        try:
            return re.search(pattern, name) is not None
        except re.error as error:
            self.draft.error(NOWHERE, f"inventory_ignore_patterns: {pattern!r} cannot be read: {error}")
            return False

    def file(self, path: Path) -> None:
        """One file: its name, its mode and its beginning say what it is."""
        data = self.record.read(str(path))
        if isinstance(data, Problem):
            self.draft.problems.append(data)
            return
        self.draft.source = str(path)
        self.draft.take = partial(self.record.value, str(path))
        self.read[str(path)] = None
        self.any_read = True
        if is_script(path):
            self.script(path)
        elif path.suffix in _YAML_ENDINGS or (not path.suffix and _looks_like_yaml(data)):
            tree, problems = yaml_text.parse(data, str(path))
            self.draft.problems.extend(self.record.discreet(str(path), problems))
            if isinstance(tree, yaml_text.Table) and plain(tree.get("plugin")) in constructed.NAMES:
                self.constructed(tree, path)
            elif tree is not None or not problems:
                yaml.read(self.draft, tree, str(path))
        else:
            self.ini(path, data)

    def constructed(self, tree: yaml_text.Table, path: Path) -> None:
        """Variables and groups made of those that are there already."""
        from runner.template.templar import Templar

        self.worked_out = True
        constructed.read(self.draft, tree, str(path), self.beside, self.extra_vars, Templar())

    def ini(self, path: Path, data: bytes) -> None:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            self.draft.error(Span(str(path), line), "the inventory is not UTF-8 text")
            return
        sections, problems = ini_text.parse(text, str(path))
        self.draft.problems.extend(self.record.discreet(str(path), problems))
        ini.read(self.draft, sections)

    def script(self, path: Path) -> None:
        """Run a script with `--list`, and with `--host` for each host if it gave no `_meta`."""
        span = Span(str(path))
        self.worked_out = True
        reason = refusal(path, GROUP_AND_OTHERS, sticky=True)
        if reason:
            self.draft.error(span, f"the inventory script is not run: {reason}")
            return
        document = self.output(path, ["--list"])
        if document is None:
            return
        for host in script.read(self.draft, document, span) or ():
            variables = self.output(path, ["--host", host]) if not host.startswith("-") else {}
            script.read_host(self.draft, host, variables if variables is not None else {}, span)

    def output(self, path: Path, arguments: list[str]) -> Any:
        """The JSON a script prints, or None when there is none (then a problem says so)."""
        span = Span(str(path))
        try:
            printed = run_script(str(path), arguments, self.limits)
            return json.loads(printed) if printed.strip() or arguments == ["--list"] else {}
        except ScriptFault as fault:
            self.draft.error(span, f"the inventory script {fault}")
        except (ValueError, RecursionError) as error:
            begins = printed[:60].decode("utf-8", "replace")
            message = f"the inventory script {' '.join(arguments)} did not print JSON ({error}); it begins {begins!r}"
            self.draft.error(span, message)
        return None

    def variables(self, folder: Path) -> None:
        """The `group_vars` and `host_vars` beside a source."""
        before = set(self.record.files)
        found, problems = load_beside(str(folder), self.record)
        self.beside = merged(self.beside, found)
        self.draft.problems.extend(problems)
        self.read.update(dict.fromkeys(path for path in self.record.files if path not in before))

    def finish(self) -> Inventory:
        return replace(self.draft.finish(self.beside, tuple(self.read)), worked_out=self.worked_out)


def _looks_like_yaml(data: bytes) -> bool:
    lines = (line.strip() for line in data.splitlines())
    first = next((line for line in lines if line and not line.startswith((b"#", b";"))), b"")
    return bool(_YAML_START.match(first))
