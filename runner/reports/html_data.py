"""The data of the HTML page: a run as columns of numbers and one table of texts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from runner.history import Run, Task
from runner.model.event import Recap, TaskResult
from runner.reporters import visible
from runner.reports.budget import Texts
from runner.reports.failures import failures, unheard
from runner.reports.path import critical_path
from runner.reports.words import FAILED, STATES, TITLES, diff_text, duration, item, output, state

COUNTS: Final = ("ok", "changed", "unreachable", "failed", "skipped", "rescued", "ignored", "unknown")
# What is long and says little of how a step ended, or is said elsewhere.
_UNSAID: Final = frozenset({"ansible_facts", "stdout_lines", "stderr_lines", "start", "end", "delta", "changed"})


class Columns:
    """Results as one list for each of their fields, which is half the size of a list for each result."""

    def __init__(self, began: float, texts: Texts) -> None:
        self._began, self._texts = began, texts
        self._hosts: dict[str, int] = {}
        self.made: dict[str, list[Any]] = {name: [] for name in "thsbdcfoemixv"}

    @property
    def hosts(self) -> list[str]:
        """Names of hosts by number."""
        return list(self._hosts)

    def host(self, name: str) -> int:
        """A host's number."""
        return self._hosts.setdefault(name, len(self._hosts))

    def add(self, task: int, result: TaskResult) -> None:
        """Take in a result, by its task's number."""
        how = state(result)
        timed = result.start > 0 and result.end >= result.start
        kind = "failure" if how in FAILED else "output"
        texts = self._texts.number
        self._row(
            t=task,
            h=self.host(result.host),
            s=STATES.index(how),
            b=max(0, round((result.start - self._began) * 1000)) if timed else -1,
            d=round((result.end - result.start) * 1000) if timed else 0,
            c=0 if result.rc is None else result.rc,
            f=1 if result.final else 0,
            o=texts(kind, output(result.stdout)),
            e=texts(kind, output(result.stderr)),
            m=texts("failure" if how in FAILED else "name", output(result.msg)),
            i=texts("name", item(result)),
            x=texts("diff", diff_text(result.diff)) if result.diff else 0,
            v=texts("values", _values(result)),
        )

    def _row(self, **values: Any) -> None:
        for name, value in values.items():
            self.made[name].append(value)


def data(run: Run) -> dict[str, Any]:
    """Everything that the page's script reads; see `page/page.js` for what it makes of it."""
    texts = Texts()
    columns = Columns(run.began, texts)
    for host in run.hosts:
        columns.host(host)
    plays: list[list[Any]] = []
    tasks: list[list[Any]] = []
    kept: list[TaskResult] = []
    for play in run.plays:
        batch = f" (batch {play.batch + 1} of {play.batches})" if play.batches > 1 else ""
        for task in play.tasks:
            for result in _shown(task):
                kept.append(result)
                columns.add(len(tasks), result)
            tasks.append([len(plays), visible(task.title), visible(task.module), visible(task.path), int(task.handler)])
        plays.append([visible(play.name) + batch, len(play.hosts)])
    return {
        "states": [TITLES.get(name, name) for name in STATES],
        "plays": plays,
        "tasks": tasks,
        "rows": columns.made,
        "failures": _failures(run, columns, texts),
        "path": [[leg.index, round(leg.waited_s * 1000)] for leg in critical_path(kept, run.began)],
        "recap": [[columns.host(host), *_counts(recap)] for host, recap in sorted(run.recap.items())],
        "counts": list(COUNTS),
        "notices": [[visible(n.level), visible(n.host), output(n.message)] for n in run.notices],
        "length": max(1, round(max(run.duration_s, run.ended - run.began) * 1000)),
        "took": duration(run.duration_s),
        "hosts": [visible(host) for host in columns.hosts],
        "texts": texts.table(),
    }


def _shown(task: Task) -> list[TaskResult]:
    """A task's results, and in the place of those that never came what says so."""
    return [*task.results, *(unheard(task, intent) for intent in task.open)]


def _failures(run: Run, columns: Columns, texts: Texts) -> list[list[Any]]:
    """Each failure: what it is of, its hosts, and what is seen of it."""
    made = []
    for failure in failures(run):
        example = failure.example
        made.append(
            [
                visible(failure.play),
                visible(failure.title),
                visible(failure.module),
                visible(failure.path),
                [columns.host(host) for host in dict.fromkeys(failure.hosts)],
                STATES.index(state(example)),
                item(example),
                example.rc or 0,
                texts.number("failure", output(example.msg)),
                texts.number("failure", command(example)),
                texts.number("failure", output(example.stderr)),
                texts.number("failure", output(example.stdout)),
                texts.number("diff", diff_text(example.diff)),
            ]
        )
    return made


def command(result: TaskResult) -> str:
    """The command of a step that ran one."""
    said = result.values.get("cmd", "")
    return output(" ".join(map(str, said)) if isinstance(said, list | tuple) else str(said or ""))


def _values(result: TaskResult) -> str:
    """Further keys of a result, as JSON; a page has no room for facts."""
    kept = {name: value for name, value in result.values.items() if name not in _UNSAID and not name.startswith("_")}
    if not kept or result.censored:
        return ""
    return output(json.dumps(kept, sort_keys=True, ensure_ascii=False, default=str, indent=1))


def _counts(recap: Recap) -> list[int]:
    named: Mapping[str, int] = {name: getattr(recap, name) for name in COUNTS}
    return [named[name] for name in COUNTS]
