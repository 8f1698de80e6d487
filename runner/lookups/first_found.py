"""Lookup `first_found`: the first of several files that exists on the controller (`with_first_found`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from runner.arguments import Option
from runner.errors import StepError
from runner.lookups._options import read_options
from runner.model.names import Names
from runner.model.ports import FileKind, LookupContext

OPTIONS: Final = {
    "files": Option("raw", default=()),
    "paths": Option("raw", default=()),
    "skip": Option("bool", default=False),
}
_KINDS: Final[tuple[FileKind, ...]] = ("files", "templates", "vars", "tasks")


def run(terms: list[Any], _variables: Names, options: Mapping[str, Any], context: LookupContext) -> list[Any]:
    """The path of the first file found, as a list of one; with `skip` nothing if there is none.

    A term is a name, a list of terms, or a mapping with `files`, `paths` and `skip`. All names are tried
    in the first path before the second one. Raises StepError when nothing is found and `skip` is not set.
    """
    wanted = read_options(OPTIONS, options)
    names, skip = _names(terms or list(_parts(wanted["files"], ",;")), wanted)
    for name in names:
        path = _find(name, context)
        if path is not None:
            return [path]
    if skip:
        return []
    raise StepError(f"no file was found with first_found: {', '.join(names) or 'no names were given'}")


def _names(terms: list[Any], wanted: Mapping[str, Any]) -> tuple[list[str], bool]:
    """All names to look for, in order, and whether finding nothing is fine (the last mapping says, as in Ansible)."""
    names: list[str] = []
    skip = bool(wanted["skip"])
    for term in terms:
        settings = wanted
        if isinstance(term, Mapping):
            settings = read_options(OPTIONS, {**wanted, **term})
            files, skip = _parts(settings["files"], ",;"), bool(settings["skip"])
        elif isinstance(term, str):
            files = _parts(term, ",;")
        elif isinstance(term, list | tuple):
            more, skip = _names(list(term), {**wanted, "skip": skip})
            names.extend(more)
            continue
        else:
            raise StepError(f"first_found needs names, lists or mappings, got {term!r}")
        paths = _parts(settings["paths"], ",:;")
        names.extend([f"{path.rstrip('/')}/{name}" for path in paths for name in files] if paths else files)
    return names, skip


def _parts(value: Any, separators: str) -> list[str]:
    """A text split at the separators (an old habit of this lookup), or a list of such texts."""
    if isinstance(value, str):
        return re.split(f"[{re.escape(separators)}]", value)
    return [part for one in value or () for part in _parts(str(one), separators)]


def _find(name: str, context: LookupContext) -> str | None:
    for kind in _KINDS:
        try:
            return context.find(kind, name)
        except StepError:
            continue
    return None
