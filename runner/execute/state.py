"""The state of a run: what each host has registered, set and reported, and how it has fared so far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import field
from typing import Any

from runner.model.call import AddHost, GroupBy
from runner.model.event import Recap
from runner.model.inventory import Host, Inventory
from runner.model.ports import StartedJob
from runner.model.quick import dataclass
from runner.plan.magic import is_setting

IMPLICIT_LOCALHOST = Host("localhost", {"ansible_connection": "local"}, ("all",))


@dataclass(slots=True)
class HostState:
    """One host over all plays of the run. `facts` None: not gathered. `live` holds registers and set_facts.

    `own_facts` are those that modules of the project told, under the names they gave them.

    `untold`: the module of the project that did not run in a dry run, and may have told facts.

    `in_doubt`: the first task of a dry run that may make anything there (a package, an account, what a command does).

    `may_gather`: some play has had leave to gather its facts, so they are there for whoever reads them.
    """

    name: str
    facts: Mapping[str, Any] | None = None
    fact_vars: Mapping[str, Any] = field(default_factory=dict)
    own_facts: Mapping[str, Any] = field(default_factory=dict)
    live: dict[str, Any] = field(default_factory=dict)
    included: dict[str, Any] = field(default_factory=dict)
    unreachable: bool = False
    failed: bool = False
    counts: Counter[str] = field(default_factory=Counter)
    may_gather: bool = False
    untold: str = ""
    will_exist: set[str] = field(default_factory=set)
    will_vanish: set[str] = field(default_factory=set)
    in_doubt: str = ""

    def learn(self, facts: Mapping[str, Any]) -> None:
        """Add facts. They can only be read as facts: none becomes a setting of how the host is reached."""
        self.facts = {**(self.facts or {}), **facts}
        self.fact_vars = {
            name: value
            for key, value in self.facts.items()
            if not is_setting(name := key if key.startswith("ansible_") else f"ansible_{key}")
        }

    def learn_own(self, facts: Mapping[str, Any]) -> None:
        """Add facts of a project's module; that the host's own are not gathered yet stays so."""
        self.own_facts = {**self.own_facts, **facts}

    def known_facts(self) -> Mapping[str, Any]:
        """What `ansible_facts` holds: names there do without `ansible_` in front."""
        if not self.own_facts:
            return self.facts or {}
        own = {key if key == "ansible_local" else key.removeprefix("ansible_"): v for key, v in self.own_facts.items()}
        return {**(self.facts or {}), **own}

    def forget(self) -> None:
        """Its facts are not known any more, and nobody gathers them again before another play does or a task."""
        self.facts, self.fact_vars, self.own_facts, self.may_gather = None, {}, {}, False

    def recap(self) -> Recap:
        """The host's counts."""
        return Recap(**{name: self.counts[name] for name in Recap.__dataclass_fields__})


@dataclass(slots=True)
class Foreseen:
    """What a dry run expects of the controller's own files: `paths` that steps would make; `unsure` is the first task
    that may make any."""

    paths: set[str] = field(default_factory=set)
    unsure: str = ""


@dataclass(slots=True)
class RunState:
    """All hosts of the run, and the inventory as add_host and group_by have changed it: `made` is what they asked for,
    and on which host.

    `stats` is what set_stats has kept: by host, and for the run itself under `_run`, as Ansible names it. `jobs`
    are those that `async` has begun, by name. `here` is what a dry run expects of files on the controller."""

    inventory: Inventory
    hosts: dict[str, HostState] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)
    version: int = 0
    stats: dict[str, dict[str, Any]] = field(default_factory=dict)
    made: list[tuple[AddHost | GroupBy, str]] = field(default_factory=list)
    jobs: dict[str, StartedJob] = field(default_factory=dict)
    here: Foreseen = field(default_factory=Foreseen)

    def of(self, host: str) -> HostState:
        """The host's state, made when it is first asked for."""
        found = self.hosts.get(host)
        if found is None:
            found = self.hosts[host] = HostState(host)
        return found

    def host(self, name: str) -> Host:
        """The inventory's host, or the implicit localhost, or a bare host of this name (a delegate)."""
        found = self.inventory.hosts.get(name)
        if found is None and name in ("localhost", "127.0.0.1", "::1"):
            return IMPLICIT_LOCALHOST if name == "localhost" else Host(name, IMPLICIT_LOCALHOST.vars)
        return found or Host(name)

    def change(self, inventory: Inventory) -> None:
        """Take a changed inventory over."""
        self.inventory = inventory
        self.version += 1
