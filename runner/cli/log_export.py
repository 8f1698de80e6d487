"""`pbrun log export`: a run as an OpenTelemetry trace, made from its log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from runner.cli import flags
from runner.cli.log_report import history_of, write
from runner.errors import OptionError

DESCRIPTION: Final = """\
Makes an OpenTelemetry trace of a run from its log: the run, its plays, their tasks, each task on each host.
RUN is a log file, the id of a run (or its beginning), or 'last'. The same log gives the same trace, ids included.
Needs OpenTelemetry's SDK: pip install 'pbrun[otel]'.
"""

EXAMPLES: Final = """
  pbrun log export last --otlp http://localhost:4318
  pbrun log export run.jsonl --otel-file trace.jsonl      for a collector that reads files
"""


def run(words: Sequence[str], argv: Sequence[str]) -> int:  # noqa: ARG001
    """Send or write what is asked for; the exit code. Raises `PbrunError`s."""
    found = parser().read(words)
    if found.otlp is None and found.otel_file is None:
        raise OptionError("say where to: --otlp URL or --otel-file OUT")
    from runner.telemetry.otlp import as_lines, sent
    from runner.telemetry.spans import trace

    made = trace(history_of(found.run))
    if found.otel_file is not None:
        write(found.otel_file, as_lines(made))
    if found.otlp is not None:
        sent(made, found.otlp)
    return 0


def parser() -> flags.Parser:
    """The options."""
    made = flags.Parser(
        "pbrun log export", DESCRIPTION, EXAMPLES, usage="pbrun log export RUN --otlp URL | --otel-file OUT"
    )
    made.add_argument("run", metavar="RUN", help="a log file, a run's id, or 'last'")
    made.add_argument("--otlp", type=flags.not_empty, metavar="URL", help="send it to a collector, by OTLP over HTTP")
    made.add_argument("--otel-file", type=flags.not_empty, metavar="OUT", help="write OTLP's JSON, a request a line")
    return made
