"""Who is in which group: descendants, ancestors, depths, members in order, and cycles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from runner.model.inventory import Inventory

Children = Mapping[str, Sequence[str]]


def find_cycle(children: Children) -> list[str] | None:
    """The names along one cycle, first and last the same; None if there is none."""
    done: set[str] = set()
    for root in children:
        if root in done:
            continue
        path: list[str] = [root]
        waiting = [iter(children[root])]
        while waiting:
            child = next(waiting[-1], None)
            if child is None:
                done.add(path.pop())
                waiting.pop()
            elif child in path:
                return [*path[path.index(child) :], child]
            elif child not in done:
                path.append(child)
                waiting.append(iter(children.get(child, ())))
    return None


def depths(children: Children) -> dict[str, int]:
    """How far each group is below `all`, along the longest way (Ansible's `group.depth`). No cycles allowed."""
    depth = dict.fromkeys(children, 0)
    level = ["all"]
    while level:
        deeper: dict[str, None] = {}
        for name in level:
            for child in children[name]:
                if depth[child] <= depth[name]:
                    depth[child] = depth[name] + 1
                    deeper[child] = None
        level = list(deeper)
    return depth


def ancestors(children: Children) -> dict[str, set[str]]:
    """All groups above each group. No cycles allowed."""
    above: dict[str, set[str]] = {name: set() for name in children}
    by_depth = depths(children)
    for name in sorted(children, key=by_depth.__getitem__):
        for child in children[name]:
            above[child] |= above[name] | {name}
    return above


def members(inventory: Inventory, group: str) -> tuple[str, ...]:
    """The hosts of a group and of all groups below it, without repeats, in Ansible's order: its own first, then its
    children's, then theirs, level by level."""
    found: dict[str, None] = {}
    seen = {group}
    level = [group]
    while level:
        deeper: list[str] = []
        for name in level:
            found.update(dict.fromkeys(inventory.groups[name].hosts))
            for child in inventory.groups[name].children:
                if child not in seen:
                    seen.add(child)
                    deeper.append(child)
        level = deeper
    return tuple(found)


def by_group(inventory: Inventory) -> dict[str, list[str]]:
    """The variable `groups`: the hosts of each group, in the order of `members`."""
    return {name: list(members(inventory, name)) for name in inventory.groups}
