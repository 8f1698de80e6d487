"""A job is one task on one host; its steps are the items of its loop, or the one step of a task without."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Any, Final

from runner.execute.places import Place
from runner.execute.scope import StepScope
from runner.model.call import Call, Fragment, Outcome, Status
from runner.model.fate import Claim
from runner.model.past import StepEnd
from runner.model.plan import TaskNode
from runner.model.playbook import Loop, Task
from runner.model.ports import Module
from runner.model.quick import dataclass

if TYPE_CHECKING:
    from runner.execute.background import Background
    from runner.execute.shared import Alike


@dataclass(frozen=True, slots=True)
class Flags:
    """A task's yes/no keywords and time limits, rendered for one host. `async_s` 0: it is not left to the host."""

    check: bool = False
    diff: bool = False
    no_log: bool = False
    ignore_errors: bool = False
    ignore_unreachable: bool = False
    any_errors_fatal: bool = False
    delegate_facts: bool = False
    timeout_s: float | None = None
    async_s: int = 0
    poll_s: float = 0.0
    stream: bool = False


@dataclass(frozen=True, slots=True)
class Foresight:
    """What a dry run has learnt from a step that was not taken: paths that it would make and remove."""

    exist: frozenset[str] = frozenset()
    vanish: frozenset[str] = frozenset()


NOTHING_FORESEEN: Final = Foresight()


@dataclass(slots=True)
class Step:
    """One item's way: prepared (`fragment` or at once `outcome`), sent, judged (`result`).

    `place` is where its fragment runs: the items of one loop may go to different hosts, as different users. `there` is
    what the host it is delegated to sees. `sent`: when it left (epoch seconds), which may be long before it runs.
    `flags` are its own where a keyword is a template that may read the item. `foreseen`: what a dry run believes of it;
    `observed`: a digest of what it found, for a saved plan. `alike`: what it shares with other hosts.
    `brought`: what an include was given. `recalled`: how it ended before the run was broken off. `earlier`: the claims
    under which each of its fragments was sent then; `sendings` counts the fragments of this attempt that were sent now.
    """

    scope: StepScope
    item: Any = None
    label: Any = None
    index: int = 0
    module: Module | None = None
    call: Call | None = None
    alike: Alike | None = None
    place: Place | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    delegate: str | None = None
    there: StepScope | None = None
    fragment: Fragment | None = None
    outcome: Outcome | None = None
    result: dict[str, Any] | None = None
    status: Status = Status.OK
    attempt: int = 1
    sent: float = 0.0
    start: float = 0.0
    end: float = 0.0
    announced: bool = False
    background: Background | None = None
    flags: Flags | None = None
    foreseen: Foresight = NOTHING_FORESEEN
    brought: tuple[Any, ...] | None = None
    recalled: StepEnd | None = None
    earlier: tuple[tuple[Claim, ...], ...] = ()
    sendings: int = 0
    observed: str = ""

    @property
    def done(self) -> bool:
        """Whether the step has been judged."""
        return self.result is not None


@dataclass(slots=True)
class Job:
    """One task on one host. `sequential`: a step is prepared only when the one before it is done.

    `loop` is the task's with its names and its pause rendered. `items` from `next` on are not prepared yet.
    `ends_chain`: nothing may be sent behind it before it has answered. `implicit`: no node of the plan waits for it.
    `once`: the other hosts learn what it comes to. `pausing`: the pause between two items has begun; `rested`: it is
    over. `flags_by_item`: some keyword may read the item. `named`: what it notifies, where templates said so.
    """

    node: TaskNode
    host: str
    number: int
    name: str
    flags: Flags
    scope: StepScope
    looped: bool = False
    loop: Loop | None = None
    flags_by_item: bool = False
    items: list[Any] = field(default_factory=list)
    next: int = 0
    steps: list[Step] = field(default_factory=list)
    sequential: bool = False
    ends_chain: bool = False
    implicit: bool = False
    once: bool = False
    pausing: bool = False
    rested: bool = False
    named: list[Any] | None = None

    @property
    def task(self) -> Task:
        """The task."""
        return self.node.task

    def flags_at(self, step: Step) -> Flags:
        """The keywords that hold for one of its steps."""
        return self.flags if step.flags is None else step.flags

    @property
    def hidden(self) -> bool:
        """Whether its result as a whole is nobody's to see: one of its items is enough."""
        if not self.looped or not self.steps:
            return (self.flags_at(self.steps[-1]) if self.steps else self.flags).no_log
        return any(self.flags_at(step).no_log for step in self.steps)

    @property
    def place(self) -> Place | None:
        """Where the first of its steps that has to travel goes; None if none has to."""
        return next((step.place for step in self.steps if step.place is not None), None)

    @property
    def waiting(self) -> bool:
        """Whether items are left to prepare."""
        return self.next < len(self.items)

    @property
    def done(self) -> bool:
        """Whether every step has been judged and none is left to prepare."""
        return not self.waiting and all(step.done for step in self.steps)

    def skip_rest(self) -> None:
        """Leave the items that are not prepared yet."""
        self.next = len(self.items)

    @property
    def lines(self) -> list[Step]:
        """The steps that have to travel to a host."""
        return [step for step in self.steps if not step.done and step.fragment is not None]
