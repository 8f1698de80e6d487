"""JSON of inventory scripts: what `--list` and `--host NAME` printed, into a draft.

Rules: https://docs.ansible.com/ansible/latest/dev_guide/developing_inventory.html#inventory-scripts
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runner.inventory.draft import Draft
from runner.model.span import Span
from runner.syntax.ini import marked


def read(draft: Draft, document: Any, span: Span) -> tuple[str, ...] | None:
    """Add the output of `--list` to the draft.

    Returns None if `_meta.hostvars` was there, else the hosts whose variables `--host` has to be asked for.
    """
    if not isinstance(document, Mapping):
        draft.error(span, f"the script printed {_kind(document)} instead of an object of groups")
        return None
    meta = document.get("_meta")
    named: dict[str, None] = {}
    for group, data in document.items():
        if group != "_meta":
            _read_group(draft, str(group), data, span, named)
    if meta is None:
        return tuple(named)
    hostvars = meta.get("hostvars") if isinstance(meta, Mapping) else meta
    if not isinstance(hostvars, Mapping):
        draft.error(span, f"_meta.hostvars is {_kind(hostvars)} instead of an object of hosts")
        return None
    for host in named:
        read_host(draft, host, hostvars.get(host, {}), span)
    return None


def read_host(draft: Draft, host: str, variables: Any, span: Span) -> None:
    """Add the variables of one host, as `--host` or `_meta.hostvars` gave them."""
    if not isinstance(variables, Mapping):
        draft.error(span, f"the variables of host {host!r} are {_kind(variables)} instead of an object")
        return
    for name, value in variables.items():
        draft.host_var(host, str(name), _value(value, span), span)


def _read_group(draft: Draft, group: str, data: Any, span: Span, named: dict[str, None]) -> None:
    draft.group(group, span)
    if isinstance(data, list):
        data = {"hosts": data}
    if not isinstance(data, Mapping):
        draft.error(span, f"group {group!r} is {_kind(data)} instead of an object with hosts, vars and children")
        return
    if not data.keys() & {"hosts", "vars", "children"}:
        # A form of Ansible 1.x: the group's name is a host and the rest are its variables.
        data = {"hosts": [group], "vars": data} if data else {}
    for host in _texts(draft, data.get("hosts"), f"{group}.hosts", span):
        draft.host(host, group, span)
        named[host] = None
    variables = data.get("vars") or {}
    if not isinstance(variables, Mapping):
        draft.error(span, f"{group}.vars is {_kind(variables)} instead of an object")
        variables = {}
    for name, value in variables.items():
        draft.group_var(group, str(name), _value(value, span), span)
    for child in _texts(draft, data.get("children"), f"{group}.children", span):
        draft.child(group, child, span)


def _texts(draft: Draft, value: Any, what: str, span: Span) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        draft.error(span, f"{what} is {_kind(value)} instead of a list of names")
        return []
    return list(value)


def _value(value: Any, span: Span) -> Any:
    """Text of a script may hold Jinja, as in Ansible; what it wraps as `__ansible_unsafe` never does."""
    if isinstance(value, Mapping):
        if set(value) == {"__ansible_unsafe"}:
            return str(value["__ansible_unsafe"])
        return {str(name): _value(one, span) for name, one in value.items()}
    if isinstance(value, list):
        return [_value(one, span) for one in value]
    return marked(value, span)


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    kinds = {
        dict: "an object",
        list: "a list",
        str: "a text",
        bool: "true or false",
        int: "a number",
        float: "a number",
    }
    return kinds.get(type(value), type(value).__name__)
