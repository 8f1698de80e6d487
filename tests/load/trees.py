"""Small folders of files for the loader's tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from textwrap import dedent
from typing import Any

from runner.errors import InputErrors
from runner.load.defined_names import flat
from runner.load.playbook import read_playbooks
from runner.model.playbook import Play, Playbook, Task
from runner.model.span import Problem


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Write each file, its text dedented."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")


def load_playbooks(paths: Sequence[str], *, strict: bool = False, **options: Any) -> tuple[Playbook, list[Problem]]:
    """The playbooks and the warnings. Raises InputErrors with all mistakes; with `strict` warnings are mistakes too."""
    loaded = read_playbooks(paths, **options)
    if any(strict or problem.level == "error" for problem in loaded.problems):
        raise InputErrors([replace(one, level="error") if strict else one for one in loaded.problems])
    return loaded.playbook, list(loaded.problems)


def load(folder: Path, files: Mapping[str, str], **options: Any) -> tuple[tuple[Play, ...], list[Problem]]:
    """The plays of `site.yml` among `files`, and the warnings."""
    write(folder, files)
    playbook, warnings = load_playbooks([str(folder / "site.yml")], **options)
    return playbook.plays, warnings


def play(folder: Path, text: str, others: Mapping[str, str] | None = None, **options: Any) -> Play:
    """The first play of a playbook."""
    return load(folder, {"site.yml": text, **(others or {})}, **options)[0][0]


def tasks(folder: Path, text: str, others: Mapping[str, str] | None = None, **options: Any) -> list[Task]:
    """All tasks of a play on all hosts whose `tasks:` list is `text`."""
    body = "- hosts: all\n  tasks:\n" + "".join(f"    {line}\n" for line in dedent(text).strip("\n").splitlines())
    return list(flat(play(folder, body, others, **options).tasks))


def mistakes(folder: Path, files: Mapping[str, str] | str, **options: Any) -> list[str]:
    """What is wrong, as `file:line:column: message | hint`; paths relative to the folder."""
    files = {"site.yml": files} if isinstance(files, str) else files
    try:
        problems = load(folder, files, **options)[1]
    except InputErrors as error:
        problems = list(error.problems)
    return [told(problem, folder) for problem in problems]


def told(problem: Problem, folder: Path) -> str:
    """One problem on one line."""
    text = f"{problem.span}: {problem.message}" + (f" | {problem.hint}" if problem.hint else "")
    return text.replace(f"{folder}/", "")
