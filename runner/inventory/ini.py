"""INI inventories: sections of `runner.syntax.ini` into a draft."""

from __future__ import annotations

from collections.abc import Sequence

from runner.inventory.draft import Draft
from runner.model.span import Span
from runner.registry import nearest
from runner.syntax.ini import Section


def read(draft: Draft, sections: Sequence[Section]) -> None:
    """Add what an INI inventory says to the draft.

    `[group:vars]` and the lines of `[group:children]` may come before the group itself, but it has to be declared
    somewhere in this file or in a source read before it, as in Ansible.
    """
    declared = set(draft.groups) | {section.group for section in sections if section.kind != "vars"}
    for section in sections:
        if section.kind == "vars" and section.group not in declared:
            message = f"[{section.group}:vars] is for a group that does not exist"
            draft.error(section.span, message, nearest(section.group, declared))
            continue
        draft.group(section.group, section.span)
        for entry in section.entries:
            if section.kind == "hosts":
                variables = [(one.name, one.value, one.span) for one in entry.vars]
                draft.pattern(entry.text, section.group, variables, entry.span)
            elif section.kind == "vars":
                for one in entry.vars:
                    draft.group_var(section.group, one.name, one.value, one.span)
            elif entry.text not in declared:
                _undeclared(draft, section.group, entry.text, entry.span, declared)
            else:
                draft.child(section.group, entry.text, entry.span)


def _undeclared(draft: Draft, group: str, child: str, span: Span, declared: set[str]) -> None:
    hint = nearest(child, declared) or f"declare it with [{child}], even if it has no hosts yet"
    draft.error(span, f"[{group}:children] names {child!r}, which is not a group", hint)
