"""One result in words, as Ansible's default output has them: pure functions from a result to lines of text."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from typing import Any, Final

from runner.model.call import Status
from runner.model.event import TaskOutput, TaskResult
from runner.reporters._visible import visible

BAD: Final = frozenset({Status.FAILED, Status.UNREACHABLE, Status.INDETERMINATE})
TALKATIVE: Final = frozenset({"debug", "assert"})  # their result is what they are for
HIDDEN: Final = "(censored due to no_log)"
HEAD_ROWS: Final = 20
TAIL_ROWS: Final = 80
MAX_ROW: Final = 2000
INDENT: Final = 4

_NESTED: Final = (dict, list, tuple)
_PAD: Final = " " * INDENT
_FLAT: Final = json.JSONEncoder(sort_keys=True, ensure_ascii=False, default=str, separators=(f",\n{_PAD}", ": "))
_WORDS: Final = {Status.OK: "ok", Status.CHANGED: "changed", Status.SKIPPED: "skipping"}


def style(result: TaskResult) -> str:
    """The name of the result's colour."""
    if result.prediction == "unknown":
        return "unknown"
    return "unreachable" if result.status is Status.INDETERMINATE else result.status.value


def word(result: TaskResult) -> str:
    """The first word of the result's line."""
    if result.prediction == "unknown" and result.status not in BAD:
        return "may run"
    if result.status in BAD:
        return "failed" if not result.final and result.status is Status.FAILED else "fatal"
    return _WORDS[result.status]


def host(result: TaskResult) -> str:
    """The host in brackets, and whom it was delegated to."""
    delegate = f" -> {visible(result.delegate)}" if result.delegate else ""
    return f"[{visible(result.host)}{delegate}]"


def item(result: TaskResult) -> str:
    """`(item=x)` of one round of a loop, else nothing."""
    if result.final:
        return ""
    shown = HIDDEN if result.censored else result.item if isinstance(result.item, str) else repr(result.item)
    return f"(item={visible(shown)})"


def reason(result: TaskResult) -> str:
    """Why it went wrong, in one line."""
    first = result.msg.split("\n", 1)[0].rstrip() or _from_output(result)
    rc = f" (rc={result.rc})" if result.rc not in (None, 0) and f"rc={result.rc}" not in first else ""
    return visible(first) + rc


def _from_output(result: TaskResult) -> str:
    rows = (result.stderr or result.stdout).strip().splitlines()
    return rows[-1] if rows else result.status.value


def printed(output: TaskOutput) -> Iterator[str]:
    """The rows of what a step prints while it runs."""
    place = f"{visible(output.host)}: {output.stream}"
    for line in output.lines:
        yield f"{place} | {visible(line)}"
    if output.left_out:
        yield f"{place} | (lines left out: {output.left_out}; the result has them)"


def headline(result: TaskResult) -> str:
    """The line that says how it ended, without details."""
    start, which = f"{word(result)}: {host(result)}", item(result)
    if result.status is Status.FAILED and not result.final:
        return f"{start} {which} => {reason(result)}"
    if result.status in BAD:
        kind = result.status.value.upper()
        return f"{start}: {kind}! => {f'{which} => ' if which else ''}{reason(result)}"
    return f"{start} => {which}" if which else start


def report(result: TaskResult, verbosity: int) -> str:
    """The result as JSON if it is to be shown, else nothing: debug always, all others from `-v` on."""
    talks = result.module in TALKATIVE and not result.values.get("quiet")
    if talks and result.status in (Status.OK, Status.CHANGED):
        return _json(_said(result), INDENT)
    return _json(_values(result), INDENT if verbosity > 2 else None) if verbosity else ""


def _said(result: TaskResult) -> dict[str, Any]:
    said = {"msg": result.msg, **result.values} if result.msg or not result.values else dict(result.values)
    if result.module == "debug":
        said.pop("changed", None)
        return said
    return {"changed": result.changed, **said}


def _values(result: TaskResult) -> dict[str, Any]:
    texts = {name: getattr(result, name) for name in ("msg", "stdout", "stderr") if getattr(result, name)}
    made: dict[str, Any] = {"changed": result.changed, **texts, **result.values}
    if result.rc is not None:
        made["rc"] = result.rc
    return made


def _json(values: dict[str, Any], indent: int | None) -> str:
    shown = {name: value for name, value in values.items() if not name.startswith("_")}
    if indent == INDENT and shown and not any(isinstance(value, _NESTED) for value in shown.values()):
        # Python indents in Python, and what `debug` shows is mostly flat: the quick encoder can write that as well.
        return visible(f"{{\n{_PAD}{_FLAT.encode(shown)[1:-1]}\n}}", rows=True)
    return visible(json.dumps(shown, indent=indent, sort_keys=True, ensure_ascii=False, default=str), rows=True)


def details(result: TaskResult, verbosity: int) -> Iterator[str]:
    """What helps with a failure: the rest of its message, the command, both outputs, marked line by line."""
    yield from _marked("msg", "\n".join(result.msg.split("\n")[1:]), verbosity)
    command = result.values.get("cmd")
    if command and not result.censored:
        words = shlex.join(map(str, command)) if isinstance(command, list) else str(command)
        yield from _marked("cmd", words, verbosity)
    yield from _marked("stderr", result.stderr, verbosity)
    yield from _marked("stdout", result.stdout, verbosity)


def _marked(name: str, text: str, verbosity: int) -> Iterator[str]:
    """Lines no host can forge: each one opens with where it is from."""
    rows = text.rstrip("\n").split("\n") if text.strip() else []
    left = 0 if verbosity else len(rows) - HEAD_ROWS - TAIL_ROWS
    for number, row in enumerate(rows):
        if left > 0 and HEAD_ROWS <= number < len(rows) - TAIL_ROWS:
            if number == HEAD_ROWS:
                yield f"    {name:<6} … {left} more lines are in the log"
            continue
        cut = "" if verbosity or len(row) <= MAX_ROW else f" … {len(row) - MAX_ROW} more characters are in the log"
        shown = visible((row if verbosity else row[:MAX_ROW]).removesuffix("\r").replace("\t", "        "))
        yield f"    {name:<6} | {shown}{cut}"
