"""The inventory source `constructed`: variables and groups for hosts that other sources brought, made of expressions.

Rules: https://docs.ansible.com/ansible/latest/collections/ansible/builtin/constructed_inventory.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final, Protocol

from runner.errors import StepError
from runner.inventory.draft import Draft
from runner.model.inventory import FileVars, Host, Inventory
from runner.model.names import LayeredNames, Names
from runner.model.playbook import Condition
from runner.model.quick import dataclass
from runner.model.span import Span
from runner.registry import nearest
from runner.syntax.yaml import Table, plain
from runner.vars.precedence import flatten, inventory_layers

NAMES: Final = ("constructed", "ansible.builtin.constructed")
_OPTIONS: Final = (
    "plugin", "strict", "compose", "groups", "keyed_groups", "use_vars_plugins", "use_extra_vars", "leading_separator",
)  # fmt: skip
_NO_NAME: Final = re.compile(r"^[\d\W]|[^\w]")
_EMPTY: Final = (None, "")


class Expressions(Protocol):
    """What is asked of the template layer."""

    def expression(self, text: str, names: Names, span: Span) -> Any: ...

    def evaluate(self, condition: Condition, names: Names) -> Any: ...

    def render(self, value: Any, names: Names) -> Any: ...


def read(
    draft: Draft, tree: Table, path: str, beside: FileVars, extra_vars: Mapping[str, Any], templar: Expressions
) -> None:
    """Add what a `constructed` file makes of the hosts that the draft has so far. `beside` are the variables of the
    folders next to the sources read before, for `use_vars_plugins`. Without `strict`, what cannot be worked out for a
    host is left out."""
    for key, _ in tree.entries:
        if key.text not in _OPTIONS:
            draft.warning(key.span, f"{key.text!r} is no option of constructed", nearest(key.text, _OPTIONS))
    options = {key.text: plain(value) for key, value in tree.entries}
    inventory = draft.finish(beside if options.get("use_vars_plugins") else FileVars())
    more = extra_vars if options.get("use_extra_vars") else {}
    for host in inventory.hosts.values():
        _Construction(draft, options, Span(path), templar, inventory, host, more).make()


@dataclass(slots=True)
class _Construction:
    """What is made for one host."""

    draft: Draft
    options: Mapping[str, Any]
    span: Span
    templar: Expressions
    inventory: Inventory
    host: Host
    extra_vars: Mapping[str, Any]

    def make(self) -> None:
        """Variables first: groups may depend on them."""
        own = self.known({})
        composed: dict[str, Any] = {}
        for name, text in self.table("compose").items():
            with self.lenient(f"the variable {name!r}"):
                composed[name] = self.value(text, {**own, **self.extra_vars})
        for name, value in composed.items():
            self.draft.host_var(self.host.name, name, value, self.span)
        own = self.known(composed)
        for name, condition in self.table("groups").items():
            with self.lenient(f"the group {name!r}"):
                value = condition if isinstance(condition, bool) else str(condition)
                if self.templar.evaluate(Condition(value, self.span), LayeredNames(own)):
                    self.join(_safe(name))
        for entry in self.options.get("keyed_groups") or ():
            with self.lenient(f"the groups of {entry!r}"):
                self.keyed(entry, own)

    def table(self, name: str) -> Mapping[str, Any]:
        found = self.options.get(name)
        return found if isinstance(found, Mapping) else {}

    def known(self, composed: Mapping[str, Any]) -> dict[str, Any]:
        """The variables of the host; what was composed is a variable of the host itself."""
        host = replace(self.host, vars={**self.host.vars, **composed})
        return {
            **flatten(inventory_layers(self.inventory, host, FileVars())),
            "inventory_hostname": host.name,
            "inventory_hostname_short": host.name.partition(".")[0],
            "group_names": sorted(name for name in host.groups if name != "all"),
        }

    @contextmanager
    def lenient(self, what: str) -> Iterator[None]:
        """A failure is a mistake only if the file is `strict`."""
        try:
            yield
        except StepError as error:
            if self.options.get("strict") in (True, "true", "yes", "on"):
                self.draft.error(self.span, f"{what} cannot be made for host {self.host.name!r}: {error}")

    def value(self, text: Any, own: Mapping[str, Any]) -> Any:
        return self.templar.expression(str(text), LayeredNames(own), self.span)

    def join(self, group: str) -> None:
        """The host is in the group."""
        self.draft.group(group, self.span)
        self.draft.host(self.host.name, group, self.span)

    def keyed(self, entry: Mapping[str, Any], own: Mapping[str, Any]) -> None:
        """The groups that one entry of `keyed_groups` makes of a variable's value."""
        if not isinstance(entry, Mapping) or "key" not in entry:
            raise StepError("an entry of keyed_groups is a mapping with 'key'")
        key = self.value(entry["key"], {**own, **self.extra_vars})
        separator, prefix = str(entry.get("separator", "_")), str(entry.get("prefix") or "")
        parent = self.templar.render(entry.get("parent_group"), LayeredNames(own))
        names = list(_names(key, entry, separator))
        if not names and key not in ([], {}):
            raise StepError("its key is empty")
        between = "" if not prefix and self.options.get("leading_separator") is False else separator
        for name in names:
            group = _safe(f"{prefix}{between}{name}")
            self.join(group)
            if parent:
                self.draft.child(_safe(str(parent)), group, self.span)


def _safe(group: str) -> str:
    """A group's name with `_` for whatever a variable's name cannot have, as Ansible's plug-ins make it."""
    return _NO_NAME.sub("_", group)


def _names(key: Any, entry: Mapping[str, Any], separator: str) -> Iterator[str]:
    """The names that the value of a key gives, without prefix."""
    default = entry.get("default_value")
    if default is not None and entry.get("trailing_separator") is not None:
        raise StepError("default_value and trailing_separator exclude each other")
    if key in _EMPTY:
        yield from [] if default is None else [str(default)]
    elif isinstance(key, str):
        yield key
    elif isinstance(key, list):
        yield from (str(default if one in _EMPTY and default is not None else one) for one in key)
    elif isinstance(key, Mapping):
        for name, value in key.items():
            bare = value in _EMPTY and default is None and entry.get("trailing_separator") is False
            yield str(name) if bare else f"{name}{separator}{default if value in _EMPTY and default else value}"
    elif key:
        raise StepError(f"its key is {type(key).__name__}, not text, a list or a mapping")
