"""What the executor is given, and the outbox of what it wants done: events to log, trips to send, times to wake."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Any, Final, Protocol

from runner.model.call import Outcome, Trip
from runner.model.event import Event, Notice
from runner.model.inventory import Inventory
from runner.model.names import Names
from runner.model.options import Options
from runner.model.playbook import Condition, Node, Play, Role, Task
from runner.model.ports import Extensions, FileKind, TreeEntry
from runner.model.quick import dataclass
from runner.model.span import Span
from runner.model.values import Unknown

if TYPE_CHECKING:
    from runner.execute.replay import Replay


class Templating(Protocol):
    """What the executor asks of the template layer (`runner.template.templar.Templar`)."""

    def render(self, value: Any, names: Names) -> Any: ...

    def evaluate(self, condition: Condition, names: Names) -> bool | Unknown: ...

    def expression(self, text: str, names: Names, span: Span) -> Any: ...

    def render_text(
        self,
        text: str,
        names: Names,
        span: Span,
        options: Mapping[str, Any],
        load_text: Callable[[str], str] | None = None,
        *,
        native: bool = False,
    ) -> Any: ...

    def variables(self, names: Names) -> Mapping[str, Any]: ...

    def reads(self, value: Any) -> frozenset[str] | None: ...

    def reads_of_condition(self, condition: Condition) -> frozenset[str] | None: ...


class Files(Protocol):
    """The controller's files, as `runner.load.files.Files` gives them."""

    def find(self, kind: FileKind, name: str, task: Task, playbook_dir: str) -> str: ...

    def folders(self, kind: FileKind, task: Task, playbook_dir: str) -> tuple[str, ...]: ...

    def read(self, path: str, *, decrypt: bool = True) -> bytes: ...

    def opened(self, path: str) -> bytes | None: ...

    def sha1(self, path: str) -> str: ...

    def entry(self, path: str) -> TreeEntry: ...

    def tree(self, path: str) -> tuple[TreeEntry, ...]: ...

    def exists(self, path: str) -> bool: ...

    def load_vars(self, path: str) -> Mapping[str, Any]: ...

    def template_facts(self, path: str) -> Mapping[str, Any]: ...


class IncludedRole(Protocol):
    """A role that an include brought."""

    @property
    def role(self) -> Role: ...

    @property
    def tasks(self) -> tuple[Node, ...]: ...

    @property
    def handlers(self) -> tuple[Node, ...]: ...

    @property
    def dependencies(self) -> tuple[str, ...]: ...


class Loader(Protocol):
    """Loads what dynamic includes name. Raises StepError or InputErrors."""

    def tasks(self, path: str, task: Task, role: Role | None, play: Play) -> tuple[Node, ...]: ...

    def role(self, name: str, task: Task, play: Play, options: Mapping[str, Any] | None = None) -> IncludedRole: ...

    def action_group(self, name: str, playbook_dir: str) -> frozenset[str]: ...


FULL_TRIPS: Final = 16
FULL_EVENTS: Final = 500


@dataclass(slots=True)
class Outbox:
    """What is to be done outside, in order: events first (intents become durable), then the trips."""

    events: list[Event] = field(default_factory=list)
    trips: list[Trip] = field(default_factory=list)
    resets: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.events or self.trips or self.resets)

    @property
    def full(self) -> bool:
        """Whether it is time to send: the first hosts shall work while those after them are still being prepared."""
        return len(self.trips) >= FULL_TRIPS or len(self.events) >= FULL_EVENTS


@dataclass(slots=True)
class World:
    """Everything around the executor. `prompts` are the answers to `vars_prompt` of each play, by its id;
    `reread_inventory` reads the inventory's sources anew; `nonce` gives 128 random bits in hex. `run` is the run's
    id; `replay` what its log holds, if it goes on. `seal`: the key for digests of what a dry run finds, if somebody
    wants to know it."""

    options: Options
    templar: Templating
    files: Files
    loader: Loader
    prompts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    secret: Callable[[str], None] = lambda _value: None
    ask: Callable[[str, bool], str | None] = lambda _prompt, _echo: None
    confirm: Callable[[str], str] = lambda _task: "y"
    mask: Callable[[str], str] = lambda text: text
    extensions: Extensions | None = None
    reread_inventory: Callable[[], Inventory] = lambda: Inventory({}, {})
    nonce: Callable[[], str] = lambda: "0" * 32
    run: str = ""
    replay: Replay | None = None
    seal: bytes = b""
    outbox: Outbox = field(default_factory=Outbox)
    now: float = 0.0
    trips_made: int = 0
    _warned: set[str] = field(default_factory=set)
    _timers: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _timers_made: int = 0

    def emit(self, event: Event) -> None:
        """Have the event logged and shown."""
        self.outbox.events.append(event)

    def warn(self, messages: Iterable[str]) -> None:
        """Have the user warned, once in a run of each message, however many hosts it is about."""
        for message in messages:
            if message not in self._warned:
                self._warned.add(message)
                self.emit(Notice("warning", message.strip()))

    def next_trip(self) -> int:
        """A fresh trip id."""
        self.trips_made += 1
        return self.trips_made

    def wake(self, at: float, action: Callable[[], None]) -> None:
        """Call `action` once `now` has reached `at` (epoch seconds of the injected clock)."""
        self._timers_made += 1
        heapq.heappush(self._timers, (at, self._timers_made, action))

    @property
    def next_wake(self) -> float | None:
        """When the next timer is due."""
        return self._timers[0][0] if self._timers else None

    def tick(self, now: float) -> None:
        """Time has come to `now`: run what is due."""
        self.now = now
        while self._timers and self._timers[0][0] <= now:
            heapq.heappop(self._timers)[2]()

    def take_outbox(self) -> Outbox:
        """What has gathered since the last call."""
        taken, self.outbox = self.outbox, Outbox()
        return taken


def unknown_outcome(reason: str, **values: Any) -> Outcome:
    """The outcome of a step that a dry run cannot predict."""
    from runner.model.call import Status

    return Outcome(Status.SKIPPED, values, msg=reason, unknown=reason)
