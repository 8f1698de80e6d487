"""What pure stages may ask of the world: protocols that the edges fulfil and the engine hands in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, Protocol

from runner.model.call import Become, Call, Carried, Fragment, Lines, Outcome, Reply, Sent, Target, Trip, TripEnd
from runner.model.event import Record
from runner.model.names import Names
from runner.model.plan import Edge, TaskNode
from runner.model.playbook import Task
from runner.model.quick import dataclass
from runner.model.settings import Settings
from runner.model.values import Decrypted, Template, Vaulted

FileKind = Literal["files", "templates", "vars", "tasks"]


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """One entry of a folder here, `relative` with `/`; `kind` is `file`, `dir` or `link`; `mode` has 12 bits."""

    relative: str
    kind: Literal["file", "dir", "link"]
    mode: int
    size: int = 0
    link: str = ""


class Desk(Protocol):
    """What one step's module may ask of the controller. Paths are absolute text.

    Every method raises `runner.errors.StepError` when it cannot do what is asked; the step then fails with its text.
    """

    def find(self, kind: FileKind, name: str) -> str:
        """The file or folder `name` on Ansible's search path for this task (role's folder, playbook's folder)."""

    def read(self, path: str, *, decrypt: bool = True) -> bytes:
        """A file's content (cached for the run), decrypted if it is encrypted with Ansible Vault."""

    def opened(self, path: str) -> bytes | None:
        """The decrypted content of a file that is encrypted with Ansible Vault; None if it is not."""

    def sha1(self, path: str) -> str:
        """A file's SHA-1 in hex, as it lies here, read in blocks (cached for the run)."""

    def entry(self, path: str) -> TreeEntry:
        """What `path` is; `relative` is its base name."""

    def tree(self, path: str) -> tuple[TreeEntry, ...]:
        """All entries below a folder, parents first, sorted."""

    def exists(self, path: str) -> bool:
        """Whether `path` exists here (for fetch)."""

    def render_file(self, path: str, options: Mapping[str, Any]) -> str:
        """A template file rendered with the step's variables. `options`: trim_blocks, lstrip_blocks,
        newline_sequence, block_start_string … and `extra_vars` (a mapping added on top)."""

    def load_vars(self, path: str) -> Mapping[str, Any]:
        """The variables of a YAML or JSON file."""

    def is_true(self, condition: str | bool) -> bool:
        """A condition written as an argument (assert's `that`), evaluated with the step's variables. Raises
        `StepError` when it is not a boolean; raises `UnknownReached` when a dry run cannot know it."""

    def authored(self, text: Template) -> Any:
        """What the user wrote as the value of the variable that a template names (`{{ checks }}`), unrendered. Raises
        KeyError where it names none, or one whose value is not text of the playbook, its roles or the command line:
        nothing else may ever be read as an expression."""

    def variable(self, name: str) -> Any:
        """The rendered value of a variable, or of an expression the user wrote (`a.b[0]`, `x | length`; debug's `var`).

        A `Template` is rendered as a template. Never hand in text that came from a host. Raises `StepError`
        (`TemplateError` of kind `undefined`) when undefined; gives an `Unknown` when a dry run cannot know it."""

    def setting(self, name: str) -> Any:
        """The rendered value of a variable of the host the step runs on (a delegate's own, where there is one); None
        when it is undefined."""

    def job(self, name: str) -> StartedJob | None:
        """The job of this name (`ansible_job_id`), if this run began it."""


class StartedJob(Protocol):
    """A job that this run has left running on a host (`async`)."""

    @property
    def ended(self) -> bool:
        """Whether it ended before its task did, so that its host knows nothing of it."""

    def outcome(self, reply: Reply | None) -> Outcome:
        """What its module makes of what the job answered (None if it `ended`)."""


class Vault(Protocol):
    """Opens what is encrypted with Ansible Vault, and knows which texts no log may show."""

    def decrypt(self, data: bytes) -> bytes:
        """What an encrypted file holds. Raises `runner.errors.VaultError`."""

    def reveal(self, value: Vaulted) -> Decrypted:
        """What an encrypted value holds. Raises `runner.errors.VaultError`."""

    def note(self, texts: Iterable[str]) -> None:
        """Learn texts that no log and no screen may show."""

    def listen(self, tell: Callable[[str], None]) -> None:
        """From now on `tell` hears every such text; first those that are known already."""


