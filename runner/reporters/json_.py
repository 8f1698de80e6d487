"""`--output json`: the lines of the log, byte for byte, as they are written."""

from __future__ import annotations

from runner.model.call import Carried
from runner.model.event import Record
from runner.reporters import ReporterContext, _ci


class Json:
    """Writes each record's line to standard output."""

    def __init__(self, context: ReporterContext) -> None:
        self._out = _ci.stream(context.out, context.ci)
        self._line = context.line

    def see(self, record: Record) -> None:
        """Write the record's line."""
        self._out.write(self._line(record).decode("ascii"))
        self._out.flush()

    def carried(self, news: Carried) -> None:
        """Lines that stay say nothing of what is under way."""

    def close(self) -> None:
        """Nothing is left to write."""


def create(context: ReporterContext) -> Json:
    """A reporter that streams the log."""
    return Json(context)
