"""`--markdown`: a summary for a pull request, no longer than GitHub takes.

What came from hosts or playbooks stands in code, where `@names` call nobody and nothing is Markdown
(https://github.github.com/gfm/#code-spans).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html import escape
from typing import Final

from runner.history import Run
from runner.model.call import Diff
from runner.model.event import Recap, TaskResult
from runner.reporters import visible
from runner.reports import words
from runner.reports.failures import Failure, failures

# A comment holds 65,536 characters (https://docs.github.com/en/graphql says the same of `body`); bytes are no fewer.
LIMIT: Final = 65_536
RESERVE: Final = 500  # for the note of what is left out
MAX_OUTPUT: Final = 4_000
MAX_DIFF: Final = 6_000
FEW: Final = 8
_TICKS: Final = re.compile(r"`+")


def markdown(run: Run) -> str:
    """The summary: what matters most stands first, and what no longer fits is counted."""
    made = [f"## {code(words.title(run))}: {escape(words.outcome(run))}\n", _counts(run), _facts(run)]
    room = LIMIT - RESERVE - sum(map(_size, made)) - len(made)
    left: list[str] = []
    dry = bool(run.start and run.start.check)
    sections: list[tuple[str, str, Iterable[str]]] = [
        ("Failures", "failures", map(_failure, failures(run))),
        ("What would change" if dry else "What changed", "changes", _changes(run)),
        ("Hosts", "hosts", _hosts(run)),
    ]
    for title, name, entries in sections:
        shown, missing = _fitting(list(entries), room - len(title) - 8)
        if missing:
            left.append(f"{missing} {name}")
        if shown:
            text = f"### {title}\n\n" + "".join(shown)
            room -= _size(text) + 1
            made.append(text)
    if left:
        made.append(f"_Left out here, because a comment has to be short: {', '.join(left)}. The log has everything._\n")
    return "\n".join(made)


def _fitting(entries: list[str], room: int) -> tuple[list[str], int]:
    """The entries that fit, and how many do not."""
    shown = []
    for entry in entries:
        if _size(entry) <= room:
            room -= _size(entry)
            shown.append(entry)
    return shown, len(entries) - len(shown)


def _size(text: str) -> int:
    return len(text.encode("utf-8", "replace"))


def code(text: str) -> str:
    """A code span of one line, for table cells, too."""
    shown = text.replace("\n", " ⏎ ").replace("|", "\\|")
    ticks = "`" * (1 + max((len(found) for found in _TICKS.findall(shown)), default=0))
    return f"{ticks} {shown} {ticks}" if "`" in shown or not shown.strip() else f"{ticks}{shown}{ticks}"


def fence(text: str, language: str = "") -> str:
    """A block of code, whatever is in it."""
    ticks = "`" * max(3, 1 + max((len(found) for found in _TICKS.findall(text)), default=0))
    return f"{ticks}{language}\n{text}\n{ticks}\n"


def _details(summary: str, body: str) -> str:
    """A block that opens; what is in a summary is HTML, so Markdown is not read there."""
    return f"<details><summary>{summary}</summary>\n\n{body}\n</details>\n\n"


def _counts(run: Run) -> str:
    found = words.counts(run)
    names = [name for name in words.STATES if found.get(name) or name in ("ok", "changed", "failed")]
    heads = ["hosts", *(words.TITLES.get(name, name) for name in names)]
    cells = [str(len(run.hosts)), *(str(found.get(name, 0)) for name in names)]
    return f"| {' | '.join(heads)} |\n|{'---:|' * len(heads)}\n| {' | '.join(cells)} |\n"


def _facts(run: Run) -> str:
    rows = "".join(f"| {name} | {code(words.cut(value, 1000))} |\n" for name, value in words.facts(run))
    return _details("About this run", f"| | |\n|---|---|\n{rows}")


def _failure(failure: Failure) -> str:
    result = failure.example
    which = f" (item={words.item(result)})" if words.item(result) else ""
    state = words.TITLES.get(words.state(result), words.state(result))
    name = escape(visible(failure.title) + which)
    summary = f"<b>{state}</b>: <code>{name}</code> on {_on(dict.fromkeys(failure.hosts))}"
    parts = [fence(words.cut(words.output(result.msg) or words.state(result), MAX_OUTPUT))]
    if failure.path:
        parts.append(f"{code(visible(failure.module))} at {code(visible(failure.path))}\n")
    for name, text in (("standard error", result.stderr), ("standard output", result.stdout)):
        if text.strip():
            parts.append(f"{name}:\n\n{fence(words.cut(words.output(text), MAX_OUTPUT))}")
    return _details(summary, "\n".join(parts) + _diff(result))


def _changes(run: Run) -> Iterator[str]:
    """What a task changes (or would), hosts with the same difference together."""
    for _play, task in run.tasks():
        heaps: dict[tuple[str, str, tuple[Diff, ...]], list[TaskResult]] = {}
        told = {result.host for result in task.results if not result.final and result.diff}
        for result in task.results:
            state = words.state(result)
            if state not in ("changed", "unknown") or (result.final and result.host in told):
                continue
            if result.final or result.diff:
                heaps.setdefault((state, words.item(result), result.diff), []).append(result)
        for (state, item, _diffs), results in heaps.items():
            which = f" (item={item})" if item else ""
            summary = (
                f"{words.TITLES.get(state, state)}: <code>{escape(visible(task.title) + which)}</code> "
                f"on {_on(dict.fromkeys(result.host for result in results))}"
            )
            body = _diff(results[0])
            yield _details(summary, body) if body else f"- {summary}\n\n"


def _diff(result: TaskResult) -> str:
    text = words.diff_text(result.diff)
    return f"\n{fence(words.cut(text, MAX_DIFF), 'diff')}" if text else ""


def _on(hosts: Iterable[str]) -> str:
    names = [f"<code>{escape(visible(host))}</code>" for host in hosts]
    more = f" and {len(names) - FEW} more" if len(names) > FEW else ""
    return ", ".join(names[:FEW]) + more


def _hosts(run: Run) -> Iterator[str]:
    """Rows of the recap: those of hosts that are worth a look, with the table's head."""
    names = ("ok", "changed", "unreachable", "failed", "skipped", "rescued", "ignored", "unknown")
    notable = {host: recap for host, recap in run.recap.items() if _weight(recap)}
    ranked = sorted(notable.items(), key=lambda pair: (-_weight(pair[1]), pair[0]))
    for number, (host, recap) in enumerate(ranked):
        row = f"| {code(visible(host))} | {' | '.join(str(getattr(recap, name)) for name in names)} |\n"
        head = f"| host | {' | '.join(names)} |\n|---|{'---:|' * len(names)}\n" if number == 0 else ""
        yield head + row


def _weight(recap: Recap) -> int:
    """What is worst comes first; 0 for a host where nothing happened."""
    return 4 * bool(recap.unreachable or recap.failed) + 2 * bool(recap.unknown) + bool(recap.changed)