class Module(Protocol):
    """What a file in `runner/modules` defines, as module-level names. See "how to add a module" in the README.

    `SPEC` is a `runner.arguments.Spec`. `fragment` compiles a call; `outcome` reads its reply (or asks for one more
    fragment; `reply.values` of the fragment before are in `Fragment.memo` if the module put them there).
    """

    SPEC: Any

    def fragment(self, call: Call, desk: Desk) -> Fragment | Outcome: ...

    def outcome(self, call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment: ...


class Process(Protocol):
    """A command running on a host (or here), as bytes."""

    def write(self, data: bytes, timeout_s: float | None = None) -> None:
        """Send to its stdin; blocks while the window is full. Raises `ConnectionLost`, and `TimeoutError` when not all
        of it could be sent in time."""

    def close_stdin(self) -> None: ...

    def read(self, timeout_s: float | None) -> tuple[bytes, bytes] | None:
        """What has arrived on stdout and stderr, waiting for at least one byte; None at the end of both; raises
        `TimeoutError` when nothing came in time and `ConnectionLost` when the connection broke."""

    def wait(self, timeout_s: float) -> int | None:
        """Its exit code, or None when there is none in time."""

    def close(self) -> None:
        """Give it up at once."""


class Connection(Protocol):
    """An open way to a host. `start` runs a command line through the login shell: keep it to plain words."""

    def start(self, command: str, *, tty: bool = False) -> Process: ...

    def alive(self) -> bool: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class BecomeCommand:
    """How a become method starts a shell. `command` is the full command line; if the method asks for a password it
    prints `prompt` (exact text, on either stream) and reads one line from stdin. `needs_tty`: ask for a terminal."""

    command: str
    prompt: str = ""
    needs_tty: bool = False
    wrong_password: tuple[str, ...] = ()


class Transport(Protocol):
    """What a file in `runner/transports` defines, as module-level functions.

    It may also define `for_run() -> Transport`: a transport that remembers what the connections of one run share
    (parsed files, keys, jump hosts)."""

    def connect(self, target: Target, notice: Callable[[str], None]) -> Connection:
        """Open a connection; raises `runner.errors.Unreachable` with one plain line (cause and hint)."""


class BecomeMethod(Protocol):
    """What a file in `runner/become` defines, as module-level functions. Pure."""

    def command(self, become: Become, shell: str, prompt: str) -> BecomeCommand:
        """How to start `shell` (plain words, run by the login shell) as another user."""

    def refusal(self, output: str, become: Become) -> str | None:
        """Why the method refused, in plain words, read from what it printed; None if nothing is recognised."""


class Strategy(Protocol):
    """What a file in `runner/strategies` defines: a strategy only adds edges."""

    def edges(self, nodes: Sequence[TaskNode], data: Sequence[Edge]) -> Iterator[Edge]:
        """The edges between one play's nodes. `data` are the edges that reads, notifications, blocks and `needs`
        ask for; a strategy that keeps the list's order may leave them out, since its order implies them."""


class Dispatcher(Protocol):
    """Carries trips to hosts; every trip sent gets its replies as they happen and then exactly one `TripEnd`."""

    def send(self, trip: Trip) -> None: ...

    def wait(self, timeout_s: float | None) -> list[Reply | TripEnd | Sent | Carried | Lines]:
        """What has arrived since the last call, waiting for at least one; an empty list when the time is over."""

    def reset(self, host: str) -> None:
        """Close the host's connections; the next trip opens new ones. What the host has answered is in the log."""

    def close(self, *, settled: bool = True) -> None:
        """End everything. Unless it is `settled` (what was answered is in the log), hosts keep what they know."""


class Reporter(Protocol):
    """Sees every record after the journal has it. `close` is called once, also after an interrupt."""

    def see(self, record: Record) -> None: ...

    def carried(self, news: Carried) -> None:
        """How far a long transfer is; told about twice a second, and never logged."""

    def close(self) -> None: ...


class LookupContext(Protocol):
    """What a lookup may ask of the controller for the step that called it. Paths are absolute text.

    Every method raises `runner.errors.StepError` when it cannot do what is asked. `playbook_dir` is also the folder
    that commands (`pipe`) run in and that relative paths hang on when nothing on the search path has them.
    """

    @property
    def playbook_dir(self) -> str: ...

    @property
    def settings(self) -> Settings: ...

    def find(self, kind: FileKind, name: str) -> str:
        """The file or folder `name` on Ansible's search path for this task (role's folder, playbook's folder)."""

    def folders(self, kind: FileKind) -> tuple[str, ...]:
        """The folders that `find` looks in, in order (they need not exist)."""

    def read(self, path: str) -> bytes:
        """A file's content (cached for the run), decrypted if it is encrypted with Ansible Vault."""

    def render(self, value: Any) -> Any:
        """`value` rendered with the step's variables, as far as it holds `Template` text."""

    def render_file(self, path: str, options: Mapping[str, Any]) -> Any:
        """A template file rendered with the step's variables; options as in `Desk.render_file`. A file that is a
        lone `{{ … }}` gives that value."""


class Lookup(Protocol):
    """What a file in `runner/lookups` defines, as module-level names.

    `terms` and `options` are rendered values. What `run` gives is plain: text in it is never a template.
    """

    def run(
        self, terms: list[Any], variables: Names, options: Mapping[str, Any], context: LookupContext
    ) -> list[Any]: ...


class Extensions(Protocol):
    """What a project brings along beside its playbooks (`runner.extensions`). None: it has nothing of this name.

    Both raise `runner.errors.StepError` when what has the name cannot be used."""

    def lookup(self, name: str) -> Lookup | None:
        """The lookup `name` or `ns.coll.name`."""

    def module(self, task: Task) -> Module | None:
        """The module that a task names."""


LookupCall = Callable[[str, Sequence[Any], Mapping[str, Any]], Any]
