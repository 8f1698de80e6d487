"""Loops: from `loop`, `with_items` and their like to a list of items, each with its loop variables.

Source: https://docs.ansible.com/ansible/latest/playbook_guide/playbooks_loops.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from runner.errors import StepError
from runner.execute.lookups import LookupDesk
from runner.execute.scope import StepScope
from runner.execute.world import World
from runner.model.playbook import Loop, Play, Task
from runner.model.values import OMIT, Unknown


def expand(world: World, loop: Loop, scope: StepScope, task: Task, play: Play) -> list[Any] | Unknown:
    """The items of a loop. Raises StepError when what is written does not give a list."""
    value = world.templar.render(loop.items, scope)
    if isinstance(value, Unknown):
        return value
    value = without_omitted(value)
    if loop.kind == "loop":
        return _list(value, "loop")
    if loop.kind == "items":
        return _flat(value)
    if loop.kind == "list":
        return _list(value, "with_list")
    terms = value if isinstance(value, list) else [value]
    return LookupDesk(world, task, play).answer(scope, loop.kind, terms, {})


def _list(value: Any, what: str) -> list[Any]:
    if isinstance(value, list | tuple):
        return list(value)
    hint = "provide a list of items, or a template that gives a list"
    raise StepError(f"The `{what}` value must resolve to a 'list', not '{type(value).__name__}'. ({hint})")


def _flat(value: Any) -> list[Any]:
    """with_items flattens one level."""
    items: list[Any] = []
    for item in value if isinstance(value, list | tuple) else [value]:
        if isinstance(item, list | tuple):
            items.extend(item)
        else:
            items.append(item)
    return items


def loop_variables(loop: Loop, index: int, item: Any, items: Sequence[Any]) -> Mapping[str, Any]:
    """`item` (or `loop_var`), `index_var`, and `ansible_loop` when extended."""
    found: dict[str, Any] = {loop.loop_var: item, "ansible_loop_var": loop.loop_var}
    if loop.index_var:
        found[loop.index_var] = index
        found["ansible_index_var"] = loop.index_var
    if loop.extended:
        found["ansible_loop"] = _extended(index, items, every=loop.extended_allitems)
    return found


def _extended(index: int, items: Sequence[Any], *, every: bool) -> dict[str, Any]:
    last = len(items) - 1
    extended: dict[str, Any] = {
        "index": index + 1,
        "index0": index,
        "first": index == 0,
        "last": index == last,
        "length": len(items),
        "revindex": len(items) - index,
        "revindex0": last - index,
    }
    if every:
        extended["allitems"] = list(items)
    if index < last:
        extended["nextitem"] = items[index + 1]
    if index > 0:
        extended["previtem"] = items[index - 1]
    return extended


def without_omitted(value: Any) -> Any:
    """`value` with every mapping entry and list element that is `omit` left out, at any depth."""
    if isinstance(value, dict):
        return {key: without_omitted(part) for key, part in value.items() if part is not OMIT}
    if isinstance(value, list):
        return [without_omitted(part) for part in value if part is not OMIT]
    return value
