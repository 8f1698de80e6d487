"""What GitHub Actions and GitLab CI read out of a job's output: foldable sections and annotations; and that no host
can write such a thing.

Sources: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands and
https://docs.gitlab.com/ci/jobs/job_logs/#custom-collapsible-sections
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from typing import Final, TextIO

from runner.model.event import TaskResult
from runner.reporters import _words
from runner.reporters._stream import Stream
from runner.reporters._visible import visible

MAX_ANNOTATIONS: Final = 10  # GitHub shows no more of a step
FEW: Final = 5
# GitHub's runner looks for `::` behind the white space that a line begins with, and for its older `##[` anywhere.
_COMMAND: Final = re.compile(r"^((?:\s|\x1b\[[0-9;]*m)*):(?=:)|##(?=\[)", re.MULTILINE)


def service(environ: Mapping[str, str]) -> str:
    """`github` or `gitlab` if that is who runs us, else nothing."""
    if environ.get("GITHUB_ACTIONS") == "true":
        return "github"
    return "gitlab" if environ.get("GITLAB_CI") == "true" else ""


def guarded(text: str) -> str:
    """Text in which GitHub's runner finds no command. What is escaped is so as JSON has it, whose strings keep their
    meaning."""
    if "::" not in text and "##[" not in text:
        return text
    return _COMMAND.sub(lambda found: "#\\u0023" if found[1] is None else f"{found[1]}\\u003a", text)


def stream(out: TextIO, name: str, *, colour: bool = False) -> Stream:
    """A stream for a reporter's text, in a job of the service `name`."""
    return Stream(out, colour=colour, guard=guarded if name == "github" else None)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


class Job:
    """The job that we are a step of, as `service` names it. Each method gives lines that the service reads as they are;
    there are none if nobody reads them. `root`: the repository's folder."""

    def __init__(self, name: str, root: str) -> None:
        self._name, self._root = name, root
        self._sections = 0
        self._is_open = False
        self._paths: dict[str, str] = {}
        self._said: dict[tuple[str, str], str] = {}
        self._failed: dict[tuple[str, str], tuple[str, list[str]]] = {}

    def opened(self, title: str, ts: float) -> Iterator[str]:
        """A section begins; one that is open ends before. `ts` in UTC epoch seconds."""
        yield from self.closed(ts)
        if self._name:
            self._is_open = True
            self._sections += 1
            yield (
                f"::group::{_data(title)}"
                if self._name == "github"
                else f"\x1b[0Ksection_start:{int(ts)}:pbrun_play_{self._sections}\r\x1b[0K{title}"
            )

    def closed(self, ts: float) -> Iterator[str]:
        """The open section ends, if there is one."""
        if self._is_open:
            self._is_open = False
            end = f"\x1b[0Ksection_end:{int(ts)}:pbrun_play_{self._sections}\r\x1b[0K"
            yield "::endgroup::" if self._name == "github" else end

    def place(self, task_id: str, path: str) -> None:
        """Where a task stands."""
        if self._name == "github":
            self._paths[task_id] = path

    def result(self, result: TaskResult) -> None:
        """Remember what failed. What a round of a loop says is more than what the loop as a whole does."""
        if self._name != "github" or result.status not in _words.BAD:
            return
        key = (result.task_id, result.host)
        if not result.final:
            self._said.setdefault(key, f"{_words.item(result)} {_words.reason(result)}")
        elif not result.ignored and not result.rescued:
            why = self._said.get(key) or _words.reason(result)
            hosts = self._failed.setdefault((result.task_id, result.title), (why, []))[1]
            hosts.append(_words.host(result))

    def annotations(self) -> Iterator[str]:
        """One error for each task that failed, at its place; more than are shown are counted."""
        failed, self._failed = list(self._failed.items()), {}
        for (task_id, title), (why, hosts) in failed[:MAX_ANNOTATIONS]:
            more = f" and {len(hosts) - FEW} more" if len(hosts) > FEW else ""
            said = _data(f"{', '.join(hosts[:FEW])}{more}: {why}")
            place = "".join(f"{name}={_property(value)}," for name, value in self._where(task_id))
            yield f"::error {place}title={_property(visible(title))}::{said}"
        if len(failed) > MAX_ANNOTATIONS:
            yield f"::notice title=pbrun::{len(failed) - MAX_ANNOTATIONS} more tasks failed"

    def _where(self, task_id: str) -> Iterator[tuple[str, str]]:
        path, _, rest = self._paths.get(task_id, "").partition(":")
        line, _, column = rest.partition(":")
        if not path or not line.isdecimal():
            return
        inside = os.path.relpath(path, self._root) if self._root else path
        yield "file", visible(path if inside.startswith("../") else inside)
        yield "line", line
        if column.isdecimal():
            yield "col", column
