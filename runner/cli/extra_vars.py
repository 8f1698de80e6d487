"""`-e`: variables from the command line, as `k=v` words, YAML or JSON, or a file.

Later ones win. Messages never repeat a whole text: it may hold a password. Texts with Jinja marks are templates, as in
Ansible: they come from the user. Source:
https://docs.ansible.com/ansible/latest/playbook_guide/playbooks_variables.html#defining-variables-at-runtime
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from runner.errors import InputErrors, OptionError
from runner.model.ports import Vault
from runner.model.span import Problem, Span
from runner.model.values import TEMPLATE_MARKS, Template
from runner.registry import nearest

_NAME = re.compile(r"[^\W\d]\w*\Z")
PLACE = Span("<command line>")


def read_extra_vars(given: Iterable[str], vault: Vault | None = None) -> dict[str, Any]:
    """All variables of all `-e`, merged in order. Raises `OptionError`, and `InputErrors` for mistakes in files."""
    found: dict[str, Any] = {}
    for text in given:
        found.update(check_names(read_one(text, vault)))
    return found


def read_one(text: str, vault: Vault | None = None) -> Mapping[str, Any]:
    """The variables of one `-e`."""
    if text.startswith("@"):
        return read_file(text[1:], vault)
    if text.startswith(("/", "./", "../")):
        raise OptionError(f"-e {text}: for a file write -e @{text}")
    if text.startswith(("{", "[")):
        return read_yaml(text)
    return read_words(text)


def read_words(text: str) -> dict[str, Any]:
    """`k=v k2='v 2'`: the values are strings."""
    from runner.syntax.arguments_text import ArgumentsTextError, parse_arguments

    try:
        split = parse_arguments(text)
    except ArgumentsTextError as error:
        raise OptionError(f"-e: {error}") from None
    if split.free:
        raise OptionError(f"-e: {split.free!r} is not of the form name=value")
    return {pair.name: template_if_marked(pair.value) for pair in split.pairs}


def template_if_marked(value: str) -> str:
    """What the user wrote on the command line is trusted, so text with Jinja marks is a template."""
    return Template(value, PLACE) if any(mark in value for mark in TEMPLATE_MARKS) else value


def read_yaml(text: str) -> Mapping[str, Any]:
    """A YAML or JSON mapping written on the command line."""
    from runner.syntax.yaml import parse, plain

    tree, problems = parse(text, PLACE.path)
    wrong = next((problem for problem in problems if problem.level == "error"), None)
    if wrong:
        raise OptionError(f"-e: column {wrong.span.column}: {wrong.message}")
    value = plain(tree)
    if not isinstance(value, Mapping):
        raise OptionError("-e: not a mapping of names to values")
    return value


def read_file(name: str, vault: Vault | None = None) -> Mapping[str, Any]:
    """The variables of a YAML or JSON file, which may be encrypted."""
    from runner.load.sources import Sources
    from runner.syntax.yaml import parse, plain

    path = Path(name).expanduser()
    try:
        written = path.read_bytes()
    except OSError as error:
        near = nearest(path.name, [entry.name for entry in path.parent.iterdir()]) if path.parent.is_dir() else ""
        raise OptionError(f"-e @{name}: {error.strerror}" + (f" ({near})" if near else "")) from None
    record = Sources(vault=vault) if vault else Sources()
    data = record.opened(str(path), written)
    if isinstance(data, Problem):
        raise InputErrors([data])
    tree, problems = parse(data, str(path))
    wrong = [problem for problem in record.discreet(str(path), problems) if problem.level == "error"]
    if wrong:
        raise InputErrors(wrong)
    value = plain(tree)
    if value is not None and not isinstance(value, Mapping):
        raise InputErrors([Problem(Span(str(path)), "a file of variables must be a mapping: name: value")])
    return record.values(str(path), value or {})


def check_names(found: Mapping[str, Any]) -> Mapping[str, Any]:
    """Raises `OptionError` for a name that no expression could ever use."""
    for name in found:
        if not isinstance(name, str) or not _NAME.match(name):
            raise OptionError(f"-e: {name!r} is not a variable's name (letters, digits and _)")
    return found
