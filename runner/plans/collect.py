"""Gathers what a dry run says: a watcher of its records."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from runner.model.call import Carried
from runner.model.event import PlanMade, Record, RunStart, TaskIntent, TaskResult
from runner.plans.saved import Foretold


def item_text(event: TaskIntent | TaskResult) -> str:
    """The item of a loop as text; "" without one."""
    return "" if event.item is None else json.dumps(event.item, sort_keys=True, default=str)


def key_of(event: TaskIntent | TaskResult) -> tuple[str, str, str]:
    """What names a step: its task, host and item."""
    return event.task_id, event.host, item_text(event)


class Collector:
    """See `runner.model.ports.Reporter`: keeps each result of a dry run as a step of a plan."""

    def __init__(self) -> None:
        """Nothing has been seen."""
        self.steps: list[Foretold] = []
        self.start: RunStart | None = None
        self._args: dict[tuple[str, str, str], str] = {}
        self._places: dict[str, str] = {}

    def see(self, record: Record) -> None:
        """Look at one record, which has no secrets any more."""
        event = record.event
        if isinstance(event, RunStart):
            self.start = event
        elif isinstance(event, PlanMade):
            for play in event.plays:
                self._places.update((str(task["id"]), _relative(task, self.start)) for task in play["tasks"])
        elif isinstance(event, TaskIntent):
            self._args[key_of(event)] = event.args_sha256
        elif isinstance(event, TaskResult):
            self.steps.append(self._step(event))

    def _step(self, event: TaskResult) -> Foretold:
        key = key_of(event)
        # What a controller's own step ends with is no word about a host: `says` is about changes alone.
        says = event.prediction or ("change" if event.changed else "same")
        return Foretold(
            event.task_id,
            event.title,
            self._places.get(event.task_id, ""),
            event.host,
            key[2],
            event.module,
            str(event.status),
            says,
            self._args.get(key, ""),
            event.observed,
            event.msg if says == "unknown" or event.status == "failed" else "",
            event.final,
            tuple(asdict(part) for part in event.diff),
        )

    def carried(self, news: Carried) -> None:
        """Nothing travels in a dry run."""

    def close(self) -> None:
        """Nothing is open."""


def _relative(task: Any, start: RunStart | None) -> str:
    """Where the task stands, from the folder that the command was given in."""
    place = str(task.get("place", ""))
    return place.removeprefix(f"{start.cwd}/") if start is not None else place
