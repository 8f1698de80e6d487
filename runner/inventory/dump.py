"""An inventory as ansible-inventory prints one: as a script would, as nested YAML, as a tree of groups and hosts.

Source: https://docs.ansible.com/ansible/latest/cli/ansible-inventory.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import field
from typing import Any, Final

from runner.inventory.membership import members
from runner.model.inventory import FileVars, Host, Inventory
from runner.model.quick import dataclass
from runner.vars.precedence import flatten, inventory_layers

# What every host has by itself is no variable that anybody wrote.
_INTERNAL: Final = frozenset(
    {"inventory_file", "inventory_dir", "inventory_hostname", "inventory_hostname_short", "group_names"}
)


@dataclass(frozen=True, slots=True)
class View:
    """An inventory and what is wanted of it.

    `beside` are the variables beside a playbook; `extra_vars` those of the command line. `export`: hosts and groups
    with their own variables alone, so that the output is an inventory of the same meaning; the variables of `beside`
    count then only if its folder was `named`. `hosts`: only these; None for all.
    """

    inventory: Inventory
    beside: FileVars = field(default_factory=FileVars)
    extra_vars: Mapping[str, Any] = field(default_factory=dict)
    export: bool = False
    named: bool = False
    hosts: Collection[str] | None = None

    def chosen(self, names: tuple[str, ...]) -> list[str]:
        """Those of the hosts that are wanted."""
        return [name for name in names if self.hosts is None or name in self.hosts]

    def host_vars(self, host: Host) -> dict[str, Any]:
        """The variables of a host, without those that only say where the inventory is."""
        near, far = self.inventory.beside_inventory, self.beside
        if self.export:
            found = {**host.vars, **near.hosts.get(host.name, {})}
            found |= far.hosts.get(host.name, {}) if self.named else {}
        else:
            found = {**flatten(inventory_layers(self.inventory, host, far)), **self.extra_vars}
        return {name: value for name, value in found.items() if name not in _INTERNAL}

    def group_vars(self, name: str) -> dict[str, Any]:
        """The variables of a group alone, and its rank if that is not the usual one."""
        group = self.inventory.groups[name]
        found = {**group.vars, **self.inventory.beside_inventory.groups.get(name, {})}
        found |= self.beside.groups.get(name, {}) if self.named else {}
        return found if group.priority == 1 else {**found, "ansible_group_priority": group.priority}


def as_script(view: View) -> dict[str, Any]:
    """What an inventory script prints for `--list`."""
    found: dict[str, Any] = {}
    _add_group(view, "all", found, set())
    names = view.chosen(members(view.inventory, "all"))
    hostvars = {name: values for name in names if (values := view.host_vars(view.inventory.hosts[name]))}
    return {**found, "_meta": {"hostvars": hostvars, "profile": "inventory_legacy"}}


def _add_group(view: View, name: str, found: dict[str, Any], seen: set[str]) -> None:
    group = view.inventory.groups[name]
    made: dict[str, Any] = {} if name == "all" else {"hosts": view.chosen(group.hosts)}
    made["children"] = list(group.children)
    for child in group.children:
        if child not in seen:
            _add_group(view, child, found, seen)
            seen.add(child)
    if view.export:
        made["vars"] = view.group_vars(name)
    filled = {key: value for key, value in made.items() if value}
    if filled:
        found[name] = filled


def as_tree(view: View) -> dict[str, Any]:
    """A YAML inventory: groups within groups; the variables of a host stand where it is named first."""
    return _branch(view, "all", set(), set())


def _branch(view: View, name: str, seen_groups: set[str], seen_hosts: set[str]) -> dict[str, Any]:
    group = view.inventory.groups[name]
    children: dict[str, Any] = {}
    for child in group.children:
        children |= {child: {}} if child in seen_groups else _branch(view, child, seen_groups, seen_hosts)
        seen_groups.add(child)
    hosts: dict[str, Any] = {}
    for host in view.chosen(group.hosts) if name != "all" else ():
        hosts[host] = {} if host in seen_hosts else view.host_vars(view.inventory.hosts[host])
        seen_hosts.add(host)
    made = {"children": children, "hosts": hosts, "vars": view.group_vars(name) if view.export else {}}
    filled = {key: value for key, value in made.items() if value}
    return {name: filled} if filled else {}


def as_graph(view: View, name: str, variables: bool, depth: int = 0) -> Iterator[str]:
    """The lines of the tree of groups and hosts below a group, with their variables if they are wanted."""
    group = view.inventory.groups[name]
    yield _line(f"@{name}:", depth)
    for child in group.children:
        yield from as_graph(view, child, variables, depth + 1)
    for host in group.hosts if name != "all" else ():
        yield _line(host, depth + 1)
        if variables:
            yield from _var_lines(view.host_vars(view.inventory.hosts[host]), depth + 2)
    if variables:
        yield from _var_lines(view.group_vars(name), depth + 1)


def _var_lines(found: Mapping[str, Any], depth: int) -> Iterator[str]:
    for name in sorted(found):
        yield _line(f"{{{name} = {found[name]}}}", depth)


def _line(text: str, depth: int) -> str:
    return f"{'  |' * depth}--{text}" if depth else text
