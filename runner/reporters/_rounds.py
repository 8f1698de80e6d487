"""Which results of a loop are shown: its rounds, and its end only if that says something new."""

from __future__ import annotations

from runner.model.call import Status
from runner.model.event import TaskResult
from runner.reporters._words import BAD


class Rounds:
    """Remembers the loops under way, by task and host, and whether a failure of theirs was shown."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, str], bool] = {}

    def tells(self, result: TaskResult) -> bool:
        """Whether this result is to be shown, as Ansible does: the end of a loop is, if it was skipped as a whole,
        or if it failed although no round did."""
        key = (result.task_id, result.host)
        bad = result.status in BAD
        if not result.final:
            self._open[key] = bad or self._open.get(key, False)
            return True
        told = self._open.pop(key, None)
        skipped = result.status is Status.SKIPPED and result.prediction != "unknown"
        return told is None or (bad and not told) or skipped
