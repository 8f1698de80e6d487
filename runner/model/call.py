"""A step on its way to a host and back: Call, Fragment, Trip, Reply, Outcome.

A *step* is one task on one host and one loop item. Its `Call` holds rendered arguments; the module turns it into a
`Fragment` of POSIX sh (or at once into an `Outcome`, if nothing has to run on the host); fragments for one shell are
joined into a `Trip`; each step's `Reply` comes back and the module makes it an `Outcome` or asks for one more fragment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from typing import Any

from runner.model.fate import Claim, Fate
from runner.model.quick import dataclass
from runner.model.values import Secret


class Status(StrEnum):
    """How a step ended. UNREACHABLE: certainly not executed; INDETERMINATE: it may have been."""

    OK = "ok"
    CHANGED = "changed"
    SKIPPED = "skipped"
    FAILED = "failed"
    UNREACHABLE = "unreachable"
    INDETERMINATE = "indeterminate"


class Effect(StrEnum):
    """What running a fragment twice would mean: nothing, the same end state, or something new each time."""

    READ = "read"
    IDEMPOTENT = "idempotent"
    UNSAFE = "unsafe"


@dataclass(frozen=True, slots=True)
class HostLock:
    """A lock to be held on each host of a run: what is said of its `holder`, which `run` that is, and how long to wait
    for another holder (seconds)."""

    holder: str
    run: str
    wait_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Target:
    """How to reach one host. `transport` names a file in `runner/transports`; other fields are what Ansible's
    connection variables say, already rendered. `options` are the `-o` options and other ssh arguments, parsed.
    `shell_timeout_s`: how long a shell may take to get ready, once connected. `lock`: to be held before anything
    is sent."""

    host: str
    transport: str = "ssh"
    address: str = ""
    port: int | None = None
    user: str | None = None
    password: Secret | None = None
    private_key_file: str | None = None
    key_passphrase: Secret | None = None
    ssh_args: tuple[str, ...] = ()
    host_key_checking: bool = True
    connect_timeout_s: float = 10.0
    shell: str = "/bin/sh"
    shell_timeout_s: float = 60.0
    lock: HostLock | None = None


@dataclass(frozen=True, slots=True)
class Become:
    """Whom a step runs as. `method` names a file in `runner/become`."""

    method: str = "sudo"
    user: str = "root"
    password: Secret | None = None
    exe: str | None = None
    flags: str | None = None


@dataclass(frozen=True, slots=True)
class Ends:
    """For a module that runs between two places (`Spec.between`): how the host is reached from where it runs (None: it
    runs on the host itself), as whom there, and whether it runs on the controller."""

    host: Target | None
    become: Become | None
    on_controller: bool


@dataclass(frozen=True, slots=True)
class Call:
    """One step, rendered. `args` hold every option of the module's spec, coerced, defaults filled in.

    `given` names the options that were really written. `check`: a dry run, nothing may change. `will_exist` and
    `will_vanish` are absolute-or-`~` paths that earlier steps of this dry run would have made or removed.
    `environment` is for user commands and modules alike. `timeout_s` None: no limit. `ends` is None but for modules
    that run between two places. `transport`: how the host is reached.
    """

    module: str
    host: str
    args: Mapping[str, Any]
    given: frozenset[str] = frozenset()
    check: bool = False
    diff: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)
    become: Become | None = None
    will_exist: frozenset[str] = frozenset()
    will_vanish: frozenset[str] = frozenset()
    no_log: bool = False
    timeout_s: float | None = None
    ends: Ends | None = None
    transport: str = "ssh"


@dataclass(frozen=True, slots=True)
class Upload:
    """Bytes that go to a private temporary file on the host before the fragment's text runs.

    Exactly one of `source` (a file here) and `content` is set. `name` is the shell variable that holds the temporary
    file's path in the fragment (`"$pb_up_0"` for name `0`). `size` in bytes, `sha1` in hex.
    """

    name: str
    size: int
    sha1: str
    source: str | None = None
    content: bytes | None = None


@dataclass(frozen=True, slots=True)
class Download:
    """One file of the host that goes to `dest` here: to a 0600 temporary beside it first, renamed when `sha1` fits.

    `content`: what is in it, if an answer has brought it already.
    """

    path: str
    dest: str
    sha1: str | None
    size: int | None = None
    content: bytes | None = None


@dataclass(frozen=True, slots=True)
class Fragment:
    """What one step runs on its host, in POSIX sh (see `runner/sh/__init__.py` for the functions it may call).

    `probe` never changes anything; it calls `pb_differs` when `apply` has to run. `apply` runs in the same subshell
    after it, unless the call is a check, when it is not even sent. `predictable=False`: a dry run cannot say what
    `apply` would print or whether it changes anything, so a check whose probe says "differs" is *unknown*.
    `makes` / `removes`: paths that exist / are gone after this step (for the rest of a dry run).
    `last=False`: the module's `outcome` may ask for one more fragment, so nothing may be sent behind this one.
    `bare`: words with the effect of `apply` that the session's own shell may run itself where nothing else is asked of
    the step: they start no process and leave the shell as it was.
    `places`: for a step that does nothing but place one regular file, that file's size and path as shell words; such
    steps one after another may be answered together.
    `unless`: words that the session's own shell runs first where it can: if they succeed they have said all that the
    step would have said, and nothing is left to do; they change nothing.
    """

    probe: str = ""
    apply: str = ""
    effect: Effect = Effect.IDEMPOTENT
    predictable: bool = True
    uploads: tuple[Upload, ...] = ()
    download: Download | None = None
    makes: tuple[str, ...] = ()
    removes: tuple[str, ...] = ()
    memo: Mapping[str, Any] = field(default_factory=dict)
    last: bool = True
    bare: str = ""
    places: str = ""
    unless: str = ""
    after_s: float = 0.0
    anew: bool = False
    survives: bool = False
    connect_timeout_s: float | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One step of a trip: its number there, its sh text, and whether later steps go on when it fails.

    `group`: steps of one task share it; a failure stops the trip before the next group. `secret_env` travels as
    text of the trip, on stdin, like everything else. `earlier`: it was sent before under these claims, the newest last,
    and not heard of (`runner.model.fate`). `stream`: what it prints is sent while it runs.
    """

    index: int
    group: int
    fragment: Fragment
    check: bool = False
    tolerant: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)
    timeout_s: float | None = None
    earlier: tuple[Claim, ...] = ()
    stream: bool = False


