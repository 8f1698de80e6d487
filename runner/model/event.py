"""Events: the one stream that the journal writes and every reporter sees (lines: `runner/journal/log.schema.json`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any, ClassVar

from runner.model.call import Diff, Status
from runner.model.quick import dataclass

VERSION = 1
BROKEN_OFF = "interrupted"  # `RunEnd.status` of a run that can go on
UNDECIDED = "indeterminate"  # … of one that ended with steps that may or may not have run, which can be decided
NO_LINE = "0" * 64  # `Record.prev` of the first line of a file


@dataclass(frozen=True, slots=True)
class RunStart:
    """The run begins. `files` maps each file read to its sha256; `git` and `ci` are empty when there is none. `parent`:
    the run that this one tries again (`pbrun retry`). `plan`: the digest of the saved plan that is applied."""

    type: ClassVar[str] = "run_start"
    version: str
    argv: tuple[str, ...]
    files: Mapping[str, str] = field(default_factory=dict)
    git: Mapping[str, Any] = field(default_factory=dict)
    ci: Mapping[str, str] = field(default_factory=dict)
    user: str = ""
    controller: str = ""
    cwd: str = ""
    pid: int = 0
    check: bool = False
    diff: bool = False
    limit: str = ""
    tags: tuple[str, ...] = ()
    skip_tags: tuple[str, ...] = ()
    parent: str = ""
    plan: str = ""


@dataclass(frozen=True, slots=True)
class ResumeStart:
    """The run goes on after it was broken off, with `taken` results as they stand in the log before this.

    `under_way` are the steps whose end nobody has heard of, as `host: task`; `indeterminate` says what is done about
    those that may not simply run again. `changed`: what has changed since, and was allowed to. `pid` and the like are
    of the process that goes on.
    """

    type: ClassVar[str] = "resume_start"
    version: str
    argv: tuple[str, ...]
    taken: int
    under_way: tuple[str, ...] = ()
    indeterminate: str = "fail"
    changed: tuple[str, ...] = ()
    user: str = ""
    controller: str = ""
    pid: int = 0


@dataclass(frozen=True, slots=True)
class FilesRead:
    """Files that were read on the way (by includes, `template`, `copy` …), each with its sha256."""

    type: ClassVar[str] = "files_read"
    files: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Kept:
    """What `--resume` has to know exactly and no other line says. It stands before the result it belongs to.

    `what`: `start` (of the run), `task` or `item` (how one ended), `attempt` (one of several is over), `job` (a step
    that goes on by itself has begun). `index`: which item of a loop. `secret`: of a step with `no_log` or the like.
    `exact` is written as it is, or, if it is secret or any secret is in it, encrypted as `sealed`.
    """

    type: ClassVar[str] = "kept"
    what: str
    task_id: str = ""
    host: str = ""
    index: int = 0
    secret: bool = False
    exact: Mapping[str, Any] = field(default_factory=dict)
    sealed: str = ""


@dataclass(frozen=True, slots=True)
class PlanMade:
    """What will be done: a summary of each play (name, strategy, hosts, tasks as id/name/module/place)."""

    type: ClassVar[str] = "plan"
    plays: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class PlayStart:
    """A play (or one batch of it) begins on these hosts; no host matched if it is empty."""

    type: ClassVar[str] = "play_start"
    play: str
    play_id: str
    hosts: tuple[str, ...]
    batch: int = 0
    batches: int = 1


@dataclass(frozen=True, slots=True)
class TaskStart:
    """The first host of a batch reached this task: its banner on a plain screen."""

    type: ClassVar[str] = "task_start"
    play: str
    task: str
    task_id: str
    module: str
    path: str
    handler: bool = False


@dataclass(frozen=True, slots=True)
class TaskIntent:
    """A step is about to be sent; durable before it leaves. `index`: which item of a loop it is, from 0."""

    type: ClassVar[str] = "task_intent"
    play: str
    task: str
    task_id: str
    host: str
    item: Any
    attempt: int
    module: str
    effect: str
    args_sha256: str
    delegate: str | None = None
    become: str | None = None
    trip: int = 0
    index: int = 0


@dataclass(frozen=True, slots=True)
class IntentWithdrawn:
    """A step that was sent ahead did not run, because an earlier step of its trip failed: its intent is void."""

    type: ClassVar[str] = "intent_withdrawn"
    task_id: str
    host: str
    item: Any = None
    trip: int = 0
    index: int = 0


@dataclass(frozen=True, slots=True)
class TaskOutput:
    """Whole lines that a streamed step has printed so far on `stream` (`stdout` or `stderr`); its result has all of it.
    `left_out` counts lines that were too many to be streamed."""

    type: ClassVar[str] = "task_output"
    play: str
    task: str
    task_id: str
    host: str
    item: Any
    stream: str
    lines: tuple[str, ...]
    left_out: int = 0
    handler: bool = False
    role: str = ""

    @property
    def title(self) -> str:
        """The task's name as it is shown: behind that of its role."""
        return f"{self.role} : {self.task}" if self.role else self.task


