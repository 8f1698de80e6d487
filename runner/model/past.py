"""What the log of a run that was broken off holds: how steps ended, and which ones nobody has heard of.

The executor says how a step ended in `runner.model.event.Kept.exact`, under the names of the fields here (those that
hold more than nothing); the journal writes what the step's result does not say as well, and gives all of it back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from typing import Any, Final

from runner.model.call import Control, Status
from runner.model.quick import dataclass

Key = tuple[str, str]
"""A task's id and a host's name."""


class Policy(StrEnum):
    """What to do with a step that may have run and may not simply run again (`--indeterminate`)."""

    FAIL = "fail"
    RERUN = "rerun"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class StepEnd:
    """How one step ended: its result as `register` has it, and what it has set. `include` are the arguments and loop
    variables of an include; `started` is what a step left to itself is known by: job, call, fragment."""

    status: Status = Status.OK
    result: Mapping[str, Any] = field(default_factory=dict)
    item: Any = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    own_facts: Mapping[str, Any] = field(default_factory=dict)
    set_vars: Mapping[str, Any] = field(default_factory=dict)
    included_vars: Mapping[str, Any] = field(default_factory=dict)
    control: Control | None = None
    cacheable: bool = False
    unknown: str | None = None
    delegate: str | None = None
    include: tuple[Any, ...] = ()
    started: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class TaskEnd:
    """How a task ended on a host. `flags` are its keywords that were true. `notify`: the names its templates gave.
    `loop`: the names of its loop's variables, where templates gave them; `items`: all of a loop of which not all were
    done. `asker`: the host that wanted these facts, for those that no task gathers."""

    task_id: str
    host: str
    name: str
    steps: tuple[StepEnd, ...]
    looped: bool = False
    hidden: bool = False
    flags: tuple[str, ...] = ()
    notify: tuple[Any, ...] | None = None
    loop: tuple[Any, ...] = ()
    items: tuple[Any, ...] | None = None
    asker: str = ""


@dataclass(frozen=True, slots=True)
class Open:
    """A step that began and has no end in the log. `sends`: for each fragment of its attempt the trips and lines it was
    sent as and when that was logged (UTC epoch seconds), the newest last. `unsafe`: some of it may not simply run
    again. `attempts` were over before. `job`: name and folder of the job that it goes on as. `asked`: its host was
    asked already, and nobody knows."""

    name: str = ""
    sends: tuple[tuple[tuple[int, int, float], ...], ...] = ()
    unsafe: bool = False
    attempts: int = 0
    job: tuple[Any, ...] = ()
    asked: bool = False


@dataclass(frozen=True, slots=True)
class Past:
    """Everything a run goes on from. `tasks` are in the order in which they ended; `items` and `open` are of tasks that
    have not. `orders`: the hosts of each play, as its batches had them. `trips`: how many were sent.
    `policy`: what the command line says, if it does."""

    run: str = ""
    tasks: tuple[TaskEnd, ...] = ()
    items: Mapping[Key, Mapping[int, StepEnd]] = field(default_factory=dict)
    open: Mapping[tuple[str, str, int], Open] = field(default_factory=dict)
    orders: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    trips: int = 0
    policy: Policy | None = None


NOTHING_OPEN: Final = Open()
