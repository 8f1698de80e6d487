"""`--junit`: JUnit XML as CI systems read it: a test suite for each play, a test case for each task on a host.

There is no standard; this keeps to what Jenkins' schema allows
(https://github.com/jenkinsci/xunit-plugin/blob/master/src/main/resources/org/jenkinsci/plugins/xunit/types/model/xsd/junit-10.xsd),
which GitLab, GitHub's actions and others read, too.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from xml.etree import ElementTree

from runner.history import Play, Run, Task
from runner.model.event import TaskResult
from runner.reporters import visible
from runner.reports import words
from runner.reports.failures import bad_results

MAX_TEXT = 65_536  # characters of one output


def junit(run: Run) -> str:
    """The document. What a host could not answer is an error, what it answered badly is a failure."""
    suites = [_suite(play) for play in run.plays if play.tasks]
    root = ElementTree.Element("testsuites", {"name": words.title(run)})
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in suites)))
    root.set("time", _time(run.duration_s))
    root.extend(suites)
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'


def _suite(play: Play) -> ElementTree.Element:
    batch = f" (batch {play.batch + 1} of {play.batches})" if play.batches > 1 else ""
    named: Counter[tuple[str, str]] = Counter()
    cases = [case for task in play.tasks for case in _cases(task, named)]
    found = Counter(child.tag for case in cases for child in case if child.tag in ("failure", "error", "skipped"))
    made = ElementTree.Element(
        "testsuite",
        {
            "name": visible(play.name) + batch,
            "tests": str(len(cases)),
            "failures": str(found["failure"]),
            "errors": str(found["error"]),
            "skipped": str(found["skipped"]),
            "time": _time(play.ended - play.began),
            "timestamp": f"{datetime.fromtimestamp(play.began, UTC):%Y-%m-%dT%H:%M:%S}",
        },
    )
    made.extend(cases)
    return made


def _cases(task: Task, named: Counter[tuple[str, str]]) -> list[ElementTree.Element]:
    """One case for each host: its own result, or what went wrong if it has none."""
    bad: dict[str, list[TaskResult]] = {}
    for result in bad_results(task):
        bad.setdefault(result.host, []).append(result)
    last = {result.host: result for result in task.results if result.final}
    hosts = dict.fromkeys([*(result.host for result in task.results), *bad])
    made = []
    for host in hosts:
        wrong = bad.get(host, [])
        if host in last or wrong:
            made.append(_case(task, last[host] if host in last else wrong[0], wrong, named))
    return made


def _case(
    task: Task, result: TaskResult, bad: list[TaskResult], named: Counter[tuple[str, str]]
) -> ElementTree.Element:
    name, of = f"[{visible(result.host)}] {visible(task.title)}", visible(words.place(task.path, "")[0]) or "pbrun"
    named[of, name] += 1
    again = f" ({named[of, name]})" if named[of, name] > 1 else ""  # two cases of one name would be taken for one
    made = ElementTree.Element("testcase", {"classname": of, "name": name + again, "time": _time(result.duration_s)})
    state = words.state(result)
    if bad:
        kind = "failure" if all(words.state(one) == "failed" for one in bad) else "error"
        first = words.output(bad[0].msg).split("\n", 1)[0] or words.state(bad[0])
        child = ElementTree.SubElement(made, kind, {"message": first, "type": words.state(bad[0])})
        child.text = words.cut("\n".join(_told(task, one) for one in bad), MAX_TEXT)
    elif state in ("skipped", "unknown"):
        why = "a dry run cannot know what this would do" if state == "unknown" else words.output(result.msg)
        ElementTree.SubElement(made, "skipped", {"message": why} if why else {})
    elif state in ("ignored", "rescued"):
        note = f"failed, and was {state}: {words.output(result.msg)}"
        ElementTree.SubElement(made, "system-out").text = words.cut(note, MAX_TEXT)
    for tag, text in (("system-out", result.stdout), ("system-err", result.stderr)):
        if text:
            ElementTree.SubElement(made, tag).text = words.cut(words.output(text), MAX_TEXT)
    return made


def _told(task: Task, result: TaskResult) -> str:
    parts = [words.item(result) and f"item: {words.item(result)}", words.output(result.msg)]
    parts += [f"rc: {result.rc}"] if result.rc else []
    parts += [words.output(result.stderr), words.output(result.stdout), visible(task.path)]
    return "\n".join(part for part in parts if part)


def _time(seconds: float) -> str:
    return f"{max(0.0, seconds):.3f}"
