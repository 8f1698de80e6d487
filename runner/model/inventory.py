"""Hosts and groups, with the variables that inventory sources and their neighbouring folders give them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from runner.model.quick import dataclass
from runner.model.span import NOWHERE, Problem, Span

Vars = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Host:
    """One host. `groups` names every group it is in, ancestors and `all` included, in order of merging."""

    name: str
    vars: Vars = field(default_factory=dict)
    groups: tuple[str, ...] = ("all", "ungrouped")
    span: Span = NOWHERE


@dataclass(frozen=True, slots=True)
class Group:
    """One group. `hosts` are its direct members; `children` its direct child groups."""

    name: str
    vars: Vars = field(default_factory=dict)
    hosts: tuple[str, ...] = ()
    children: tuple[str, ...] = ()
    depth: int = 0
    priority: int = 1


@dataclass(frozen=True, slots=True)
class FileVars:
    """Variables of `group_vars/` and `host_vars/` folders beside one place (an inventory or a playbook).

    `locked`: what could not be decrypted, by `group_vars/NAME` or `host_vars/NAME`; it matters to these hosts only.
    """

    groups: Mapping[str, Vars] = field(default_factory=dict)
    hosts: Mapping[str, Vars] = field(default_factory=dict)
    locked: Mapping[str, Problem] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Inventory:
    """All hosts in inventory order and all groups (`all` and `ungrouped` always exist).

    `beside_inventory` holds the folders next to the inventory sources. Those beside a playbook belong to its plays.
    `sources` are the files and folders read, in order; `localhost` is implicit and not listed in `hosts`. `worked_out`:
    some of it was said by a script or made by expressions, so it may be another one each time.
    """

    hosts: Mapping[str, Host]
    groups: Mapping[str, Group]
    beside_inventory: FileVars = field(default_factory=FileVars)
    sources: tuple[str, ...] = ()
    worked_out: bool = False
