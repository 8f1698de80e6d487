"""Lookup `inventory_hostnames`: the hosts that a pattern stands for (`with_inventory_hostnames`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runner.errors import InputErrors
from runner.inventory.patterns import match
from runner.lookups._options import texts
from runner.model.inventory import Group, Host, Inventory
from runner.model.names import Names
from runner.model.ports import LookupContext


def run(terms: list[Any], variables: Names, _options: Mapping[str, Any], context: LookupContext) -> list[Any]:
    """The names of the hosts; none for a pattern that fits nothing or cannot be read, as in Ansible."""
    members: Mapping[str, list[str]] = context.render(variables.raw("groups"))
    groups = {name: Group(name, hosts=tuple(hosts)) for name, hosts in members.items()}
    hosts = {
        host: Host(host, groups=tuple(name for name in members if host in members[name]))
        for host in members.get("all", [])
    }
    try:
        return list(match(texts(terms), Inventory(hosts, groups)))
    except InputErrors:
        return []
