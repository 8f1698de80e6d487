"""Finding and reading ansible.cfg and pbrun.toml, unless somebody else could have written them.

Order of search: https://docs.ansible.com/ansible/latest/reference_appendices/config.html#the-configuration-file
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from runner.configuration import ansible_cfg, environment, pbrun_toml
from runner.configuration.given import Source
from runner.configuration.settle import resolved, settle
from runner.errors import SettingErrors
from runner.load.sources import Sources
from runner.load.trust import OTHERS, refusal
from runner.model.settings import Settings
from runner.model.span import NOWHERE, Problem, Span

# For each kind of file: the variable that names one, its name in the folder where pbrun is started and (hidden) in the
# home, and its place on the system.
_ANSIBLE: Final = ("ANSIBLE_CONFIG", "ansible.cfg", "/etc/ansible/ansible.cfg")
_PBRUN: Final = ("PBRUN_CONFIG", "pbrun.toml", "/etc/pbrun/pbrun.toml")


def load_settings(environ: Mapping[str, str], folder: Path, *, curious: bool = False) -> tuple[Settings, list[Problem]]:
    """What holds for a command started in `folder`, and the warnings (`curious`: with what else might be worth a
    look). Environment wins over pbrun.toml, that over ansible.cfg. Raises SettingErrors with every mistake."""
    record = Sources()
    problems: list[Problem] = []
    cfg, cfg_path = _read(_ANSIBLE, ansible_cfg.read, environ, folder, record, problems)
    toml, _ = _read(_PBRUN, pbrun_toml.read, environ, folder, record, problems)
    sources = (cfg, toml, environment.read(environ, str(folder)))
    settings, wrong = settle(one for source in sources for one in source.given)
    problems += [one for source in sources for one in source.problems] + wrong
    mistakes = [one for one in problems if one.level == "error"]
    if mistakes:
        raise SettingErrors(mistakes)
    remarks = [one for source in sources for one in source.remarks] if curious else []
    return replace(settings, files=record.files, ansible_cfg=cfg_path), [*problems, *remarks]


def _read(
    kind: tuple[str, str, str],
    read: Callable[[bytes, str], Source],
    environ: Mapping[str, str],
    folder: Path,
    record: Sources,
    problems: list[Problem],
) -> tuple[Source, str | None]:
    path = _find(kind, environ, folder, problems)
    data = record.read(str(path)) if path else None
    if isinstance(data, Problem):
        problems.append(data)
    return (read(data, str(path)), str(path)) if isinstance(data, bytes) else (Source(), None)


def _find(kind: tuple[str, str, str], environ: Mapping[str, str], folder: Path, problems: list[Problem]) -> Path | None:
    """The first file there is. One that a variable names is meant, whoever owns it; one that is only found has to be
    trustworthy."""
    variable, name, system = kind
    named = environ.get(variable)
    if named:
        if named == os.devnull:
            return None
        path = Path(resolved(named, str(folder)))
        path = path / name if path.is_dir() else path
        if path.is_file():
            return path
        problems.append(Problem(NOWHERE, f"{variable}: there is no file {path}", level="warning"))
    home = environ.get("HOME")
    for path in (folder / name, *([Path(home) / f".{name}"] if home else []), Path(system)):
        if not path.is_file():
            continue
        reason = refusal(path, OTHERS)
        if reason is None:
            return path
        hint = f"to use it nevertheless, set {variable}={path}"
        problems.append(Problem(Span(str(path)), f"is ignored: {reason}", hint, "warning"))
    return None
