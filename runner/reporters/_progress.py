"""How far a run is, folded from its events: what the live screen shows below the results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from runner.model.call import Status
from runner.model.event import (
    Event,
    HostLost,
    IntentWithdrawn,
    PlanMade,
    PlayStart,
    TaskIntent,
    TaskResult,
    TaskStart,
)

OUT = frozenset({Status.FAILED, Status.UNREACHABLE, Status.INDETERMINATE})


@dataclass(slots=True)
class TaskProgress:
    """One task of the batch: hosts it runs on now, and those that are done with it."""

    name: str
    running: dict[str, None] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Progress:
    """Counts of the batch under way. `lengths` are the plays' numbers of tasks, by name."""

    play: str = ""
    hosts: frozenset[str] = frozenset()
    out: set[str] = field(default_factory=set)
    tasks: dict[str, TaskProgress] = field(default_factory=dict)
    lengths: dict[str, int] = field(default_factory=dict)
    steps: dict[str, int] = field(default_factory=dict)

    def see(self, event: Event) -> None:
        """Take in one event."""
        if isinstance(event, TaskIntent):
            self._task(event.task_id, event.task).running[event.host] = None
        elif isinstance(event, TaskResult):
            self._result(event)
        elif isinstance(event, TaskStart):
            self._task(event.task_id, event.task)
        elif isinstance(event, IntentWithdrawn):
            if event.task_id in self.tasks:
                self.tasks[event.task_id].running.pop(event.host, None)
        elif isinstance(event, HostLost):
            self._drop(event.host)
        elif isinstance(event, PlayStart):
            self.play, self.hosts = event.play, frozenset(event.hosts)
            self.out, self.tasks, self.steps = set(), {}, dict.fromkeys(event.hosts, 0)
        elif isinstance(event, PlanMade):
            self.lengths = {str(play.get("name", "")): _length(play) for play in event.plays}

    def _task(self, key: str, name: str) -> TaskProgress:
        return self.tasks.setdefault(key, TaskProgress(name))

    def _result(self, result: TaskResult) -> None:
        task = self._task(result.task_id, result.task)
        if not result.final:
            return
        task.running.pop(result.host, None)
        task.done.add(result.host)
        if result.host in self.steps and not result.handler:
            self.steps[result.host] += 1
        if result.status in OUT and not result.ignored and not result.rescued:
            self._drop(result.host)

    def _drop(self, host: str) -> None:
        if host in self.hosts:
            self.out.add(host)
        for task in self.tasks.values():
            task.running.pop(host, None)

    @property
    def length(self) -> int:
        """How many tasks the play has, as far as is known."""
        return max(self.lengths.get(self.play, 0), max(self.steps.values(), default=0))

    @property
    def running(self) -> set[str]:
        """Hosts that something runs on now."""
        return {host for task in self.tasks.values() for host in task.running}

    @property
    def finished(self) -> set[str]:
        """Hosts that are done with the play."""
        busy, length = self.running, self.length
        return {host for host, count in self.steps.items() if count >= length > 0 and host not in self.out | busy}

    @property
    def share(self) -> float:
        """How much of the batch's steps is over, from 0 to 1; a host that is out counts as done."""
        total = self.length * len(self.hosts)
        done = sum(self.length if host in self.out else count for host, count in self.steps.items())
        return min(1.0, done / total) if total else 0.0

    def current(self) -> list[TaskProgress]:
        """Tasks that run somewhere now, in the order they were begun."""
        return [task for task in self.tasks.values() if task.running]


def _length(play: Mapping[str, Any]) -> int:
    tasks = play.get("tasks", ())
    return len(tasks) if isinstance(tasks, list | tuple) else 0
