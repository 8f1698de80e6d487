"""Lookup `csvfile`: one column of the row of a CSV file on the controller whose key column has the term."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from typing import Any, Final

from runner.arguments import Option
from runner.errors import StepError
from runner.lookups._options import decoded, inline, read_options, texts
from runner.model.names import Names
from runner.model.ports import LookupContext

OPTIONS: Final = {
    "file": Option(default="ansible.csv"),
    "col": Option("int", default=1),
    "keycol": Option("int", default=0),
    "delimiter": Option(default="TAB"),
    "encoding": Option(default="utf-8"),
    "default": Option("raw"),
}


def run(terms: list[Any], _variables: Names, options: Mapping[str, Any], context: LookupContext) -> list[Any]:
    """The value for each key, `default` for one that no row has (nothing, unless given). A term may carry options:
    `Li file=elements.csv delimiter=,`. Raises StepError for a missing file, row too short or bad option."""
    found: list[Any] = []
    for term in texts(terms):
        key, given = inline(term, tuple(OPTIONS))
        if not key:
            raise StepError("csvfile needs a key to look for")
        value = _lookup(key, read_options(OPTIONS, {**options, **given}), context)
        if value is not None:
            found.append(value)
    return found


def _lookup(key: str, wanted: Mapping[str, Any], context: LookupContext) -> Any:
    text = decoded(context.read(context.find("files", wanted["file"])), wanted["file"], wanted["encoding"])
    delimiter = {"TAB": "\t", "\\t": "\t"}.get(wanted["delimiter"], wanted["delimiter"])
    try:
        for row in csv.reader(text.splitlines(), delimiter=delimiter):
            if row and row[wanted["keycol"]] == key:
                return row[wanted["col"]]
    except IndexError:
        raise StepError(f"{wanted['file']!r} has a row without column {max(wanted['col'], wanted['keycol'])}") from None
    except (csv.Error, TypeError) as error:
        raise StepError(f"{wanted['file']!r} cannot be read as CSV: {error}") from None
    return wanted["default"]
