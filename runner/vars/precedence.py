"""The rungs of variable precedence, lowest first, as one table.

Source: https://docs.ansible.com/ansible/latest/playbook_guide/playbooks_variables.html#understanding-variable-precedence
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum
from pathlib import PurePath
from typing import Any

from runner.model.inventory import FileVars, Host, Inventory, Vars
from runner.model.span import NOWHERE, Problem


class Rung(IntEnum):
    """One source of variables; the higher number wins."""

    COMMAND_LINE = 1
    ROLE_DEFAULTS = 2
    INVENTORY_GROUP = 3
    INVENTORY_GROUP_VARS_ALL = 4
    PLAYBOOK_GROUP_VARS_ALL = 5
    INVENTORY_GROUP_VARS = 6
    PLAYBOOK_GROUP_VARS = 7
    INVENTORY_HOST = 8
    INVENTORY_HOST_VARS = 9
    PLAYBOOK_HOST_VARS = 10
    FACTS = 11
    PLAY_VARS = 12
    PLAY_PROMPTS = 13
    PLAY_VARS_FILES = 14
    ROLE_VARS = 15
    BLOCK_VARS = 16
    TASK_VARS = 17
    INCLUDE_VARS = 18
    SET_FACTS = 19
    ROLE_PARAMS = 20
    INCLUDE_PARAMS = 21
    EXTRA_VARS = 22


Layer = tuple[Rung, Vars]


def merge_order(inventory: Inventory, host: Host) -> list[str]:
    """The host's groups, lowest precedence first: by depth, then `ansible_group_priority`, then name; `all` first."""
    groups = [inventory.groups[name] for name in host.groups if name in inventory.groups]
    groups.sort(key=lambda group: (group.name != "all", group.depth, group.priority, group.name))
    return [group.name for group in groups]


def _names(host: Host, sources: Sequence[str]) -> dict[str, Any]:
    """The magic variables that Ansible keeps among a host's own, so that those of a task may hide them."""
    found: dict[str, Any] = {
        "inventory_hostname": host.name,
        "inventory_hostname_short": host.name.split(".")[0],
        "group_names": sorted(group for group in host.groups if group != "all"),
    }
    if host.span is NOWHERE:
        return found
    # The first source that names the host; in a folder of sources it is the file.
    path = host.span.path
    file = next((source for source in sources if source == path or source.endswith(f"/{path}")), path)
    return {**found, "inventory_file": file, "inventory_dir": str(PurePath(file).parent)}


def inventory_layers(inventory: Inventory, host: Host, beside_playbook: FileVars) -> list[Layer]:
    """Rungs 3 to 10 for one host: what inventory sources and the folders beside inventory and playbook say."""
    order = merge_order(inventory, host)
    nested = [name for name in order if name != "all"]
    near, far = inventory.beside_inventory, beside_playbook
    layers: list[Layer] = [(Rung.INVENTORY_GROUP, inventory.groups[name].vars) for name in order]
    layers.append((Rung.INVENTORY_GROUP_VARS_ALL, near.groups.get("all", {})))
    layers.append((Rung.PLAYBOOK_GROUP_VARS_ALL, far.groups.get("all", {})))
    layers += [(Rung.INVENTORY_GROUP_VARS, near.groups.get(name, {})) for name in nested]
    layers += [(Rung.PLAYBOOK_GROUP_VARS, far.groups.get(name, {})) for name in nested]
    layers.append((Rung.INVENTORY_HOST, {**host.vars, **_names(host, inventory.sources)}))
    layers.append((Rung.INVENTORY_HOST_VARS, near.hosts.get(host.name, {})))
    layers.append((Rung.PLAYBOOK_HOST_VARS, far.hosts.get(host.name, {})))
    return layers


def locked(inventory: Inventory, host: Host, beside_playbook: FileVars) -> Problem | None:
    """Why the host's variables cannot be known: a file of one of its groups, or its own, that no secret opens."""
    names = [*(f"group_vars/{name}" for name in ("all", *host.groups)), f"host_vars/{host.name}"]
    shut = {**inventory.beside_inventory.locked, **beside_playbook.locked}
    return next((shut[name] for name in names if name in shut), None) if shut else None


def flatten(layers: Iterable[Layer]) -> dict[str, Any]:
    """One mapping in which the higher rung (the later layer of one rung) has won."""
    merged: dict[str, Any] = {}
    for _, layer in sorted(layers, key=lambda pair: pair[0]):
        merged.update(layer)
    return merged


def lookup_order(layers: Iterable[Layer]) -> tuple[Mapping[str, Any], ...]:
    """The layers that hold anything, the winner first."""
    ordered = sorted(layers, key=lambda pair: pair[0])
    return tuple(layer for _, layer in reversed(ordered) if layer)
