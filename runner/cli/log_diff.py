"""`pbrun log diff`: in what two runs differ."""

from __future__ import annotations

import difflib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from runner.cli import flags
from runner.cli.log_report import history_of

if TYPE_CHECKING:
    from runner.history import Run
    from runner.model.event import TaskResult

DESCRIPTION: Final = """\
In what two runs differ: tasks and hosts of only one of them, other outcomes, other output, and where it differs; with
--slower also what took much longer in the second one. Secrets are masked, as in the logs.
"""

EXAMPLES: Final = """
  pbrun log diff 3f2a last
  pbrun log diff 3f2a last --full                   all lines of output that differ
  pbrun log diff monday.jsonl tuesday.jsonl --slower 2

exit codes:
  0 they do not differ, 1 they do
"""
# How much of what differs in a text is shown: lines, and letters of a line. What is longer is not compared in full.
LINES: Final = 12
LETTERS: Final = 160
COMPARED: Final = 2000
# Values that are others in each run, or that stand in another field.
_OF_THE_MOMENT: Final = frozenset(
    {
        "start",
        "end",
        "delta",
        "moment",
        "ansible_facts",
        "stdout_lines",
        "stderr_lines",
        "ansible_job_id",
        "results_file",
    }
)
Key = tuple[str, str, str, int]


def parser() -> flags.Parser:
    """The options."""
    made = flags.Parser("pbrun log diff", DESCRIPTION, EXAMPLES, usage="pbrun log diff RUN RUN [options]")
    made.add_argument("first", metavar="RUN", help="a log file, a run's id, or 'last'")
    made.add_argument("second", metavar="RUN", help="another one")
    made.add_argument("--slower", type=flags.seconds, metavar="TIMES", help="also what took so many times as long")
    made.add_argument("--full", action="store_true", help="show all of the output that differs")
    return made


def run(words: Sequence[str], argv: Sequence[str]) -> int:  # noqa: ARG001
    """Print the differences; the exit code. Raises `PbrunError`s."""
    from runner.reporters import visible

    found = parser().read(words)
    differs = False
    for text in between(history_of(found.first), history_of(found.second), found.slower, full=found.full):
        print(visible(text))
        differs = True
    return 1 if differs else 0


def results_of(history: Run) -> Mapping[Key, TaskResult]:
    """The results by task, host and item; a task that ran more than once on a host has several."""
    found: dict[Key, TaskResult] = {}
    times: Counter[tuple[str, str, str]] = Counter()
    for result in history.results():
        at = (result.title, result.host, "" if result.item is None else repr(result.item))
        found[(*at, times[at])] = result
        times[at] += 1
    return found


def between(first: Run, second: Run, slower: float | None = None, *, full: bool = False) -> Iterator[str]:
    """What differs, in the order of the runs; lines of output are indented."""
    before, after = results_of(first), results_of(second)
    for key in dict.fromkeys([*before, *after]):
        name = f"{key[1]}: {key[0]!r}" + (f", item {key[2]}" if key[2] else "")
        if key not in after or key not in before:
            yield f"{name}: only in the {'first' if key in before else 'second'} run"
            continue
        old, new = before[key], after[key]
        texts = {what: pair for what, pair in _texts(old, new).items() if pair[0] != pair[1]}
        if old.status != new.status:
            yield f"{name}: {old.status}, then {new.status}" + (f" ({new.msg})" if new.msg else "")
        elif old.rc != new.rc or texts:
            others = ([f"rc {old.rc}, then {new.rc}"] if old.rc != new.rc else []) + [
                f"another {what}" for what in texts
            ]
            yield f"{name}: {' and '.join(others)}"
        for what, (was, now) in texts.items():
            yield f"  {what}:"
            yield from (f"    {line}" for line in changed_lines(was, now, full=full))
        if slower is not None and new.duration_s > old.duration_s * slower and new.duration_s > 0.1:
            yield f"{name}: took {old.duration_s:.2f} s, then {new.duration_s:.2f} s"


def _texts(old: TaskResult, new: TaskResult) -> dict[str, tuple[str, str]]:
    """What each of them says, by field."""
    made = {name: (str(getattr(old, name)), str(getattr(new, name))) for name in ("msg", "stdout", "stderr")}
    return {**made, "values": (_values(old.values), _values(new.values))}


def _values(values: Mapping[str, Any]) -> str:
    """What else a step gave, a value a line."""
    told = {name: value for name, value in values.items() if name not in _OF_THE_MOMENT}
    return "\n".join(
        f"{name}: {json.dumps(value, sort_keys=True, default=str)}" for name, value in sorted(told.items())
    )


def changed_lines(was: str, now: str, *, full: bool = False) -> Iterator[str]:
    """The lines that differ, as `diff -U1` has them, without its head; as many as are shown unless `full`."""
    before, after = was.splitlines(), now.splitlines()
    cut = not full and max(len(before), len(after)) > COMPARED
    if cut:
        before, after = before[:COMPARED], after[:COMPARED]
    lines = islice(difflib.unified_diff(before, after, lineterm="", n=1), 2, None)
    shown = list(lines) if full else list(islice(lines, LINES + 1))
    for line in shown if full else shown[:LINES]:
        yield line if full or len(line) <= LETTERS else f"{line[:LETTERS]} …"
    if not full and (cut or len(shown) > LINES):
        yield "… (--full shows all)"
    elif not shown:
        yield "(line ends, or blanks at the end)"
