"""Keywords read from a table: unknown ones, misplaced ones and wrong types become problems with a hint."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from runner.arguments import ArgumentError, to_bool
from runner.load.doubts import of_variables
from runner.load.keywords import KEYWORDS, WANTED, allowed
from runner.load.reading import Reading
from runner.model.names import WORDS_OF_TEMPLATES, can_be_variable
from runner.model.playbook import Condition
from runner.model.span import Span
from runner.model.values import TEMPLATE_MARKS, Vaulted
from runner.registry import nearest
from runner.syntax.yaml import Listing, Scalar, Table, Tree, plain

VARIABLE_NAME: Final = re.compile(r"^[A-Za-z_]\w*$", re.ASCII)
# https://docs.python.org/3/reference/lexical_analysis.html#keywords: Ansible refuses them as names of variables.
_WHOLE_TEMPLATE: Final = re.compile(r"^\{\{((?:(?!\}\}|\{\{).)*)\}\}$", re.DOTALL)
_THINGS: Final = {
    "play": "a play",
    "block": "a block",
    "task": "a task",
    "handler": "a handler",
    "role": "a role",
    "include": "an include",
}


def has_mark(value: object) -> bool:
    """Whether text holds a Jinja mark, or is encrypted: what it is shows only when it is rendered."""
    if isinstance(value, Vaulted):
        return True
    return isinstance(value, str) and "{" in value and any(mark in value for mark in TEMPLATE_MARKS)


def holds_template(value: object) -> bool:
    """Whether anything inside a value holds a Jinja mark."""
    if isinstance(value, str):
        return has_mark(value)
    if isinstance(value, Mapping):
        return any(holds_template(part) for part in value.values())
    return isinstance(value, list | tuple) and any(holds_template(part) for part in value)


def unknown_keyword(reading: Reading, key: Scalar, where: str) -> None:
    """Note that `key` is no keyword here, with what was probably meant."""
    thing = _THINGS.get(where, where)
    known = KEYWORDS.get(key.text)
    if known:
        places = [words for place, words in _THINGS.items() if place in known.where and place != "include"]
        belongs = f"it belongs to {' or '.join(places)}" if places else ""
        hint = "use include_tasks with a loop" if key.text == "loop" and where == "block" else belongs
        reading.error(key.span, f"{key.text!r} cannot stand on {thing}", hint)
        return
    if key.text.startswith("with_") and where == "block":
        reading.error(key.span, "a block cannot loop", "use include_tasks with a loop")
        return
    reading.error(key.span, f"{key.text!r} is not a keyword of {thing}", nearest(key.text, allowed(where)))


def right_kind(reading: Reading, key: Scalar, value: Tree, where: str) -> bool:
    """Whether the value is of its keyword's kind; notes the mistake if not. Templates may become anything."""
    keyword = KEYWORDS[key.text]
    kind = keyword.kind
    if isinstance(value, Scalar):
        good = value.value is None or _scalar_fits(kind, value)
    elif isinstance(value, Listing):
        good = kind in ("any", "list", "nodes", "dicts", "conditions") or (kind == "words" and _words(value))
    else:
        good = kind in ("any", "dict", "dicts", "vars")
    if good:
        return True
    got = {Scalar: "text", Listing: "a list", Table: "a table"}[type(value)]
    shown = f"{value.text[:40]!r}" if isinstance(value, Scalar) else got
    hint = "begin each task with '- '" if kind == "nodes" and isinstance(value, Table) else ""
    if kind == "nodes" and isinstance(value, Scalar):
        hint = "to take the tasks of a file, write '- import_tasks: FILE'"
    elif kind == "vars":
        hint = "use vars_files for a file" if isinstance(value, Scalar) else "write 'name: value' lines without '- '"
    if kind == "list" and isinstance(value, Scalar) and where != "play":
        hint = "write a list, or a template that gives one"
    reading.error(value.span, f"{key.text!r} must be {WANTED[kind]}, not {shown}", hint)
    reading.holes += kind == "nodes"
    return False


def _scalar_fits(kind: str, scalar: Scalar) -> bool:
    value = scalar.value
    if kind in ("nodes", "vars"):
        return False
    if kind in ("any", "str", "words", "conditions"):
        return True
    if has_mark(value):
        return kind != "text"
    if kind == "text":
        return isinstance(value, str)
    if kind == "bool":
        try:
            to_bool(value)
        except ArgumentError:
            return False
        return True
    if kind in ("int", "number"):
        try:
            number = float(str(value).rstrip("%") if kind == "number" else value)
        except (TypeError, ValueError):
            return False
        return not isinstance(value, bool) and (kind == "number" or number.is_integer())
    return False


def _words(listing: Listing) -> bool:
    """A list of texts; a list inside (vars_files: the first that exists) is one level more."""
    return all(isinstance(item, Scalar) or (isinstance(item, Listing) and _words(item)) for item in listing.items)


def conditions(reading: Reading, tree: Tree | None) -> tuple[Condition, ...]:
    """The expressions of `when` and its like, each with its place."""
    items = tree.items if isinstance(tree, Listing) else () if tree is None else (tree,)
    found: list[Condition] = []
    for item in items:
        if isinstance(item, Listing):
            found += conditions(reading, item)
        elif isinstance(item, Table):
            hint = "put quotes around the whole expression" if len(item.entries) == 1 else ""
            reading.error(item.span, "a condition must be an expression, not a table", hint)
        elif isinstance(item.value, bool):
            found.append(Condition(item.value, item.span))
        elif item.value is not None:
            found.append(Condition(_expression(reading, item), item.span))
    return tuple(found)


def _expression(reading: Reading, item: Scalar) -> str:
    text = item.text
    if isinstance(item.value, Vaulted):
        reading.error(item.span, "a condition cannot be encrypted", "compare with a variable that is")
    if not has_mark(text):
        return text
    whole = _WHOLE_TEMPLATE.match(text.strip())
    reading.warn(item.span, "a condition is an expression already: it needs no braces", "leave out '{{' and '}}'")
    return whole.group(1).strip() if whole else text


def words(tree: Tree | None) -> tuple[str, ...]:
    """Text or a list of texts, as a tuple."""
    value = plain(tree)
    if value is None:
        return ()
    items = value if isinstance(value, list) else [value]
    return tuple(item if isinstance(item, str) else str(item) for item in items if item is not None)


def tag_words(tree: Tree | None) -> frozenset[str]:
    """Tags: a list, or text with commas."""
    found: list[str] = []
    for word in words(tree):
        found += [word] if has_mark(word) else [part.strip() for part in word.split(",")]
    return frozenset(word for word in found if word)


def variables(reading: Reading, tree: Tree | None) -> dict[str, Any]:
    """The table of a `vars` keyword; names that cannot be variables are noted."""
    if not isinstance(tree, Table):
        return {}
    for key, _ in tree.entries:
        check_name(reading, key.value, key.span)
    reading.problems += of_variables(tree)
    made: dict[str, Any] = plain(tree)
    return made


def check_name(reading: Reading, name: object, span: Span) -> bool:
    """Whether `name` can be a variable; notes the mistake if not."""
    if can_be_variable(name):
        return True
    hint = "use letters, digits and underscores, a letter first"
    if isinstance(name, str) and name in WORDS_OF_TEMPLATES:
        hint = "templates read this word as what it means, not as a variable"
    elif isinstance(name, str) and VARIABLE_NAME.match(name.replace("-", "_").replace(" ", "_")):
        hint = f"write {name.replace('-', '_').replace(' ', '_')!r}"
    reading.error(span, f"{name!r} cannot be the name of a variable", hint)
    return False
