"""What the user wrote as the value of a variable, as it stands there: only that may be read as a condition."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, Protocol

from runner.model.values import Template, Vaulted

_NAME: Final = re.compile(r"\s*\{\{\s*([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)\s*\}\}\s*", re.ASCII)
_MAX_STEPS: Final = 20  # variables that name each other in a circle name nothing


class Source(Protocol):
    """Where variables are looked up. Raises KeyError for what is not the user's own text."""

    def authored(self, name: str) -> Any: ...


def authored(source: Source, text: Template) -> Any:
    """The unrendered value that a template like `{{ checks }}` or `{{ checks.web }}` names, through variables that
    name others. Raises KeyError where the template is more than a name, and where the value is not the user's own
    text: what a host, a prompt, a lookup or a filter made must never be read as an expression."""
    value: Any = text
    for _ in range(_MAX_STEPS):
        if not isinstance(value, Template):
            return value
        named = None if isinstance(value, Vaulted) else _NAME.fullmatch(value)
        if named is None:
            break
        first, *rest = named[1].split(".")
        value = source.authored(first)
        for key in rest:
            if not isinstance(value, Mapping):
                raise KeyError(key)
            value = value[key]
    raise KeyError(text)
