"""Loops: from `loop`, `with_items` and their like to a list of items, each with its loop variables.

Source: https://docs.ansible.com/ansible/latest/playbook_guide/playbooks_loops.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from runner.arguments import ArgumentError, to_bool
from runner.errors import StepError
from runner.execute.lookups import LookupDesk
from runner.execute.scope import StepScope
from runner.execute.verdicts import number
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
        return list(value) if isinstance(value, list | tuple) else [value]
    terms = value if isinstance(value, list) else [value]
    return LookupDesk(world, task, play).answer(scope, loop.kind, terms, {})


def opened(world: World, loop: Loop, scope: StepScope) -> Loop:
    """The loop with what its `loop_control` says of all items rendered. Raises StepError."""
    if loop.plain:
        return loop
    render = world.templar.render
    index = render(loop.index_var, scope)
    return replace(
        loop,
        loop_var=str(render(loop.loop_var, scope)),
        index_var=str(index) if index else None,
        pause_s=number(world, loop.pause_s, scope, "pause", 0.0),
        extended=_truth(render(loop.extended, scope), "extended"),
        extended_allitems=_truth(render(loop.extended_allitems, scope), "extended_allitems"),
    )


def _truth(value: Any, name: str) -> bool:
    try:
        return to_bool(value)
    except ArgumentError as error:
        raise StepError(f"{name}: {error}") from None


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
