"""Inheritance: what a play, block, role or import says is handed down to what stands in it.

Source: https://docs.ansible.com/ansible/latest/playbook_guide/playbooks_advanced_syntax.html and Ansible's behaviour:
`environment`, `when`, `module_defaults` and `tags` add up, everything else is overridden by the inner one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runner.load.fields import conditions, tag_words, variables, words
from runner.load.keywords import OVERRIDING
from runner.load.reading import Reading
from runner.model.playbook import Around, Directives
from runner.model.quick import replace
from runner.model.span import Span
from runner.syntax.yaml import Listing, Scalar, Table, Tree, plain

Fields = Mapping[str, Tree]


def directives(given: Directives, fields: Fields) -> Directives:
    """`given` with what is written here on top; the same object when nothing is."""
    changes: dict[str, Any] = {}
    for name, tree in fields.items():
        if name in OVERRIDING:
            value = plain(tree)
            if value is not None:
                changes[name] = value
        elif name == "user":
            changes["remote_user"] = plain(tree)
        elif name == "environment":
            changes[name] = (*given.environment, *_listed(tree))
        elif name == "module_defaults":
            changes[name] = (*given.module_defaults, *_listed(tree))
        elif name == "collections":
            changes[name] = words(tree)
    return replace(given, **changes) if changes else given


def _listed(tree: Tree) -> list[Any]:
    value = plain(tree)
    return value if isinstance(value, list) else [] if value is None else [value]


def handed_down(reading: Reading, around: Around, fields: Fields) -> Around:
    """What stands inside something with these keywords inherits."""
    changes: dict[str, Any] = {}
    inner = directives(around.directives, fields)
    if inner is not around.directives:
        changes["directives"] = inner
    if "vars" in fields:
        changes["vars"] = {**around.vars, **variables(reading, fields["vars"])}
    if "when" in fields:
        changes["when"] = around.when + conditions(reading, fields["when"])
    if "tags" in fields:
        changes["tags"] = around.tags | tag_words(fields["tags"])
    if "notify" in fields:
        changes["notify"] = words(fields["notify"])
    for name in ("delegate_to", "delegate_facts"):
        if name in fields:
            changes[name] = plain(fields[name])
    return replace(around, **changes) if changes else around


def as_tree(value: Any, span: Span) -> Tree:
    """A tree for a plain value, all of it at one place: for keywords that come from `apply`."""
    if isinstance(value, Mapping):
        return Table(tuple((Scalar(key, str(key), span), as_tree(part, span)) for key, part in value.items()), span)
    if isinstance(value, list | tuple):
        return Listing(tuple(as_tree(part, span) for part in value), span)
    return Scalar(value, "" if value is None else str(value), getattr(value, "span", span))
