"""Finds the module of a task and its arguments, in each of the ways they can be written.

Source: https://docs.ansible.com/ansible/latest/reference_appendices/playbooks_keywords.html (`action`, `args`,
`local_action`) and Ansible's behaviour for `name=value` text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from functools import cache
from typing import Any, Final

from runner import registry
from runner.load.fields import has_mark, unknown_keyword
from runner.load.keywords import KEYWORDS, allowed
from runner.load.reading import Reading
from runner.model.quick import dataclass, replace
from runner.model.span import Span
from runner.model.values import Template, Vaulted
from runner.registry import nearest
from runner.syntax.arguments_text import COMMAND_OPTIONS, ArgumentsTextError, parse_arguments
from runner.syntax.yaml import Scalar, Table, Tree, plain

FREE_FORM: Final = frozenset({"command", "shell", "raw", "script"})
REMOVED: Final = {"include": "use include_tasks (or import_tasks), or import_playbook for playbooks"}
VARIABLE_ARGS: Final = "_variable_params"
# The first word; a template is one word, whatever spaces are in it.
_NAME: Final = re.compile(r"\s*((?:\{\{.*?\}\}|[^\s{]|\{)+)", re.DOTALL)
RAW: Final = "_raw_params"


@dataclass(frozen=True, slots=True)
class Action:
    """What a task does. `written` is the module's name as written, `module` its short name ("" where a template gives
    it); `spans` tells where each argument stands, `numbers` how those that are whole numbers are written. `local`: it
    was written as `local_action`. `broken`: some arguments stand elsewhere by mistake."""

    written: str
    module: str
    span: Span
    args: Mapping[str, Any] = field(default_factory=dict)
    spans: Mapping[str, Span] = field(default_factory=dict)
    numbers: Mapping[str, str] = field(default_factory=dict)
    local: bool = False
    broken: bool = False


Keyed = tuple[Scalar, Tree]


def find_action(
    reading: Reading, table: Table, fields: Mapping[str, Tree], others: list[Keyed], where: str
) -> Action | None:
    """The action among the keys that are no keywords here (`others`), `action` and `local_action`; notes what is
    wrong."""
    old = [name for name in ("action", "local_action") if name in fields]
    if table.entry("hosts") and not old:
        hint = "whole plays stand at the top of a playbook; use import_playbook there for those of another file"
        reading.error(table.span, f"this is a play, not a {where}", hint)
        return None
    chosen = _choose(reading, others, where, bool(old))
    if chosen is None and not old:
        if not others:
            hint = "a task is one module with its arguments, such as 'command: uptime'"
            reading.error(table.span, f"no module in this {where}", hint)
        return None
    if len(old) + (chosen is not None) > 1:
        names = [*old, *([chosen[0].text] if chosen else [])]
        reading.error(table.span, f"two actions in one task: {' and '.join(names)}", "make them two tasks")
        return None
    strays = _strays(reading, others, chosen, where)
    if chosen is not None:
        action = _new_style(reading, *chosen)
    else:
        action = _old_style(reading, fields[old[0]], old[0] == "local_action")
    if action is None:
        return None
    action = _with_args(action, fields.get("args"))
    return replace(action, broken=True) if strays else action


def _choose(reading: Reading, others: list[Keyed], where: str, settled: bool) -> Keyed | None:
    """Which of the keys is the module."""
    modules = [entry for entry in others if _is_module(entry[0].text)]
    if len(modules) > 1:
        (first, _), (second, _) = modules[:2]
        hint = "make them two tasks: begin the second one with '- '"
        reading.error(second.span, f"two modules in one task: {first.text} and {second.text}", hint)
    if modules or settled:
        return modules[0] if modules else None
    brought = [entry for entry in others if reading.record.brings_module(_module(entry[0].text), ())]
    likely = brought or [entry for entry in others if not _misspelt_keyword(entry[0].text, where)]
    if len(likely) != 1:
        for key, _ in others:
            unknown_keyword(reading, key, where)
        if others:
            reading.error(others[0][0].span, f"no module in this {where}")
        return None
    key = likely[0][0]
    if key.text in REMOVED:
        reading.error(key.span, f"{key.text!r} is no longer part of the language", REMOVED[key.text])
        return None
    return likely[0]


def _strays(reading: Reading, others: list[Keyed], chosen: Keyed | None, where: str) -> bool:
    """Note the keys that are neither the module nor keywords; whether some are arguments of the module that stand too
    far left."""
    misplaced = False
    for key, _ in others:
        if chosen and (key is chosen[0] or _is_module(key.text)):
            continue
        if chosen and key.text in _options_of(_module(chosen[0].text)):
            misplaced = True
            hint = f"indent it further than {chosen[0].text!r}"
            reading.error(key.span, f"{key.text!r} is an argument of {chosen[0].text}, not a keyword", hint)
        else:
            unknown_keyword(reading, key, where)
    return misplaced


def _module(name: str) -> str:
    """The short name of our module that `name` stands for; else `name`."""
    return registry.own("modules", name)


def _is_module(name: str) -> bool:
    return _module(name) in registry.names("modules")


@cache
def _options_of(module: str) -> frozenset[str]:
    if module not in registry.names("modules"):
        return frozenset()
    options = registry.load("modules", module).SPEC.options
    return frozenset(options).union(*(option.aliases for option in options.values()))


@cache
def _misspelt_keyword(word: str, where: str) -> bool:
    if word.startswith("with_") or word in KEYWORDS:
        return True
    near = nearest(word, allowed(where))
    return bool(near) and "." not in word and not nearest(word, registry.names("modules"))


def _new_style(reading: Reading, key: Scalar, value: Tree) -> Action | None:
    name = key.text
    module = _module(name)
    if isinstance(value, Table):
        args, spans = _table_args(value)
        return Action(name, module, key.span, args, spans, _numbers(value))
    if isinstance(value, Scalar):
        if value.value is None:
            return Action(name, module, key.span)
        if isinstance(value.value, Vaulted):
            return Action(name, module, key.span, {RAW: value.value}, {RAW: value.span})
        return _from_text(reading, Action(name, module, key.span), value, value.text, 0)
    hint = "write the arguments as 'name: value' lines below the module"
    reading.error(value.span, f"the arguments of {name!r} must be a table or text, not a list", hint)
    return None


def _old_style(reading: Reading, value: Tree, local: bool) -> Action | None:
    word = "local_action" if local else "action"
    if isinstance(value, Table):
        entry = value.get("module")
        if not isinstance(entry, Scalar):
            reading.error(value.span, f"{word!r} names no module", "add 'module: NAME' to it")
            return None
        base = _split_name(reading, entry, local)
        args, spans = _table_args(value)
        nested = args.pop("args", None)
        args.pop("module", None)
        if isinstance(nested, Mapping):
            args.update(nested)
        return replace(base, args={**args, **base.args}, spans=spans, numbers=_numbers(value)) if base else None
    if isinstance(value, Scalar) and isinstance(value.value, str):
        return _split_name(reading, value, local)
    reading.error(value.span, f"{word!r} must be text: the module and its arguments")
    return None


def _split_name(reading: Reading, value: Scalar, local: bool) -> Action | None:
    found = _NAME.match(value.text)
    name, start = (found[1], found.end()) if found else ("", 0)
    if has_mark(name) and not value.unsafe:
        action = Action(Template(name, value.span), "", value.span, local=local)
    else:
        action = Action(name, _module(name), value.span, local=local)
    rest = value.text[start:].lstrip(" ")
    return _from_text(reading, action, value, rest, len(value.text) - len(rest)) if rest else action


def _takes_text(module: str) -> bool:
    """Whether free text is an argument of the module, so that a template is one, too (`include_vars: "{{ file }}"`)."""
    if module not in registry.names("modules"):
        return module in FREE_FORM
    return registry.load("modules", module).SPEC.free_form is not None


def _from_text(reading: Reading, action: Action, value: Scalar, text: str, shift: int) -> Action | None:
    """Arguments from `name=value` text; free text goes under the module's own name for it."""
    if _is_one_template(text) and not _takes_text(action.module):
        return replace(action, args={VARIABLE_ARGS: _text(text, value, value.span)})
    try:
        found = parse_arguments(text, COMMAND_OPTIONS if action.module in FREE_FORM else None)
    except ArgumentsTextError as error:
        reading.error(_shifted(value, shift + error.offset), f"the arguments cannot be split: {error}")
        return None
    args: dict[str, Any] = {}
    spans: dict[str, Span] = {}
    for pair in found.pairs:
        spans[pair.name] = _shifted(value, shift + pair.offset)
        args[pair.name] = _text(pair.value, value, spans[pair.name])
    if found.free is not None:
        spans[RAW] = _shifted(value, shift + found.free_offset)
        args[RAW] = _text(found.free, value, spans[RAW])
    return replace(action, args=args, spans=spans)


