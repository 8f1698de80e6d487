"""Variable files: `group_vars/` and `host_vars/` folders, and single files of `vars_files` and `-e @file`.

Rules: https://docs.ansible.com/ansible/latest/inventory_guide/intro_inventory.html#organizing-host-and-group-variables
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from runner.load.doubts import of_variables
from runner.load.sources import Sources, answered
from runner.model.inventory import FileVars
from runner.model.playbook import Playbook
from runner.model.span import Problem, Span
from runner.syntax.yaml import Scalar, Table, parse, plain

EXTENSIONS: Final = (".yml", ".yaml", ".json")
# Ansible's REJECT_EXTS: files that editors, packagers and people leave beside the ones meant.
REJECTED: Final = (".pyc", ".pyo", ".swp", ".bak", "~", ".rpm", ".md", ".txt", ".rst")


def load_vars_file(path: str, record: Sources | None = None) -> tuple[Mapping[str, Any], list[Problem]]:
    """The variables of one YAML or JSON file; an empty file has none. `record` learns what was read."""
    record = record if record is not None else Sources()
    data = record.read(path)
    if isinstance(data, Problem):
        return {}, [data]
    tree, problems = parse(data, path)
    problems = record.discreet(path, problems)
    if tree is None or (isinstance(tree, Scalar) and tree.value is None):
        return {}, problems
    if not isinstance(tree, Table):
        return {}, [*problems, Problem(tree.span, "a file of variables is a mapping of names to values")]
    for key, _ in tree.entries:
        if not isinstance(key.value, str):
            problems.append(Problem(key.span, f"the variable name {key.text!r} is not text", "put it in quotes"))
    problems += record.discreet(path, of_variables(tree))
    return record.values(path, {str(name): value for name, value in plain(tree).items()}), problems


def check_vars_files(playbook: Playbook, record: Sources) -> list[Problem]:
    """A problem for each encrypted file that some play's `vars_files` names and that no secret opens; names that are
    templates are known during the run only."""
    problems: dict[Problem, None] = {}
    for play in playbook.plays:
        for entry in play.vars_files:
            names = [
                str(Path(play.path).parent / str(name)) for name in (entry if isinstance(entry, list) else [entry])
            ]
            chosen = next((name for name in names if answered(Path(name).exists)), "")
            found = record.read(chosen) if chosen else b""
            if isinstance(found, Problem) and chosen in record.locked:
                problems[found] = None
    return list(problems)


def load_beside(folder: str, record: Sources | None = None) -> tuple[FileVars, list[Problem]]:
    """The variables of `folder`/group_vars and `folder`/host_vars: `NAME`, `NAME.yml`, `.yaml`, `.json`, or a folder
    `NAME` whose files are merged in sorted order. `record` learns which files were read."""
    record = record if record is not None else Sources()
    problems: list[Problem] = []
    locked: dict[str, Problem] = {}
    groups = _load_kind(Path(folder, "group_vars"), record, problems, locked)
    hosts = _load_kind(Path(folder, "host_vars"), record, problems, locked)
    return FileVars(groups, hosts, locked), problems


def merged(first: FileVars, second: FileVars) -> FileVars:
    """Both together; what `second` has wins, variable by variable."""
    locked = {**first.locked, **second.locked}
    return FileVars(_merge(first.groups, second.groups), _merge(first.hosts, second.hosts), locked)


def _merge(
    first: Mapping[str, Mapping[str, Any]], second: Mapping[str, Mapping[str, Any]]
) -> dict[str, Mapping[str, Any]]:
    names = dict.fromkeys([*first, *second])
    return {name: {**first.get(name, {}), **second.get(name, {})} for name in names}


def _load_kind(
    folder: Path, record: Sources, problems: list[Problem], locked: dict[str, Problem]
) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    for name, paths in _candidates(folder, problems).items():
        # Of `web`, `web.yml`, `web.yaml` and `web.json` the first is read and no other, as in Ansible.
        first, rest = paths[0], paths[1:]
        for other in rest:
            problems.append(Problem(Span(str(other)), f"is not read, because {first.name} is there", level="warning"))
        merged_vars: dict[str, Any] = {}
        for path in _files_of(first, problems) if first.is_dir() else [first]:
            variables, wrong = load_vars_file(str(path), record)
            merged_vars.update(variables)
            if str(path) in record.locked:
                # Who runs on other hosts needs no password for it.
                locked.setdefault(f"{folder.name}/{name}", wrong[0])
            else:
                problems.extend(wrong)
        found[name] = merged_vars
    return found


def _candidates(folder: Path, problems: list[Problem]) -> dict[str, list[Path]]:
    """For each group or host name the files or folders that hold its variables, in order of preference."""
    if folder.exists() and not folder.is_dir():
        problems.append(Problem(Span(str(folder)), "is not a folder and is not read", level="warning"))
    found: dict[str, list[tuple[int, Path]]] = {}
    for path in _listed(folder, problems):
        known = path.suffix in EXTENSIONS and not path.is_dir()
        name = path.name.removesuffix(path.suffix) if known else path.name
        rank = EXTENSIONS.index(path.suffix) + 1 if known else 0
        found.setdefault(name, []).append((rank, path))
    return {name: [path for _, path in sorted(paths)] for name, paths in found.items()}


def _files_of(folder: Path, problems: list[Problem]) -> list[Path]:
    """The variable files below a folder, in sorted order; folders with a dot in their name are left out."""
    found: list[Path] = []
    for path in _listed(folder, problems):
        if path.is_dir():
            found.extend([] if path.suffix else _files_of(path, problems))
        elif path.suffix in ("", *EXTENSIONS):
            found.append(path)
    return found


def _listed(folder: Path, problems: list[Problem]) -> list[Path]:
    try:
        names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    except OSError as error:
        problems.append(Problem(Span(str(folder)), f"cannot be read: {error.strerror or error}"))
        return []
    return [folder / name for name in names if not name.startswith(".") and not name.endswith(REJECTED)]