@dataclass(frozen=True, slots=True)
class Trip:
    """Steps that travel together to one shell. `id` is unique in a run; nothing of it is re-sent on its own. `run` is
    the run's id, "" where none is logged. `settled`: what trips with a smaller id brought is in the log."""

    id: int
    target: Target
    become: Become | None
    lines: tuple[Line, ...]
    run: str = ""
    settled: int = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """What one step's fragment answered. `values` are what it reported with `pb_kv`; times are UTC epoch seconds.

    `differs`: its probe said so. `rc` 0 = fine. `timed_out`: its deadline passed and its processes were killed.
    `lost`: there was no answer, and why: only for a fragment that `survives`; whether it has run is not known.
    `start` is then when it was sent. `fate`: what had become of it, if it had been sent earlier.
    """

    trip: int
    index: int
    rc: int = 0
    differs: bool = False
    values: Mapping[str, bytes] = field(default_factory=dict)
    stdout: bytes = b""
    stderr: bytes = b""
    start: float = 0.0
    end: float = 0.0
    timed_out: bool = False
    truncated: bool = False
    lost: str | None = None
    fate: Fate | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """A trip has a live shell and has left (for progress and the log only)."""

    trip: int


@dataclass(frozen=True, slots=True)
class Carried:
    """How much of a long transfer is over (for the screen only). `path` is the file here, sizes are in bytes; `done` is
    `size` when it has ended."""

    host: str
    path: str
    done: int
    size: int


@dataclass(frozen=True, slots=True)
class Lines:
    """Whole lines that a step has printed, before its reply. `stream` is `stdout` or `stderr`; `left_out` counts those
    that were too many, which the reply has as well."""

    trip: int
    index: int
    stream: str
    lines: tuple[str, ...]
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class TripEnd:
    """A trip is over. `lost` is None, or why the connection ended; steps without a `Reply` before this one were not
    run if `lost` is None (the shell stopped at a failure) or `sent` is False, and are indeterminate otherwise: the
    one under way for certain, those after it only if the shell could still read them. `refused`: the host was reached
    but would not let us become the user (`lost` says why): the step fails, the host is not unreachable."""

    trip: int
    lost: str | None = None
    sent: bool = True
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Diff:
    """Before and after of one thing, as text ("" = absent). `secret` diffs are shown as masked."""

    before: str = ""
    after: str = ""
    before_header: str = ""
    after_header: str = ""


@dataclass(frozen=True, slots=True)
class AddHost:
    """add_host: a host for this run, its groups and variables."""

    name: str
    groups: tuple[str, ...] = ()
    vars: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GroupBy:
    """group_by: put the step's host into a group for this run."""

    key: str
    parents: tuple[str, ...] = ("all",)


@dataclass(frozen=True, slots=True)
class Pause:
    """pause: wait `seconds` (None: until Enter is pressed), showing `prompt`; once for all hosts."""

    seconds: float | None = None
    prompt: str | None = None
    echo: bool = True


@dataclass(frozen=True, slots=True)
class Meta:
    """meta: an action on the run itself (`end_play`, `clear_facts`, `reset_connection` …)."""

    action: str


@dataclass(frozen=True, slots=True)
class AddStats:
    """set_stats: values of the run (or of the step's host), added to those there are or put in their place."""

    data: Mapping[str, Any]
    per_host: bool = False
    aggregate: bool = True


Control = AddHost | GroupBy | Pause | Meta | AddStats


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a step came to. `values` are the module's result keys (`rc`, `stdout`, `stat`, `msg` …) beside the
    common ones, which `result` adds. `unknown`: a dry run could not tell (then `status` is SKIPPED and what is
    registered is an `Unknown`). `facts` go to `ansible_facts`; `own_facts` too, under the names a project's module gave
    them; `set_vars` to the rung of set_fact; `included_vars` to
    that of include_vars. `warnings` are for the user, beside the result that they are a part of."""

    status: Status
    values: Mapping[str, Any] = field(default_factory=dict)
    msg: str = ""
    diff: tuple[Diff, ...] = ()
    unknown: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    own_facts: Mapping[str, Any] = field(default_factory=dict)
    set_vars: Mapping[str, Any] = field(default_factory=dict)
    included_vars: Mapping[str, Any] = field(default_factory=dict)
    control: Control | None = None
    cacheable: bool = False
    warnings: tuple[str, ...] = ()


def ok(changed: bool = False, **values: Any) -> Outcome:
    """An outcome that is fine: CHANGED or OK."""
    return Outcome(Status.CHANGED if changed else Status.OK, values)


def failed(msg: str, **values: Any) -> Outcome:
    """A failed outcome with a message in plain words."""
    return Outcome(Status.FAILED, values, msg=msg)


def skipped(msg: str = "", **values: Any) -> Outcome:
    """An outcome of a step that had nothing to do."""
    return Outcome(Status.SKIPPED, values, msg=msg)
