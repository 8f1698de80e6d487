"""`--sarif`: what a dry run would change, and what failed, for code scanning: the place is the task's in its playbook.

Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/sarif-v2.1.0-os.html and what GitHub reads of it
(https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning).
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

from runner.history import Run, Task
from runner.model.event import TaskResult
from runner.reporters import visible
from runner.reports import words
from runner.reports.failures import bad_results

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVELS: Final[Mapping[str, str]] = {
    "failed": "error",
    "unreachable": "error",
    "indeterminate": "error",
    "changed": "warning",
    "unknown": "note",
}
SAID: Final[Mapping[str, str]] = {
    "failed": "fails",
    "unreachable": "cannot reach its host",
    "indeterminate": "may or may not have run",
    "changed": "would change something",
    "unknown": "may change something (a dry run cannot know)",
}
FEW: Final = 10
MAX_DIFF: Final = 2_000
_LINK: Final = re.compile(r"[\[\]\\]")


def sarif(run: Run, base: str) -> str:
    """The document. `base`: the repository's folder, which places are relative to."""
    rules: dict[str, int] = {}
    results = [
        _result(task, state, found, base, rules)
        for _play, task in run.tasks()
        for state, found in _findings(task, dry=bool(run.start and run.start.check))
    ]
    tool = {"driver": {"name": "pbrun", "rules": [_rule(name) for name in rules]}}
    if run.start:
        tool["driver"]["version"] = visible(run.start.version)
    made: dict[str, Any] = {
        "tool": tool,
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "The folder of the repository."}}},
        "invocations": [_invocation(run)],
        "results": results,
    }
    versions = _versions(run)
    if versions:
        made["versionControlProvenance"] = versions
    document = {"$schema": SCHEMA, "version": "2.1.0", "runs": [made]}
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _findings(task: Task, *, dry: bool) -> Iterator[tuple[str, list[TaskResult]]]:
    """What is to be told of a task, by how it ended; changes only of a dry run, where they are still ahead."""
    found: dict[str, list[TaskResult]] = {}
    for result in bad_results(task):
        found.setdefault(words.state(result), []).append(result)
    if dry:
        for result in task.results:
            state = words.state(result)
            if state in ("changed", "unknown") and result.final:
                found.setdefault(state, []).append(result)
    yield from found.items()


def _result(task: Task, state: str, found: list[TaskResult], base: str, rules: dict[str, int]) -> dict[str, Any]:
    name, module = visible(task.title), visible(task.module) or "task"
    place = visible(words.place(task.path, base)[0])
    mark = hashlib.sha256("\0".join((module, place, name, state)).encode()).hexdigest()
    made: dict[str, Any] = {
        "ruleId": module,
        "ruleIndex": rules.setdefault(module, len(rules)),
        "level": LEVELS[state],
        "message": {"text": _LINK.sub(lambda one: f"\\{one[0]}", _message(task, name, state, found))},
        "partialFingerprints": {"pbrunTask/v1": mark[:32]},
        "properties": {"hosts": sorted({visible(result.host) for result in found}), "state": state},
    }
    if task.path:
        made["locations"] = [{"physicalLocation": _location(task.path, base)}]
    return made


def _message(task: Task, name: str, state: str, found: list[TaskResult]) -> str:
    found = sorted(found, key=lambda result: result.host)  # the next run's message is the same, whoever is quicker
    hosts = list(dict.fromkeys(visible(result.host) for result in found))
    more = f" and {len(hosts) - FEW} more" if len(hosts) > FEW else ""
    parts = [f"{name!r} {SAID[state]} on {', '.join(hosts[:FEW])}{more}."]
    why = next((words.output(result.msg) for result in found if result.msg), "")
    # The task's own result has no difference where the rounds of its loop have.
    shown = next((words.diff_text(one.diff) for one in (*found, *task.results) if one.diff), "")
    if state in words.FAILED and why:
        parts.append(words.cut(why, MAX_DIFF))
    if state == "changed" and shown:
        parts.append(words.cut(shown, MAX_DIFF))
    return "\n".join(parts)


def _location(path: str, base: str) -> dict[str, Any]:
    name, line = words.place(path, base)
    if posixpath.isabs(name):
        return {"artifactLocation": {"uri": f"file://{_quoted(name)}"}, "region": {"startLine": line}}
    return {"artifactLocation": {"uri": _quoted(name), "uriBaseId": "%SRCROOT%"}, "region": {"startLine": line}}


def _quoted(path: str) -> str:
    return quote(path.encode("utf-8", "surrogateescape"))


def _rule(module: str) -> dict[str, Any]:
    return {
        "id": module,
        "name": module,
        "shortDescription": {"text": f"What {module} tasks find on hosts is not what the playbook says"},
        "defaultConfiguration": {"level": "warning"},
    }


def _invocation(run: Run) -> dict[str, Any]:
    made: dict[str, Any] = {
        "commandLine": words.command(run),
        "startTimeUtc": _time(run.began),
        "endTimeUtc": _time(run.ended),
        "executionSuccessful": run.outcome == "ok",
    }
    if run.end:
        made["exitCode"] = run.end.exit_code
    return made


def _versions(run: Run) -> list[dict[str, Any]]:
    """The commit, if the log knows where the repository is kept: the standard demands its address."""
    git = run.start.git if run.start else {}
    remote, commit = str(git.get("remote") or ""), str(git.get("commit") or "")
    if not (commit and re.match(r"[a-z+]+://", remote)):
        return []
    made: dict[str, Any] = {"repositoryUri": visible(remote), "revisionId": commit}
    if git.get("branch"):
        made["branch"] = visible(str(git["branch"]))
    return [made]


def _time(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"
