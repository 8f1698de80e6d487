"""Stands in for `ansible.plugins.lookup`: the base class of lookups, with options read from their documentation.

Source: https://docs.ansible.com/ansible/latest/dev_guide/developing_plugins.html#lookup-plugins
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any, Final

from runner.arguments import ArgumentError, Kind, Option, coerce
from runner.errors import StepError
from runner.extensions.stand_ins.errors import AnsibleError, AnsibleOptionsError
from runner.syntax import yaml_text

_KINDS: Final[Mapping[str, Kind]] = {
    "str": "str",
    "string": "str",
    "bool": "bool",
    "boolean": "bool",
    "int": "int",
    "integer": "int",
    "float": "float",
    "list": "list",
    "dict": "dict",
    "dictionary": "dict",
    "path": "path",
}


class LookupBase:
    """What a plug-in's `LookupModule` inherits from. `run` is the plug-in's own."""

    def __init__(self, loader: Any = None, templar: Any = None, **_more: Any) -> None:
        self._loader = loader
        self._templar = templar
        self._options: dict[str, Any] = {}
        self._known: Mapping[str, Mapping[str, Any]] | None = None

    def run(self, terms: list[Any], variables: Any = None, **kwargs: Any) -> list[Any]:
        """The lookup's results."""
        raise NotImplementedError(f"{type(self).__name__} has no run()")

    def set_options(self, task_keys: Any = None, var_options: Any = None, direct: Any = None) -> None:
        """Take each documented option from where it is set: the call, a variable, the environment, its default."""
        del task_keys
        given, variables = dict(direct or {}), var_options or {}
        for name, entry in self._documented().items():
            self._options[name] = self._option(name, entry, given, variables)
        for name, value in given.items():
            self._options.setdefault(name, value)

    def get_option(self, option: str, hostvars: Any = None) -> Any:
        """An option's value; raises KeyError for one that is not documented."""
        if option not in self._options:
            entry = self._documented().get(option)
            if entry is None:
                raise KeyError(f"the option {option!r} is not in the plug-in's documentation")
            self._options[option] = self._option(option, entry, {}, hostvars or {})
        return self._options[option]

    def get_options(self, hostvars: Any = None) -> dict[str, Any]:
        """All options."""
        return {name: self.get_option(name, hostvars) for name in {**self._documented(), **self._options}}

    def has_option(self, option: str) -> bool:
        """Whether there is an option of this name."""
        return option in self._options or option in self._documented()

    def set_option(self, option: str, value: Any) -> None:
        """Set one option."""
        self._options[option] = value

    def find_file_in_search_path(
        self, myvars: Any, subdir: str, needle: str, ignore_missing: bool = False
    ) -> str | None:
        """A file of the controller, looked for where the task's files are."""
        del myvars
        try:
            return str(self._loader.find(subdir, needle))
        except StepError as error:
            if ignore_missing:
                return None
            raise AnsibleError(str(error)) from None

    def get_basedir(self, variables: Any) -> str:
        """The role's folder, or the playbook's."""
        return str(variables.get("role_path") or self._loader.get_basedir())

    @staticmethod
    def _flatten(terms: Any) -> list[Any]:
        found: list[Any] = []
        for term in terms:
            found.extend(term if isinstance(term, list | tuple) else [term])
        return found

    @staticmethod
    def _combine(a: Any, b: Any) -> list[Any]:
        return [LookupBase._flatten([x, y]) for x in a for y in b]

    @staticmethod
    def _flatten_hash_to_list(terms: Mapping[Any, Any]) -> list[Any]:
        return [{"key": key, "value": value} for key, value in terms.items()]

    def _documented(self) -> Mapping[str, Mapping[str, Any]]:
        if self._known is None:
            text = getattr(sys.modules[type(self).__module__], "DOCUMENTATION", "") or ""
            try:
                read = yaml_text.load(text)
            except ValueError as error:
                raise AnsibleError(f"its DOCUMENTATION {error}") from None
            options = read.get("options") if isinstance(read, Mapping) else None
            self._known = {
                str(name): entry if isinstance(entry, Mapping) else {}
                for name, entry in (options if isinstance(options, Mapping) else {}).items()
            }
        return self._known

    @staticmethod
    def _option(name: str, entry: Mapping[str, Any], given: Mapping[str, Any], variables: Any) -> Any:
        value, found = _set_value(name, entry, given, variables)
        if not found:
            if entry.get("required") and not name.startswith("_"):
                raise AnsibleOptionsError(f"the option {name!r} is required")
            value = entry.get("default")
        kind = _KINDS.get(str(entry.get("type", "str" if "type" not in entry else "raw")), "raw")
        choices = entry.get("choices") or ()
        option = Option(kind, choices=tuple(choices))
        try:
            return coerce(option, value)
        except ArgumentError as error:
            raise AnsibleOptionsError(f"the option {name!r}: {error}") from None


def _set_value(name: str, entry: Mapping[str, Any], given: Mapping[str, Any], variables: Any) -> tuple[Any, bool]:
    for word in (name, *(entry.get("aliases") or ())):
        if word in given:
            return given[word], True
    for source in entry.get("vars") or ():
        if source.get("name") in variables:
            return variables[source["name"]], True
    for source in entry.get("env") or ():
        if (text := os.environ.get(str(source.get("name")))) is not None:
            return text, True
    return None, False
