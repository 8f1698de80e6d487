"""Lookup `fileglob`: files of one folder on the controller whose names fit a pattern (`with_fileglob`)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runner.errors import StepError
from runner.lookups._options import texts
from runner.model.names import Names
from runner.model.ports import LookupContext


def run(terms: list[Any], _variables: Names, _options: Mapping[str, Any], context: LookupContext) -> list[Any]:
    """The files of each pattern, sorted. A pattern without a folder is tried in the folders of the search path, and
    the first that has any wins; patterns are for names of files, not of folders."""
    return [path for term in texts(terms) for path in _fitting(term, context)]


def _fitting(term: str, context: LookupContext) -> list[str]:
    head, slash, pattern = term.rpartition("/")
    if not pattern:
        return []
    for folder in _folders(head or "/", context) if slash else context.folders("files"):
        # Like a shell, `*` leaves out hidden files.
        hidden = pattern.startswith(".")
        found = [path for path in Path(folder).glob(pattern) if path.is_file() and (hidden or path.name[0] != ".")]
        if found:
            return sorted(map(str, found))
    return []


def _folders(name: str, context: LookupContext) -> tuple[str, ...]:
    try:
        return (context.find("files", name),)
    except StepError:
        return ()