def _with_args(action: Action, tree: Tree | None) -> Action:
    """The keyword `args` gives defaults that the action's own arguments override."""
    if tree is None:
        return action
    if isinstance(tree, Table):
        args, spans = _table_args(tree)
        numbers = {**_numbers(tree), **action.numbers}
        return replace(action, args={**args, **action.args}, spans={**spans, **action.spans}, numbers=numbers)
    value = plain(tree)
    if isinstance(value, Template):
        return replace(action, args={VARIABLE_ARGS: value, **action.args})
    return action


def _table_args(table: Table) -> tuple[dict[str, Any], dict[str, Span]]:
    args = {_name(key): plain(value, not table.unsafe) for key, value in table.entries}
    return args, {str(key.value): key.span for key, _ in table.entries}


def _numbers(table: Table) -> dict[str, str]:
    return {key.text: value.text for key, value in table.entries if isinstance(value, Scalar) and _is_number(value)}


def _is_number(value: Scalar) -> bool:
    return isinstance(value.value, int) and not isinstance(value.value, bool)


def _name(key: Scalar) -> str:
    """An argument's name; those of set_fact may be templates."""
    return _text(str(key.value), key, key.span)


def _is_one_template(text: str) -> bool:
    stripped = text.strip()
    return stripped.startswith("{{") and stripped.endswith("}}") and stripped.count("{{") == 1


def _text(text: str, scalar: Scalar, span: Span) -> str:
    return Template(text, span) if has_mark(text) and not scalar.unsafe else text


def _shifted(scalar: Scalar, offset: int) -> Span:
    """The place inside a text of one line; quoted and folded texts keep the place where they begin."""
    if scalar.quoted or offset <= 0 or "\n" in scalar.text:
        return scalar.span
    return Span(scalar.span.path, scalar.span.line, scalar.span.column + offset)
