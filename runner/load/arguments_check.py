"""Checks a task's arguments against its module's spec as far as that is possible before anything is rendered."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

from runner import registry
from runner.arguments import ArgumentError, Spec, canonical, check_presence, coerce
from runner.load.action import FREE_FORM, RAW, VARIABLE_ARGS, Action
from runner.load.fields import holds_template
from runner.load.reading import Reading
from runner.model.quick import replace
from runner.registry import nearest

BRING: Final = "one of your own in library/ would be run, if it needs no Python library of Ansible's"
# https://docs.ansible.com/ansible/latest/collections/ansible/builtin/file_module.html#parameter-mode, and `preserve`.
_CHANGES: Final = r"[ugoa]*([-+=]([rwxXst]*|[ugo]+))+"
_MODE: Final = re.compile(rf"(0o)?[0-7]{{1,5}}|{_CHANGES}(,{_CHANGES})*|preserve|")
_DID_YOU_MEAN: Final = re.compile(r" \((did you mean [^()]*)\)$")


@cache
def spec_of(module: str) -> Spec | None:
    """The module's spec, or None when there is no such module here."""
    if module not in registry.names("modules"):
        return None
    spec: Spec = registry.load("modules", module).SPEC
    return spec


@cache
def unknown_module(module: str) -> tuple[str, str]:
    """What to say of a module that is not there, and what one can do; the task fails with it when (and only when) it is
    reached."""
    near = registry.absent("modules", module)
    what = f"there is no module {module!r}" + (f": {near}" if near else "")
    return what, "" if near.startswith("did you mean") else BRING


def checked(reading: Reading, action: Action, defaults: Sequence[Any] = ()) -> Action:
    """The action with free text under its option's name; wrong arguments are noted, each at its place. `defaults` are
    the layers of `module_defaults`: what they give is not missing."""
    spec = spec_of(action.module)
    if spec is None:
        return action
    before = len(reading.problems)
    action = _place_free_text(reading, action, spec)
    if VARIABLE_ARGS in action.args or action.broken:
        return action
    found, messages = canonical(spec, action.args)
    if messages:
        _note_names(reading, action, spec)
    if len(reading.problems) == before:
        # What is missing is not worth telling as long as something is misspelt: it may be just that.
        handed = _handed(defaults, action.module)
        present = {**canonical(spec, handed or {})[0], **found}
        for message in check_presence(spec, present) if handed is not None else ():
            reading.error(action.span, f"{action.module}: {message}", _presence_hint(message, action, spec))
    for name, value in found.items():
        _check_value(reading, action, spec, name, value)
    if not defaults:
        _check_required_if(reading, action, spec, found)
    return action


def _handed(defaults: Sequence[Any], module: str) -> Mapping[str, Any] | None:
    """What `module_defaults` give the module; None where that is not known yet (groups, templates)."""
    given: dict[str, Any] = {}
    for layer in defaults:
        if not isinstance(layer, Mapping):
            return None
        for name, values in layer.items():
            if str(name).startswith("group/"):
                return None
            if registry.own("modules", str(name)) == module:
                if not isinstance(values, Mapping):
                    return None
                given.update(values)
    return given


def _place_free_text(reading: Reading, action: Action, spec: Spec) -> Action:
    if RAW not in action.args:
        return action
    args = dict(action.args)
    spans = dict(action.spans)
    text = args.pop(RAW)
    span = spans.pop(RAW, action.span)
    if spec.free_form is None:
        shown = str(text).strip().splitlines()[0][:40] if str(text).strip() else ""
        hint = "write arguments as name=value, or as 'name: value' lines below the module"
        reading.error(span, f"{action.module} takes no free text: {shown!r}", hint)
    elif spec.free_form in args:
        reading.error(span, f"{action.module}: {spec.free_form!r} is given twice", "leave out one of them")
    elif str(text).strip() or action.module in FREE_FORM:
        args = {spec.free_form: text, **args}
        spans[spec.free_form] = span
    return replace(action, args=args, spans=spans)


def _note_names(reading: Reading, action: Action, spec: Spec) -> None:
    """Unknown names each at their place, doubled ones where the second stands."""
    before: dict[str, Any] = {}
    for word, value in action.args.items():
        before[word] = value
        _, messages = canonical(spec, before)
        if not messages:
            continue
        found = _DID_YOU_MEAN.search(messages[0])
        hint = found.group(1) if found else _names_hint(spec)
        message = _DID_YOU_MEAN.sub("", messages[0])
        reading.error(action.spans.get(word, action.span), f"{action.module}: {message}", hint)
        before.pop(word)


def _names_hint(spec: Spec) -> str:
    names = sorted(spec.options)
    return f"it takes: {', '.join(names)}" if 0 < len(names) <= 12 else ""


def _presence_hint(message: str, action: Action, spec: Spec) -> str:
    if not action.args and action.module in FREE_FORM:
        return f"write what to run: '{action.module}: …'"
    if message.startswith("missing"):
        name = message.rsplit(" ", 1)[-1]
        return spec.options[name].doc if name in spec.options else ""
    return ""


def _check_value(reading: Reading, action: Action, spec: Spec, name: str, value: Any) -> None:
    option = spec.options.get(name)
    if option is None or name in spec.conditions or name in spec.raw or holds_template(value):
        return
    if option.kind == "mode":
        _doubt_mode(reading, action, name, value)
    try:
        coerce(option, value)
    except ArgumentError as error:
        word = next((word for word in (name, *option.aliases) if word in action.spans), name)
        which = "" if name == spec.free_form else f"argument {name!r}: "
        hint = nearest(str(value), map(str, option.choices))
        reading.error(action.spans.get(word, action.span), f"{action.module}: {which}{error}", hint)


def _doubt_mode(reading: Reading, action: Action, name: str, value: Any) -> None:
    span = action.spans.get(name, action.span)
    if _is_slip(action.numbers.get(name, "")):
        message = f"{action.module}: {name}: {value} is a decimal number: as a mode that is {value:04o}"
        reading.warn(span, message, f"write it in quotes: '{int(str(value), 8):04o}'")
    elif isinstance(value, str) and not _MODE.fullmatch(value.strip()):
        message = f"{action.module}: {name}: {value!r} is neither an octal nor a symbolic mode"
        reading.warn(span, message, "write one such as '0644' or 'u=rw,go=r'")


def _is_slip(text: str) -> bool:
    """Whether a mode that is written as a decimal number was meant as an octal one: its digits would make a usual one,
    in which nobody may what the owner may not."""
    if not re.fullmatch(r"[1-7]?[4-7][0-7][0-7]", text):
        return False
    owner, group, others = map(int, text[-3:])
    return not group & ~owner and not others & ~owner


def _check_required_if(reading: Reading, action: Action, spec: Spec, found: Mapping[str, Any]) -> None:
    for name, wanted, needed in spec.required_if:
        option = spec.options.get(name)
        value = found.get(name, option.default if option else None)
        if value != wanted:
            continue
        missing = [other for other in needed if found.get(other) is None]
        if missing:
            message = f"{name} is {wanted} but these are missing: {', '.join(missing)}"
            reading.error(action.span, f"{action.module}: {message}")
