"""Pages of `pbrun doc`: a module's definition as text and as JSON."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

from runner import registry
from runner.arguments import Option, Spec

WIDTH: Final = 100
# Results that every task has, whatever its module (https://docs.ansible.com/ansible/latest/reference_appendices/common_return_values.html).
COMMON: Final[Mapping[str, str]] = {
    "changed": "Whether something was, or in a dry run would be, changed.",
    "failed": "Whether the task failed.",
    "msg": "What there is to say about it.",
}


def spec(name: str) -> Spec:
    """The definition of a module of ours. Raises KeyError when there is none."""
    return cast(Spec, registry.load("modules", name).SPEC)


def as_list(names: Iterable[str]) -> str:
    """A line for each module: its qualified name and its first sentence."""
    named = {registry.full("modules", name): spec(name).doc for name in names}
    width = max(map(len, named), default=0)
    return "\n".join(f"{name:<{width}}  {doc}" for name, doc in sorted(named.items()))


def page(name: str) -> str:
    """All there is to know of one module."""
    about = spec(name)
    parts = [f"{registry.full('modules', name).upper()}\n", _wrapped(about.doc, 2), ""]
    facts = _facts(about)
    parts += [*(_wrapped(fact, 2) for fact in facts), ""] if facts else []
    if about.options:
        parts.append("OPTIONS (= is required)\n")
        for option in sorted(about.options, key=lambda option: (not about.options[option].required, option)):
            parts += [*_option(option, about.options[option]), ""]
    rules = list(_rules(about))
    if rules:
        parts += ["RULES\n", *(_wrapped(rule, 2) for rule in rules), ""]
    if about.example:
        parts += ["EXAMPLES\n", textwrap.indent(about.example.strip("\n"), "  "), ""]
    parts.append("RESULT\n")
    for key, text in {**about.returns, **COMMON}.items():
        parts.append(_wrapped(f"{key}: {text}", 2, 6))
    return "\n".join(parts)


def as_json(names: Iterable[str]) -> str:
    """The definitions as one JSON object, by qualified name."""
    return json.dumps({registry.full("modules", name): _plain(spec(name)) for name in names}, indent=2, default=str)


def _plain(about: Spec) -> dict[str, Any]:
    return {
        "doc": about.doc,
        "options": {name: _plain_option(option) for name, option in about.options.items()},
        "rules": list(_rules(about)),
        "example": about.example,
        "returns": {**about.returns, **COMMON},
        "runs_on": "controller" if about.local else "host",
        "free_form": about.free_form,
    }


def _plain_option(option: Option) -> dict[str, Any]:
    found: dict[str, Any] = {"type": option.kind, "doc": option.doc, "required": option.required}
    for name in ("elements", "default", "choices", "aliases"):
        value = getattr(option, name)
        if value not in (None, ()):
            found[name] = value
    return found


def _facts(about: Spec) -> list[str]:
    found = []
    if about.local:
        found.append("It runs on the controller; no connection is opened for it.")
    if about.free_form:
        found.append(f"It takes free text, as `{about.free_form}`.")
    if about.any_options:
        found.append("It takes any other names, too.")
    return found


def _option(name: str, about: Option) -> list[str]:
    kind = f"{about.kind} of {about.elements}" if about.elements else about.kind
    details = [kind]
    if about.choices:
        details.append(f"one of {', '.join(map(shown, about.choices))}")
    if about.default is not None:
        details.append(f"default {shown(about.default)}")
    if about.aliases:
        details.append(f"also {', '.join(about.aliases)}")
    if about.secret:
        details.append("masked everywhere")
    head = _wrapped(f"{'=' if about.required else '-'} {name} ({'; '.join(details)})", 2, 6)
    return [head, _wrapped(about.doc, 6)]


def shown(value: Any) -> str:
    """A value as it is written in YAML, or as JSON."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) and value and value.isprintable() else json.dumps(value, default=str)


def _rules(about: Spec) -> Iterable[str]:
    for group in about.mutually_exclusive:
        yield f"Only one of {', '.join(group)}."
    for group in about.required_one_of:
        yield f"At least one of {', '.join(group)}."
    for group in about.required_together:
        yield f"All or none of {', '.join(group)}."
    for option, value, needed in about.required_if:
        yield f"With {option}: {shown(value)}, it needs {', '.join(needed)}."


def _wrapped(text: str, indent: int, further: int | None = None) -> str:
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent if further is None else further),
        break_long_words=False,
        break_on_hyphens=False,
    )
