"""A controller for lookups in tests: real files below one folder, real templates, variables in a dictionary."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runner.errors import StepError
from runner.model.ports import FileKind
from runner.model.settings import Settings
from runner.model.span import Span
from runner.registry import load
from runner.template.templar import Templar


@dataclass
class Variables:
    """`Names` of a dictionary."""

    values: Mapping[str, Any] = field(default_factory=dict)
    rendered: MutableMapping[str, Any] = field(default_factory=dict)

    def raw(self, name: str) -> Any:
        return self.values[name]

    def known(self) -> Iterable[str]:
        return list(self.values)


@dataclass
class Controller:
    """A playbook's folder with `files`, `templates`, `vars` and `tasks` beside it."""

    playbook_dir: str
    variables: Variables = field(default_factory=Variables)
    settings: Settings = field(default_factory=Settings)

    def folders(self, kind: FileKind) -> tuple[str, ...]:
        return (f"{self.playbook_dir}/{kind}", self.playbook_dir)

    def find(self, kind: FileKind, name: str) -> str:
        for folder in self.folders(kind):
            if Path(folder, name).exists():
                return str(Path(folder, name))
        raise StepError(f"could not find {name!r}")

    def read(self, path: str) -> bytes:
        return Path(path).read_bytes()

    def render(self, value: Any) -> Any:
        return Templar().render(value, self.variables)

    def render_file(self, path: str, options: Mapping[str, Any]) -> str:
        given = dict(options)
        names = Variables({**self.variables.values, **(given.pop("extra_vars", None) or {})})
        return str(Templar().render_text(Path(path).read_text(), names, Span(path), given))


def lookup(
    name: str,
    terms: Sequence[Any],
    folder: Path | str = "/",
    variables: Mapping[str, Any] | None = None,
    **options: Any,
) -> list[Any]:
    """What the lookup gives."""
    names = Variables(variables or {})
    found: list[Any] = load("lookups", name).run(list(terms), names, options, Controller(str(folder), names))
    return found
