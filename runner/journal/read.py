"""Reading a log back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from runner.errors import EnvironmentFault, InputErrors
from runner.journal.encode import UnknownType, record
from runner.journal.place import fault
from runner.model.event import Record
from runner.model.span import Problem, Span


def _unheard(_note: str) -> None:
    return None


def read(path: Path, note: Callable[[str], None] = _unheard) -> Iterator[Record]:
    """The records of a log, in order, one after the other as they are read.

    A last line that is torn (the run was killed while writing it) is left out and `note` is told. Event types and
    fields of newer minor versions are passed over. Raises InputErrors, naming the line, for anything else that is not
    a line of a log, and EnvironmentFault if the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if not line.endswith(b"\n"):
                    note(f"{path}:{number}: the last line is torn (the run was killed while writing it): left out")
                    return
                try:
                    made = record(line)
                except UnknownType:
                    continue
                except ValueError as error:
                    problem = Problem(Span(str(path), number), f"not a line of a log: {error}")
                    raise InputErrors([problem]) from None
                yield made
    except OSError as error:
        raise EnvironmentFault(str(fault(path, "read", error))) from None
