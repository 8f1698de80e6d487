"""An inventory while its sources are being read: hosts and groups that grow, and `finish`, which makes the value."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import field
from pathlib import PurePath
from typing import Any

from runner.inventory.membership import ancestors, depths, find_cycle
from runner.inventory.names import refusal, vars_refusal
from runner.inventory.ranges import RangeError, expand
from runner.model.inventory import FileVars, Group, Host, Inventory
from runner.model.quick import dataclass
from runner.model.span import NOWHERE, Problem, Span
from runner.vars.doubts import of_variable


@dataclass(slots=True)
class _HostDraft:
    span: Span
    vars: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class _GroupDraft:
    span: Span
    vars: dict[str, Any] = field(default_factory=dict)
    hosts: dict[str, None] = field(default_factory=dict)
    children: dict[str, Span] = field(default_factory=dict)
    priority: int = 1


def as_it_is(_name: str, value: Any) -> Any:
    """The value itself: what a source that is not encrypted gives."""
    return value


class Draft:
    """Hosts and groups under construction. Mistakes are kept in `problems`; nothing here raises for them.

    `source` is what is being read now: hosts first seen there get it as `inventory_file`, and its folder as
    `inventory_dir` (a list on the command line has none). Later values of a variable replace earlier ones, whatever
    file they come from. `take` is asked for each variable's value (by name) and may make a secret of it.
    """

    def __init__(self) -> None:
        self.hosts: dict[str, _HostDraft] = {}
        self.groups: dict[str, _GroupDraft] = {}
        self.problems: list[Problem] = []
        self.told: set[str] = set()
        self.source: str | None = None
        self.take: Callable[[str, Any], Any] = as_it_is
        self.group("all", NOWHERE)
        self.group("ungrouped", NOWHERE)

    @classmethod
    def of(cls, inventory: Inventory) -> Draft:
        """A draft that holds what `inventory` holds."""
        draft = cls()
        for name, group in inventory.groups.items():
            draft.groups[name] = _GroupDraft(
                NOWHERE,
                dict(group.vars),
                dict.fromkeys(group.hosts),
                dict.fromkeys(group.children, NOWHERE),
                group.priority,
            )
        for name, host in inventory.hosts.items():
            draft.hosts[name] = _HostDraft(host.span, dict(host.vars))
        return draft

    def error(self, span: Span, message: str, hint: str = "") -> None:
        self.problems.append(Problem(span, message, hint))

    def warning(self, span: Span, message: str, hint: str = "") -> None:
        self.problems.append(Problem(span, message, hint, "warning"))

    def group(self, name: str, span: Span) -> None:
        """Make sure that the group exists."""
        if name not in self.groups:
            if not name or any(letter.isspace() or not letter.isprintable() for letter in name):
                self.error(span, f"group name {name!r} is empty or holds whitespace")
            self.groups[name] = _GroupDraft(span)

    def group_var(self, group: str, name: str, value: Any, span: Span) -> None:
        """Set one variable of a group; `ansible_group_priority` is its rank among groups of one depth."""
        if name == "ansible_group_priority":
            try:
                self.groups[group].priority = int(value)
            except (TypeError, ValueError):
                self.error(span, f"ansible_group_priority of group {group!r} is {value!r}, not a whole number")
            return
        reason = vars_refusal(name, value)
        if reason:
            self.error(span, f"group {group!r}: {name}: {reason}")
        else:
            self._doubt(name, value, span)
        self.groups[group].vars[name] = self.take(name, value)

    def _doubt(self, name: str, value: Any, span: Span) -> None:
        """Each doubt once: a thousand hosts have their variables from one template."""
        problem = of_variable(name, value, span)
        if problem and problem.message not in self.told:
            self.told.add(problem.message)
            self.problems.append(problem)

    def child(self, parent: str, child: str, span: Span) -> None:
        """Make `child` a child group of `parent`; both are made if they are missing."""
        self.group(parent, span)
        self.group(child, span)
        self.groups[parent].children.setdefault(child, span)

    def pattern(self, pattern: str, group: str, variables: Iterable[tuple[str, Any, Span]], span: Span) -> None:
        """Add the hosts a line stands for (ranges, `host:port`) to a group, with the line's variables."""
        try:
            names, port = expand(pattern)
        except RangeError as error:
            self.error(span, str(error))
            return
        given = list(variables)
        for name in names:
            self.host(name, group, span)
            if port is not None:
                self.host_var(name, "ansible_port", port, span)
            for variable, value, at in given:
                # Each host has a value of its own, as in Ansible: an export does not say that they are one.
                self.host_var(name, variable, deepcopy(value) if isinstance(value, dict | list) else value, at)

    def host(self, name: str, group: str, span: Span) -> None:
        """Make sure that the host exists and is a member of the group."""
        if name not in self.hosts:
            reason = refusal(name)
            if reason:
                self.error(span, f"host name {name!r} {reason}")
            made = _HostDraft(span)
            if self.source is not None:
                folder = str(PurePath(self.source).parent) if PurePath(self.source).is_absolute() else None
                made.vars = {"inventory_file": self.source, "inventory_dir": folder}
            self.hosts[name] = made
        self.groups[group].hosts.setdefault(name)

    def host_var(self, host: str, name: str, value: Any, span: Span) -> None:
        """Set one variable of a host that exists."""
        reason = vars_refusal(name, value)
        if reason:
            if f"{span} {reason}" not in self.told:
                self.error(span, f"host {host!r}: {name}: {reason}")
            self.told.add(f"{span} {reason}")
        else:
            self._doubt(name, value, span)
        self.hosts[host].vars[name] = self.take(name, value)

    def finish(self, beside: FileVars | None = None, sources: tuple[str, ...] = ()) -> Inventory:
        """The inventory as a value. A cycle of groups becomes a problem and its last edge is left out."""
        self._cut_cycles()
        self._settle_ungrouped()
        self._adopt_orphans()
        children = {name: tuple(group.children) for name, group in self.groups.items()}
        depth = depths(children)
        groups = {
            name: Group(name, group.vars, tuple(group.hosts), children[name], depth[name], group.priority)
            for name, group in self.groups.items()
        }
        for both in sorted(groups.keys() & self.hosts.keys()):
            self.warning(self.hosts[both].span, f"{both!r} is the name of a host and of a group")
        return Inventory(self._hosts(groups), groups, beside or FileVars(), sources)

    def _hosts(self, groups: Mapping[str, Group]) -> dict[str, Host]:
        above = ancestors({name: group.children for name, group in groups.items()})
        member: dict[str, set[str]] = {name: {"all"} for name in self.hosts}
        for name, group in groups.items():
            for host in group.hosts:
                member[host] |= above[name] | {name}
        # Ansible merges group variables in this order: a child over its parent, then by rank, then by name.
        rank = {name: (group.depth, group.priority, name) for name, group in groups.items()}
        return {
            name: Host(name, host.vars, tuple(sorted(member[name], key=rank.__getitem__)), host.span)
            for name, host in self.hosts.items()
        }

    def _cut_cycles(self) -> None:
        while cycle := find_cycle({name: tuple(group.children) for name, group in self.groups.items()}):
            last, first = cycle[-2], cycle[-1]
            span = self.groups[last].children.pop(first)
            self.error(span, f"groups are children of each other: {' -> '.join(cycle)}")

    def _settle_ungrouped(self) -> None:
        """Only hosts of no other group are `ungrouped`, as in Ansible."""
        grouped = {
            host for name, group in self.groups.items() if name not in ("all", "ungrouped") for host in group.hosts
        }
        loose = self.groups["ungrouped"].hosts
        self.groups["ungrouped"].hosts = {name: None for name in loose if name not in grouped}
        for name in self.hosts:
            if name not in grouped:
                self.groups["ungrouped"].hosts.setdefault(name)

    def _adopt_orphans(self) -> None:
        """Every group without a parent is a child of `all`; `ungrouped` comes first."""
        children = self.groups["all"].children
        if "ungrouped" not in children:
            self.groups["all"].children = {"ungrouped": NOWHERE, **children}
        has_parent = {child for group in self.groups.values() for child in group.children}
        for name in self.groups:
            if name != "all" and name not in has_parent:
                self.groups["all"].children[name] = NOWHERE
