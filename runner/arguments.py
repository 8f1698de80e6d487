"""What arguments a module takes, and checking and coercing them as Ansible does.

The rules are those of Ansible's argument spec: https://docs.ansible.com/ansible/latest/dev_guide/developing_program_flow_modules.html#argument-spec
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import field
from types import MappingProxyType
from typing import Any, Final, Literal

from runner.model.call import Effect
from runner.model.quick import dataclass
from runner.model.values import OMIT, Unknown, find_unknown
from runner.registry import nearest

Kind = Literal["str", "bool", "int", "float", "list", "dict", "path", "raw", "mode", "regexp", "texts", "any"]

TRUE_WORDS: Final = frozenset({"y", "yes", "on", "1", "true", "t"})
FALSE_WORDS: Final = frozenset({"n", "no", "off", "0", "false", "f"})


@dataclass(frozen=True, slots=True)
class Option:
    """One argument. `kind` says how to coerce it; `secret` values are masked everywhere."""

    kind: Kind = "str"
    default: Any = None
    required: bool = False
    choices: tuple[Any, ...] = ()
    aliases: tuple[str, ...] = ()
    elements: Kind | None = None
    secret: bool = False
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Spec:
    """A module's definition. `free_form` names the option that takes free text (`command: echo hi`).

    `local`: runs wholly on the controller (no connection is opened for it). `observes`: it can see other hosts, so
    `linear` puts a gate in front of it. `effect`: what running it twice means. `conditions`: options that hold
    expressions and are not rendered (assert's `that`). `any_options`: unknown names are allowed (set_fact).
    `raw`: options handed over unrendered. `tells_facts`: its outcomes may have `own_facts`, which later steps wait for.
    `between`: it runs on the controller, or on whom the step is delegated to, and brings things to or from its host.
    `restless`: what its probe reports changes by itself (times, counters), so that it is no sign of a changed host.
    `brings`: what it changes reaches further than its arguments say (packages, accounts). `example`: tasks as YAML,
    `returns`: what each key of the result is, both for `pbrun doc`.
    """

    doc: str
    options: Mapping[str, Option] = field(default_factory=lambda: MappingProxyType({}))
    free_form: str | None = None
    local: bool = False
    observes: bool = False
    effect: Effect = Effect.IDEMPOTENT
    conditions: tuple[str, ...] = ()
    raw: tuple[str, ...] = ()
    any_options: bool = False
    tells_facts: bool = False
    between: bool = False
    mutually_exclusive: tuple[tuple[str, ...], ...] = ()
    required_one_of: tuple[tuple[str, ...], ...] = ()
    required_together: tuple[tuple[str, ...], ...] = ()
    required_if: tuple[tuple[str, Any, tuple[str, ...]], ...] = ()
    example: str = ""
    brings: bool = False
    restless: bool = False
    returns: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    name_of: Mapping[str, str] = field(init=False, repr=False, compare=False)
    required: tuple[str, ...] = field(init=False, repr=False, compare=False)
    unrendered: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """The option that each alias means, the options that must be given and those that are not rendered: asked for
        every step."""
        names = {other: name for name, option in self.options.items() for other in option.aliases}
        object.__setattr__(self, "name_of", MappingProxyType(names))
        object.__setattr__(self, "required", tuple(name for name, option in self.options.items() if option.required))
        object.__setattr__(self, "unrendered", frozenset({*self.conditions, *self.raw}))


class ArgumentError(ValueError):
    """One argument is wrong. The text names it."""


def to_bool(value: Any) -> bool:
    """A boolean as Ansible's `boolean()` reads one: yes/no, on/off, true/false, 1/0. Raises ArgumentError."""
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word in TRUE_WORDS or value == 1:
        return True
    if word in FALSE_WORDS or value == 0:
        return False
    raise ArgumentError(f"{value!r} is not a boolean (use true or false)")


def _to_str(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, dict | list):
        return json.dumps(value)
    return str(value)


def _to_int(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        raise ArgumentError(f"{value!r} is not a whole number") from None


def _to_float(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ArgumentError(f"{value!r} is not a number") from None


def _to_list(value: Any) -> list[Any]:
    if isinstance(value, list | tuple):
        return list(value)
    if isinstance(value, str):
        return [part.strip() for part in value.split(",")]
    if isinstance(value, int | float):
        return [str(value)]
    raise ArgumentError(f"{value!r} is not a list")


def _to_dict(value: Any) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, str):
        if value.strip().startswith("{"):
            try:
                loaded = json.loads(value)
            except ValueError:
                raise ArgumentError("is not a dictionary: its JSON cannot be read") from None
            if isinstance(loaded, dict):
                return loaded
        elif "=" in value:
            return dict(part.strip().split("=", 1) for part in value.split(",") if "=" in part)
    raise ArgumentError(f"{value!r} is not a dictionary")


def _to_regexp(value: Any) -> str:
    """A regular expression of Python."""
    text = _to_str(value)
    try:
        re.compile(text)
    except (re.error, RecursionError, OverflowError) as error:
        raise ArgumentError(f"{text!r} is not a regular expression: {error}") from None
    return text


def _to_texts(value: Any) -> Any:
    """Text, or a list of texts; nothing is made into text."""
    if all(isinstance(one, str) for one in (value if isinstance(value, list) else [value])):
        return value
    raise ArgumentError(f"is of type {type(value).__name__}: a string or list of strings is required")


def _to_mode(value: Any) -> str:
    """A file mode: octal text, symbolic text, or a YAML integer (0644 is already 420 there)."""
    if isinstance(value, bool):
        raise ArgumentError(f"{value!r} is not a file mode")
    return f"0{value:o}" if isinstance(value, int) else str(value)


_COERCE: Final[Mapping[str, Callable[[Any], Any]]] = MappingProxyType(
    {
        "str": _to_str,
        "bool": to_bool,
        "int": _to_int,
        "float": _to_float,
        "list": _to_list,
        "dict": _to_dict,
        "path": _to_str,
        "mode": _to_mode,
        "regexp": _to_regexp,
        "texts": _to_texts,
        "raw": lambda value: value,
        "any": lambda value: value,
    }
)


def _coerced(kind: Kind, value: Any) -> Any:
    """A container that is to become text is unknown if a part of it is."""
    doubt = value if isinstance(value, Unknown) else None
    if isinstance(value, dict | list) and kind not in ("list", "dict", "raw", "any"):
        doubt = find_unknown(value)
    return _COERCE[kind](value) if doubt is None else doubt


def coerce(option: Option, value: Any) -> Any:
    """`value` as the option's kind; raises ArgumentError. `Unknown` and None pass through."""
    if value is None:
        return value
    made = _coerced(option.kind, value)
    if isinstance(made, Unknown):
        return made
    if option.kind == "list" and option.elements:
        made = [_coerced(option.elements, item) for item in made]
    if option.choices:
        picked = made if option.kind == "list" else [made]
        wrong = [item for item in picked if item not in option.choices]
        if wrong:
            allowed = ", ".join(str(choice) for choice in option.choices)
            raise ArgumentError(f"value must be one of: {allowed}; got: {wrong[0]}")
    return made


def canonical(spec: Spec, given: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Given arguments under their option names (aliases resolved), and a message for each unknown or doubled name."""
    alias = spec.name_of
    found: dict[str, Any] = {}
    problems: list[str] = []
    for word, value in given.items():
        name = alias.get(word, word)
        if name not in spec.options and not spec.any_options:
            known = nearest(word, [*spec.options, *alias])
            problems.append(f"unknown argument {word!r}" + (f" ({known})" if known else ""))
            continue
        if name in found:
            problems.append(f"argument {name!r} is given twice (also as {word!r})")
        if value is not OMIT:
            found[name] = value
    return found, problems


def check_presence(spec: Spec, given: Mapping[str, Any]) -> list[str]:
    """Messages for what is missing or does not go together; needs names only, so it also works before rendering."""
    have = {name for name, value in given.items() if value is not None}
    problems = [f"missing required argument: {name}" for name in spec.required if name not in have]
    for group in spec.mutually_exclusive:
        if len(have.intersection(group)) > 1:
            problems.append(f"arguments are mutually exclusive: {', '.join(group)}")
    for group in spec.required_one_of:
        if not have.intersection(group):
            problems.append(f"one of the following is required: {', '.join(group)}")
    for group in spec.required_together:
        if 0 < len(have.intersection(group)) < len(group):
            problems.append(f"arguments are required together: {', '.join(group)}")
    return problems


def validate(spec: Spec, given: Mapping[str, Any]) -> tuple[dict[str, Any], frozenset[str], list[str]]:
    """All options with values and defaults, the names really given, and every problem in plain words."""
    found, problems = canonical(spec, given)
    problems += check_presence(spec, found)
    values: dict[str, Any] = {}
    for name, option in spec.options.items():
        raw = found.get(name, option.default)
        if raw is None:
            raw = option.default
        if raw is None:
            values[name] = None
            continue
        try:
            values[name] = coerce(option, raw)
        except ArgumentError as error:
            problems.append(f"argument {name!r}: {error}")
    values.update({name: value for name, value in found.items() if name not in spec.options})
    for name, wanted, needed in spec.required_if:
        missing = [other for other in needed if values.get(other) is None]
        if values.get(name) == wanted and missing:
            problems.append(f"{name} is {wanted} but these are missing: {', '.join(missing)}")
    return values, frozenset(found), problems
