"""Lookup `ini`: values of an INI or Java properties file on the controller."""

from __future__ import annotations

import configparser
import re
from collections.abc import Mapping
from typing import Any, Final

from runner.arguments import Option
from runner.errors import StepError
from runner.lookups._options import decoded, read_options, texts
from runner.model.names import Names
from runner.model.ports import LookupContext

OPTIONS: Final = {
    "file": Option(default="ansible.ini"),
    "section": Option(default="global"),
    "type": Option(default="ini", choices=("ini", "properties")),
    "re": Option("bool", default=False),
    "default": Option("raw", default=""),
    "encoding": Option(default="utf-8"),
    "case_sensitive": Option("bool", default=False),
    "allow_no_value": Option("bool", default=False, aliases=("allow_none",)),
    "interpolation": Option("bool", default=True),
}
_PROPERTIES: Final = "java_properties"


def run(terms: list[Any], _variables: Names, options: Mapping[str, Any], context: LookupContext) -> list[Any]:
    """The value of each key, or `default`; with `re` the values of all keys it matches. A term may carry options:
    `user section=integration file=users.ini`. Raises StepError for a missing file or section."""
    found: list[Any] = []
    for term in texts(terms):
        key, given = _split(term)
        found.extend(_values(key, read_options(OPTIONS, {**options, **given}), context))
    return found


def _split(term: str) -> tuple[str, dict[str, str]]:
    """The key and the options behind it; a word without `name=` belongs to the value before it."""
    key: list[str] = []
    given: dict[str, list[str]] = {}
    current = key
    for word in term.split():
        name, equals, value = word.partition("=")
        if equals and key and name in OPTIONS:
            current = given.setdefault(name, [])
            word = value
        current.append(word)
    return " ".join(key), {name: " ".join(words) for name, words in given.items()}


def _values(key: str, wanted: Mapping[str, Any], context: LookupContext) -> list[Any]:
    file = wanted["file"]
    text = decoded(context.read(context.find("files", file)), file, wanted["encoding"])
    section = wanted["section"]
    if wanted["type"] == "properties":
        text, section = f"[{_PROPERTIES}]\n{text}", _PROPERTIES
    interpolation = configparser.BasicInterpolation() if wanted["interpolation"] else None
    parser = configparser.ConfigParser(allow_no_value=wanted["allow_no_value"], interpolation=interpolation)
    if wanted["case_sensitive"]:
        parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read_string(text, file)
        if wanted["re"]:
            return [value for name, value in parser.items(section) if re.match(key, name)]
        value = parser.get(section, key)
    except configparser.NoOptionError:
        value = wanted["default"]
    except configparser.NoSectionError:
        raise StepError(f"{file!r} has no section {wanted['section']!r}") from None
    except (configparser.Error, re.error) as error:
        raise StepError(f"{file!r}: {' '.join(str(error).split())}") from None
    return [] if value is None else [value]
