"""`pbrun log diff`: in what two runs differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from runner.cli import flags
from runner.cli.log_report import history_of

if TYPE_CHECKING:
    from runner.history import Run
    from runner.model.event import TaskResult

DESCRIPTION: Final = """\
In what two runs differ: tasks and hosts of only one of them, other outcomes, other output; with --slower also what took
much longer in the second one.
"""

EXAMPLES: Final = """
  pbrun log diff 3f2a last
  pbrun log diff monday.jsonl tuesday.jsonl --slower 2

exit codes:
  0 they do not differ, 1 they do
"""
Key = tuple[str, str, str, int]


def parser() -> flags.Parser:
    """The options."""
    made = flags.Parser("pbrun log diff", DESCRIPTION, EXAMPLES, usage="pbrun log diff RUN RUN [options]")
    made.add_argument("first", metavar="RUN", help="a log file, a run's id, or 'last'")
    made.add_argument("second", metavar="RUN", help="another one")
    made.add_argument("--slower", type=flags.seconds, metavar="TIMES", help="also what took so many times as long")
    return made


def run(words: Sequence[str], argv: Sequence[str]) -> int:  # noqa: ARG001
    """Print the differences; the exit code. Raises `PbrunError`s."""
    from runner.reporters import visible

    found = parser().read(words)
    differences = list(between(history_of(found.first), history_of(found.second), found.slower))
    for text in differences:
        print(visible(text))
    return 1 if differences else 0


def results_of(history: Run) -> Mapping[Key, TaskResult]:
    """The results by task, host and item; a task that ran more than once on a host has several."""
    found: dict[Key, TaskResult] = {}
    times: Counter[tuple[str, str, str]] = Counter()
    for result in history.results():
        at = (result.title, result.host, "" if result.item is None else repr(result.item))
        found[(*at, times[at])] = result
        times[at] += 1
    return found


def between(first: Run, second: Run, slower: float | None = None) -> Iterator[str]:
    """What differs, in the order of the runs."""
    before, after = results_of(first), results_of(second)
    for key in dict.fromkeys([*before, *after]):
        name = f"{key[1]}: {key[0]!r}" + (f", item {key[2]}" if key[2] else "")
        if key not in after or key not in before:
            yield f"{name}: only in the {'first' if key in before else 'second'} run"
            continue
        old, new = before[key], after[key]
        if old.status != new.status:
            yield f"{name}: {old.status}, then {new.status}" + (f" ({new.msg})" if new.msg else "")
        elif (old.rc, old.stdout, old.stderr, old.msg) != (new.rc, new.stdout, new.stderr, new.msg):
            yield f"{name}: {' and '.join(_other(old, new))}"
        if slower is not None and new.duration_s > old.duration_s * slower and new.duration_s > 0.1:
            yield f"{name}: took {old.duration_s:.2f} s, then {new.duration_s:.2f} s"


def _other(old: TaskResult, new: TaskResult) -> Iterator[str]:
    for name in ("rc", "stdout", "stderr", "msg"):
        if getattr(old, name) != getattr(new, name):
            yield f"another {name}"
