"""YAML (and JSON) inventories: groups with `hosts`, `vars` and `children`, nested, into a draft.

Rules: https://docs.ansible.com/ansible/latest/collections/ansible/builtin/yaml_inventory.html
"""

from __future__ import annotations

from typing import Final

from runner.inventory.draft import Draft
from runner.model.span import Span
from runner.registry import nearest
from runner.syntax.yaml import Scalar, Table, Tree, plain

_KEYS: Final = ("hosts", "vars", "children")


def read(draft: Draft, tree: Tree | None, path: str) -> None:
    """Add what a YAML inventory says to the draft; `tree` None is an empty file, which is allowed but warned of."""
    if tree is None or (isinstance(tree, Scalar) and tree.value is None):
        draft.warning(tree.span if tree else Span(path), "the inventory is empty")
        return
    if not isinstance(tree, Table):
        draft.error(tree.span, "an inventory is a mapping of groups", "begin with `all:` and `hosts:` below it")
        return
    plugin = tree.get("plugin")
    if plugin is not None:
        message = "this configures an inventory plugin of Ansible; only lists of hosts and groups can be read here"
        draft.error(plugin.span, message, "let an inventory script print what the plugin would")
        return
    for key, value in tree.entries:
        _read_group(draft, key, value)


def _read_group(draft: Draft, key: Scalar, tree: Tree) -> str | None:
    name = key.value
    if not isinstance(name, str):
        draft.error(key.span, f"group name {key.text!r} is not text", "put it in quotes")
        return None
    draft.group(name, key.span)
    table = _table(draft, tree, f"group {name!r}")
    for section, value in table.entries if table else ():
        if section.value == "hosts":
            _read_hosts(draft, name, value)
        elif section.value == "vars":
            _read_vars(draft, name, value)
        elif section.value == "children":
            _read_children(draft, name, value)
        else:
            hint = nearest(section.text, _KEYS) or "hosts, vars and children are"
            draft.warning(section.span, f"{section.text!r} in group {name!r} is not known and left out", hint)
    return name


def _read_hosts(draft: Draft, group: str, tree: Tree) -> None:
    # A single host may be written as text, as in Ansible.
    if isinstance(tree, Scalar) and isinstance(tree.value, str):
        draft.pattern(tree.value, group, (), tree.span)
        return
    table = _table(draft, tree, f"hosts of group {group!r}")
    for key, value in table.entries if table else ():
        if not isinstance(key.value, str):
            draft.error(key.span, f"host name {key.text!r} is not text", "put it in quotes")
            continue
        variables = _table(draft, value, f"host {key.value!r}")
        given = [(name.text, plain(one), one.span) for name, one in variables.entries] if variables else []
        draft.pattern(key.value, group, given, key.span)


def _read_vars(draft: Draft, group: str, tree: Tree) -> None:
    table = _table(draft, tree, f"vars of group {group!r}")
    for key, value in table.entries if table else ():
        draft.group_var(group, key.text, plain(value), value.span)


def _read_children(draft: Draft, group: str, tree: Tree) -> None:
    if isinstance(tree, Scalar) and isinstance(tree.value, str):
        draft.child(group, tree.value, tree.span)
        return
    table = _table(draft, tree, f"children of group {group!r}")
    for key, value in table.entries if table else ():
        child = _read_group(draft, key, value)
        if child is not None:
            draft.child(group, child, key.span)


def _table(draft: Draft, tree: Tree, what: str) -> Table | None:
    """The mapping that `what` has to be; nothing at all is an empty one."""
    if isinstance(tree, Table):
        return tree
    if not (isinstance(tree, Scalar) and tree.value is None):
        draft.error(tree.span, f"{what} is not a mapping", "each name on a line of its own, with a ':' behind it")
    return None
