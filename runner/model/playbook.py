"""A playbook as loaded: every keyword checked, inheritance done, nothing rendered.

What blocks and plays hand down (become, tags, when, vars, environment …) is already merged into each `Task`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any, Final, Literal

from runner.model.inventory import FileVars
from runner.model.quick import dataclass
from runner.model.span import NOWHERE, Span
from runner.model.values import Template

Section = Literal["block", "rescue", "always"]
# The modules that run a command of the user's, whose lines can be shown while it runs.
STREAMED: Final = frozenset({"command", "raw", "script", "shell"})


@dataclass(frozen=True, slots=True)
class Condition:
    """One expression of `when`, `until`, `changed_when`, `failed_when` or `break_when`.

    `value` is the source text (a Jinja expression without braces) or a constant as YAML gave it (true, false).
    """

    value: str | bool
    span: Span = NOWHERE


@dataclass(frozen=True, slots=True)
class Role:
    """A role one task belongs to: its folder and the variable layers it brings.

    `vars` hold the files of `vars/` and the keyword `vars` where the role is used; the play's other tasks see the
    files alone (`exported`). `key` is the same for uses that are alike; with `once` a use is passed by on a host where
    one of the same key has run in this play, as Ansible does without `allow_duplicates`. `uses` are the ids of this
    use and of those it is nested in, the outermost first. `name` is qualified by the collection if it is of one.
    `chain`: its own folder and those of all roles that led to it, dependencies too, the nearest first.
    """

    name: str
    path: str
    defaults: Mapping[str, Any] = field(default_factory=dict)
    vars: Mapping[str, Any] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    key: str = ""
    once: bool = False
    uses: tuple[str, ...] = ()
    chain: tuple[str, ...] = ()
    exported: Mapping[str, Any] = field(default_factory=dict)
    collection: str = ""

    @property
    def short_name(self) -> str:
        """The name without the collection's."""
        return self.name.removeprefix(f"{self.collection}.") if self.collection else self.name


@dataclass(frozen=True, slots=True)
class Loop:
    """How a task repeats. `kind` is `loop` or the lookup's name of a `with_x`; `items` is the raw list or template."""

    kind: str
    items: Any
    loop_var: str = "item"
    index_var: str | None = None
    label: Any = None
    pause_s: Any = 0
    extended: Any = False
    extended_allitems: Any = True
    break_when: tuple[Condition, ...] = ()
    span: Span = NOWHERE

    @property
    def plain(self) -> bool:
        """Whether `loop_control` holds no template but the label's."""
        given = (self.loop_var, self.index_var, self.pause_s, self.extended, self.extended_allitems)
        return not any(isinstance(value, Template) for value in given)


@dataclass(frozen=True, slots=True)
class Directives:
    """Keywords that plays, blocks and tasks share, after inheritance. Values may still be templates.

    None means "not set anywhere": the command line or configuration decides.
    """

    become: Any = None
    become_user: Any = None
    become_method: Any = None
    become_flags: Any = None
    become_exe: Any = None
    remote_user: Any = None
    port: Any = None
    connection: Any = None
    environment: tuple[Any, ...] = ()
    ignore_errors: Any = None
    ignore_unreachable: Any = None
    no_log: Any = None
    check_mode: Any = None
    diff: Any = None
    run_once: Any = None
    any_errors_fatal: Any = None
    throttle: Any = None
    timeout: Any = None
    module_defaults: tuple[Mapping[str, Any], ...] = ()
    collections: tuple[str, ...] = ()
    debugger: Any = None