@dataclass(frozen=True, slots=True)
class TaskResult:
    """A step ended. `item` is None outside loops. `start`/`end` are UTC epoch seconds; `ts`-like text is written.

    `values` are further result keys. `prediction` in a dry run: `same`, `change` or `unknown`. `final`: the task's
    own result on this host (a loop's items come before it as `final=False`). `ignored`: failed, but told to go on.
    `role`: the role that the task is of. `observed`: in a dry run for a saved plan, a digest of what was found on the
    host and of what would be put there. `foretold`: what the plan that is applied said (`same`, `change`, `unknown`;
    `nothing` if it has no such step), None without one.
    """

    type: ClassVar[str] = "task_result"
    play: str
    task: str
    task_id: str
    host: str
    module: str
    status: Status
    item: Any = None
    rc: int | None = None
    stdout: str = ""
    stderr: str = ""
    start: float = 0.0
    end: float = 0.0
    duration_s: float = 0.0
    changed: bool = False
    diff: tuple[Diff, ...] = ()
    msg: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    attempt: int = 1
    final: bool = True
    ignored: bool = False
    rescued: bool = False
    prediction: str | None = None
    delegate: str | None = None
    censored: bool = False
    show_diff: bool = False
    handler: bool = False
    role: str = ""
    observed: str = ""
    foretold: str | None = None

    @property
    def missed(self) -> bool:
        """Whether the plan that is applied foretold something else."""
        return self.foretold in ("same", "change") and self.foretold != ("change" if self.changed else "same")

    @property
    def undecided(self) -> bool:
        """Whether the host was stopped at this step, as nobody knows whether it has run."""
        return self.status is Status.INDETERMINATE and not (self.ignored or self.rescued)

    @property
    def title(self) -> str:
        """The task's name as it is shown: behind that of its role."""
        return f"{self.role} : {self.task}" if self.role else self.task


@dataclass(frozen=True, slots=True)
class HostLost:
    """A host cannot be reached (any more). `phase`: `connect`, or `run` when the connection broke."""

    type: ClassVar[str] = "host_lost"
    host: str
    phase: str
    reason: str


@dataclass(frozen=True, slots=True)
class HandlerNotified:
    """A changed step notified a handler."""

    type: ClassVar[str] = "handler_notified"
    host: str
    handler: str
    handler_id: str
    by_task_id: str


@dataclass(frozen=True, slots=True)
class Notice:
    """A line for the user that is nobody's result: `warning` (a doubt) or `notice` (for information)."""

    type: ClassVar[str] = "notice"
    level: str
    message: str
    host: str = ""


@dataclass(frozen=True, slots=True)
class Recap:
    """One host's counts, as in Ansible's recap, and `unknown`: steps a dry run could not predict."""

    ok: int = 0
    changed: int = 0
    unreachable: int = 0
    failed: int = 0
    skipped: int = 0
    rescued: int = 0
    ignored: int = 0
    unknown: int = 0


@dataclass(frozen=True, slots=True)
class RunEnd:
    """The run is over. A log without it is of a run that was killed. `stats` are those of set_stats, by host."""

    type: ClassVar[str] = "run_end"
    status: str
    exit_code: int
    hosts: Mapping[str, Recap]
    duration_s: float = 0.0
    stats: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


Event = (
    RunStart
    | ResumeStart
    | FilesRead
    | Kept
    | PlanMade
    | PlayStart
    | TaskStart
    | TaskIntent
    | IntentWithdrawn
    | TaskOutput
    | TaskResult
    | HostLost
    | HandlerNotified
    | Notice
    | RunEnd
)


@dataclass(frozen=True, slots=True)
class Record:
    """An event as it stands in the log: its number from 0, its run, and when it was written (UTC epoch seconds).

    `prev`: the SHA-256 of the line before it in the file, newline included, in hex; "" for what no log has yet."""

    seq: int
    run: str
    ts: float
    event: Event
    prev: str = ""
