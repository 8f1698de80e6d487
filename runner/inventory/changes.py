"""How a run changes its inventory: `add_host` and `group_by`, as pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from runner.errors import StepError
from runner.inventory.draft import Draft
from runner.inventory.ranges import RangeError, expand
from runner.model.inventory import Inventory
from runner.model.span import NOWHERE


def with_host(inventory: Inventory, name: str, groups: Sequence[str], variables: Mapping[str, Any]) -> Inventory:
    """The inventory with a host more (or with more groups and variables for one it has).

    `name` may end in `:port`. Values that come from a run are plain already, so nothing is made a template here.
    Raises StepError for names that cannot be used.
    """
    draft = Draft.of(inventory)
    try:
        names, port = expand(name) if "[" not in name or name.startswith("[") else ([name], None)
    except RangeError as error:
        raise StepError(str(error)) from None
    host = names[0]
    draft.host(host, "all", NOWHERE)
    if port is not None:
        draft.host_var(host, "ansible_port", port, NOWHERE)
    for variable, value in variables.items():
        draft.host_var(host, str(variable), value, NOWHERE)
    for group in groups:
        draft.group(group, NOWHERE)
        draft.host(host, group, NOWHERE)
    return _finish(draft, inventory)


def with_group(inventory: Inventory, host: str, key: str, parents: Sequence[str] = ("all",)) -> Inventory:
    """The inventory with `host` in group `key`, which becomes a child of `parents`. Spaces become dashes.

    A host that is not listed (the implicit localhost) joins no group. Raises StepError for names that cannot be used.
    """
    group = key.replace(" ", "-")
    draft = Draft.of(inventory)
    draft.group(group, NOWHERE)
    for parent in (one.replace(" ", "-") for one in parents):
        draft.child(parent, group, NOWHERE)
    if host in draft.hosts:
        draft.host(host, group, NOWHERE)
    return _finish(draft, inventory)


def _finish(draft: Draft, inventory: Inventory) -> Inventory:
    made = draft.finish(inventory.beside_inventory, inventory.sources)
    wrong = [problem.message for problem in draft.problems if problem.level == "error"]
    if wrong:
        raise StepError("; ".join(wrong))
    return made
