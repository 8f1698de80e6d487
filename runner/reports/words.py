"""What all reports say in the same words: what a run was, how a result ended, text from hosts cut to a length."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

from runner.history import Run
from runner.model.call import Diff, Status
from runner.model.event import RunStart, TaskResult
from runner.reporters import unified, visible

STATES: Final = ("ok", "changed", "skipped", "unknown", "failed", "unreachable", "indeterminate", "ignored", "rescued")
TITLES: Final[Mapping[str, str]] = {
    "unknown": "may run",
    "indeterminate": "may have run",
}
RESUMED_S: Final = 1.0  # a run that took this much less than its log spans was taken up again
FAILED: Final = frozenset({"failed", "unreachable", "indeterminate"})
# Options of the command line whose value may look like a playbook.
_VALUED: Final = frozenset({"-i", "--inventory", "--inventory-file", "-e", "--extra-vars", "--log"})
_PLACE: Final = re.compile(r"(.*?):(\d+)(?::(\d+))?")


def state(result: TaskResult) -> str:
    """How it ended, as one of `STATES`."""
    if result.ignored or result.rescued:
        return "ignored" if result.ignored else "rescued"
    if result.prediction == "unknown" and result.status in (Status.SKIPPED, Status.OK, Status.CHANGED):
        return "unknown"
    return result.status.value


def title(run: Run) -> str:
    """What was run: the playbooks on the command line."""
    return visible(", ".join(playbooks(run.start))) or "a run of pbrun"


def playbooks(start: RunStart | None) -> list[str]:
    """The words of the command line that are playbooks."""
    words = start.argv if start else ()
    return [
        word
        for before, word in zip(("", *words), words, strict=False)
        if word.endswith((".yml", ".yaml")) and before not in _VALUED and not word.startswith("-")
    ]


def command(run: Run) -> str:
    """The command line (secrets are masked in it already)."""
    words = run.start.argv if run.start else ()
    return visible(shlex.join(("pbrun", *words[words[:1] == ("pbrun",) :])))


def facts(run: Run) -> Iterator[tuple[str, str]]:
    """Name and value of what there is to know about the run as a whole."""
    start = run.start
    yield "Run", visible(run.id)
    yield "Started", when(run.began)
    whole = run.ended - run.began
    resumed = (
        f" since it was resumed, {duration(whole)} in all" if run.end and whole > run.duration_s + RESUMED_S else ""
    )
    yield "Took", duration(run.duration_s) + resumed
    if start is None:
        return
    if start.user or start.controller:
        yield "By", visible("@".join(filter(None, (start.user, start.controller))))
    if start.git.get("commit"):
        branch = f" ({visible(str(start.git['branch']))})" if start.git.get("branch") else ""
        dirty = ", with changes that are not committed" if start.git.get("dirty") else ""
        yield "Commit", f"{visible(str(start.git['commit']))[:12]}{branch}{dirty}"
    if start.ci:
        named = (f"{name}={value}" for name, value in sorted(start.ci.items()))
        yield "CI", visible(", ".join(named))
    if start.limit:
        yield "Limit", visible(start.limit)
    if start.tags and start.tags != ("all",):
        yield "Tags", visible(", ".join(start.tags))
    yield "Command", command(run)
    yield "pbrun", visible(start.version)


def outcome(run: Run) -> str:
    """How the run ended, in a few words."""
    said = {"crashed": "no end in the log: broken off, or still running"}.get(run.outcome, run.outcome)
    return visible(f"{said} (dry run)" if run.start and run.start.check else said)


def counts(run: Run) -> Mapping[str, int]:
    """How often each of `STATES` there is among tasks on hosts (rounds of loops are not counted by themselves)."""
    return Counter(state(result) for result in run.results() if result.final)


def when(seconds: float) -> str:
    """A moment (UTC epoch seconds) as people read it; always in UTC, or the same log would not give the same report."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"


def duration(seconds: float) -> str:
    """A length of time as people read it."""
    if seconds < 60:
        return f"{seconds:.2f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min {rest} s" if hours else f"{minutes} min {rest} s"


def cut(text: str, limit: int) -> str:
    """`text` if it has no more than `limit` characters, else its beginning and end, and how much is left out."""
    if len(text) <= limit:
        return text
    tail = limit // 4
    head, end = text[: limit - tail], text[len(text) - tail :]
    return f"{head}\n[… {len(text) - limit} more characters are in the log …]\n{end}"


def output(text: str) -> str:
    """Text from a host, harmless: what would not be seen is escaped."""
    return visible(text.rstrip("\n"), rows=True)


def item(result: TaskResult) -> str:
    """The item of one round of a loop, else nothing."""
    if result.final:
        return ""
    if result.censored:
        return "(censored due to no_log)"
    return visible(result.item if isinstance(result.item, str) else repr(result.item))


def diff_text(diffs: tuple[Diff, ...]) -> str:
    """Differences as unified text."""
    return "\n".join(row for diff in diffs for row, _style in unified(diff))


def place(path: str, base: str) -> tuple[str, int]:
    """The file of a place, relative to the folder `base` if it is below it, and its line."""
    found = _PLACE.fullmatch(path)
    name, line = (found[1], int(found[2])) if found else (path, 1)
    name = posixpath.normpath(name) if name else ""
    above = posixpath.normpath(base) if base else ""
    if above and name.startswith(above.rstrip("/") + "/"):
        return posixpath.relpath(name, above), line
    return name, line
