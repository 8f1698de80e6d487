"""What the command line asked for, as one value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from runner.model.ports import Vault
from runner.model.quick import dataclass
from runner.model.settings import Settings
from runner.model.values import Secret


@dataclass(frozen=True, slots=True)
class Options:
    """Options of a run. Durations in seconds; None means "not given". `extra_vars` are parsed, in order, merged.

    `vault` opens what is encrypted; it has been used already for `extra_vars`, and knows their secrets.
    `parent` is the run that this one tries again.
    What can be set in both ways is settled here already; `settings` are read for what has no flag.
    """

    playbooks: tuple[str, ...] = ()
    inventories: tuple[str, ...] = ()
    limit: str | None = None
    tags: tuple[str, ...] = ("all",)
    skip_tags: tuple[str, ...] = ()
    extra_vars: Mapping[str, Any] = field(default_factory=dict)
    check: bool = False
    diff: bool = False
    forks: int = 50
    engine: str = "threads"
    user: str | None = None
    become: bool = False
    become_user: str | None = None
    become_method: str | None = None
    become_password: Secret | None = None
    connection_password: Secret | None = None
    private_key: str | None = None
    connection: str | None = None
    timeout_s: float | None = None
    ssh_common_args: str | None = None
    ssh_extra_args: str | None = None
    start_at_task: str | None = None
    step: bool = False
    force_handlers: bool = False
    strategy: str | None = None
    verbosity: int = 0
    strict: bool = False
    log: str | None = None
    log_sync: str = "batch"
    output: str | None = None
    detailed_exitcode: bool = False
    stream: bool = False
    lock: bool = False
    lock_wait_s: float = 0.0
    parent: str = ""
    vault: Vault | None = field(default=None, compare=False, repr=False)
    settings: Settings = field(default_factory=Settings)