@dataclass(frozen=True, slots=True)
class Around:
    """What play, blocks, roles and imports around a task hand down to it, and to what a dynamic include brings."""

    directives: Directives = field(default_factory=Directives)
    vars: Mapping[str, Any] = field(default_factory=dict)
    when: tuple[Condition, ...] = ()
    tags: frozenset[str] = frozenset()
    notify: tuple[str, ...] = ()
    delegate_to: Any = None
    delegate_facts: Any = None
    role: Role | None = None
    include_params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Task:
    """One task (or handler). `module` is the canonical short name (`copy`); `action` is what was written; a
    `Template` chooses the module when the task runs, and then `module` is empty.

    `named`: the name was written (else it is the action). `args` are raw (templates inside). `vars` merges block and
    task vars, the inner winning. `id` is stable: it hangs on the place in the play, the action and the raw arguments,
    not on the name. `around` is set for dynamic includes only: what they bring inherits from there, not from the
    include itself. `resume`: a `Policy` of its own, or "".
    """

    id: str
    name: str
    action: str
    module: str
    args: Mapping[str, Any]
    span: Span
    directives: Directives = field(default_factory=Directives)
    vars: Mapping[str, Any] = field(default_factory=dict)
    when: tuple[Condition, ...] = ()
    loop: Loop | None = None
    register: str | None = None
    until: tuple[Condition, ...] = ()
    retries: Any = None
    delay_s: Any = None
    changed_when: tuple[Condition, ...] | None = None
    failed_when: tuple[Condition, ...] | None = None
    notify: tuple[str, ...] = ()
    listen: tuple[str, ...] = ()
    tags: frozenset[str] = frozenset()
    delegate_to: Any = None
    delegate_facts: Any = None
    async_s: Any = None
    poll_s: Any = None
    stream: Any = None
    needs: tuple[str, ...] = ()
    resume: str = ""
    role: Role | None = None
    include_params: Mapping[str, Any] = field(default_factory=dict)
    apply: Mapping[str, Any] = field(default_factory=dict)
    args_problem: str = ""
    around: Around | None = None
    named: bool = True


@dataclass(frozen=True, slots=True)
class Block:
    """A block: `block`, `rescue` and `always` are lists of tasks and blocks. Its keywords are already in its tasks."""

    id: str
    name: str
    span: Span
    block: tuple[Node, ...]
    rescue: tuple[Node, ...] = ()
    always: tuple[Node, ...] = ()


Node = Task | Block


@dataclass(frozen=True, slots=True)
class Prompt:
    """One entry of `vars_prompt`; its fields may be templates, what is typed never is one (`unsafe` or not).

    `encrypt` names a scheme of passlib; `salt` and `salt_size` go with it."""

    name: str
    prompt: Any = None
    private: Any = True
    default: Any = None
    confirm: Any = False
    encrypt: Any = None
    salt: Any = None
    salt_size: Any = None
    span: Span = NOWHERE


@dataclass(frozen=True, slots=True)
class Play:
    """One play. `hosts` may be a template; `needs` is None unless written (an empty list means "needs nothing").

    `role_names` are those of its list `roles` and of imports, in order; other roles depend on the dependent ones.
    """

    id: str
    name: str
    hosts: Any
    span: Span
    path: str
    vars: Mapping[str, Any] = field(default_factory=dict)
    vars_files: tuple[Any, ...] = ()
    vars_prompt: tuple[Prompt, ...] = ()
    gather_facts: Any = None
    gather_subset: tuple[str, ...] = ()
    strategy: Any = None
    serial: tuple[Any, ...] = ()
    order: Any = None
    max_fail_percentage: Any = None
    force_handlers: Any = None
    directives: Directives = field(default_factory=Directives)
    tags: frozenset[str] = frozenset()
    pre_tasks: tuple[Node, ...] = ()
    roles: tuple[Node, ...] = ()
    tasks: tuple[Node, ...] = ()
    post_tasks: tuple[Node, ...] = ()
    handlers: tuple[Node, ...] = ()
    needs: tuple[str, ...] | None = None
    beside_playbook: FileVars = field(default_factory=FileVars)
    public_roles: tuple[Role, ...] = ()
    role_names: tuple[str, ...] = ()
    dependent_role_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Playbook:
    """All plays of one command line in order, imports resolved, with every file read and its sha256."""

    plays: tuple[Play, ...]
    files: Mapping[str, str] = field(default_factory=dict)
