"""A task's yes/no keywords, rendered for one host."""

from __future__ import annotations

from typing import Any

from runner.errors import StepError
from runner.execute.background import DEFAULT_POLL_S
from runner.execute.job import Flags
from runner.execute.settings import Settings
from runner.execute.world import World
from runner.model.playbook import Directives, Task
from runner.model.values import Template, UnknownReached


def flags_of(world: World, settings: Settings, task: Task) -> Flags:
    """The flags. Raises StepError for a keyword that is neither true nor false, UnknownReached in a dry run."""
    options = world.options
    if isinstance(task.directives.run_once, Template):
        settings.flag("run_once")
    check, diff = settings.directive("check_mode"), settings.directive("diff")
    return Flags(
        options.check if check is None else settings.flag("check_mode"),
        options.diff if diff is None else settings.flag("diff"),
        settings.flag("no_log"),
        settings.flag("ignore_errors"),
        settings.flag("ignore_unreachable"),
        settings.flag("any_errors_fatal"),
        settings.given_flag(task.delegate_facts, "delegate_facts"),
        _seconds(settings.directive("timeout")),
        *_async(settings, task),
        options.stream or settings.given_flag(task.stream, "stream"),
    )


def _async(settings: Settings, task: Task) -> tuple[int, float]:
    """How long the task may go on by itself on its host (0: it may not), and how often it is looked after."""
    if task.async_s is None:
        return 0, 0.0
    limit = int(settings.given_number(task.async_s, "async") or 0)
    poll = settings.given_number(task.poll_s, "poll")
    return limit, DEFAULT_POLL_S if poll is None else poll


def may_read_item(task: Task) -> bool:
    """Whether some keyword is a template: each item of a loop then has flags of its own."""
    given = task.directives
    return any(
        isinstance(raw, Template)
        for raw in (
            *(given.check_mode, given.diff, given.no_log, given.ignore_errors, given.ignore_unreachable),
            *(given.any_errors_fatal, given.timeout, task.delegate_facts, task.async_s, task.poll_s, task.stream),
        )
    )


def cautious_flags(world: World, settings: Settings, directives: Directives) -> Flags:
    """The flags of a task whose keywords could not all be rendered: what may be secret is kept secret."""
    try:
        hidden = settings.flag("no_log")
    except (StepError, UnknownReached):
        hidden = directives.no_log is not None
    try:
        ignored = settings.flag("ignore_errors")
    except (StepError, UnknownReached):
        ignored = False
    return Flags(check=world.options.check, diff=world.options.diff, no_log=hidden, ignore_errors=ignored)


def _seconds(timeout: Any) -> float | None:
    try:
        return float(timeout) if timeout else None
    except (TypeError, ValueError):
        raise StepError(f"timeout: {timeout!r} is not a number of seconds") from None
