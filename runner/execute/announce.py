"""Banners: a task is announced when its first host reaches it; with `--step` the user is asked then."""

from __future__ import annotations

from runner.execute.world import World
from runner.model.event import TaskStart
from runner.model.plan import Kind, TaskNode


class Announcer:
    """Which tasks of a batch have been announced, and which the user declined."""

    def __init__(self, world: World, play: str) -> None:
        self._world = world
        self._play = play
        self._announced: set[str] = set()
        self.declined: set[str] = set()

    def announce(self, node: TaskNode, *, past: bool = False) -> bool:
        """Show the task if this is the first host that reaches it. Returns whether it is to run; what ran in the
        `past` of the run did."""
        if node.id in self._announced or node.kind is Kind.FLUSH:
            return True
        self._announced.add(node.id)
        task = node.task
        asks = self._world.options.step and not past and node.kind is not Kind.FACTS and task.module != "meta"
        if asks and self._world.confirm(task.name or task.action) == "n":
            self.declined.add(node.id)
            return False
        role = f"{task.role.name} : " if task.role else ""
        name = role + (task.name or task.action)
        event = TaskStart(self._play, name, task.id, task.module, str(task.span), node.kind is Kind.HANDLER)
        if task.module != "meta":
            self._world.emit(event)
        return True
