"""Where the template layer finds variables, and what may be the name of one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any, Final, Protocol

WORDS_OF_TEMPLATES: Final = frozenset({"True", "False", "None", "true", "false", "none", "not"})
"""What templates never read as a variable; other words of theirs (`if`, `for`) they do."""


def can_be_variable(name: object) -> bool:
    """Whether a variable may have this name.

    Source: https://docs.ansible.com/ansible/latest/playbook_guide/playbooks_variables.html#creating-valid-variable-names
    """
    return isinstance(name, str) and name.isascii() and name.isidentifier() and name not in WORDS_OF_TEMPLATES


class Names(Protocol):
    """The variables one step can see.

    `raw` may raise KeyError (undefined) and any other exception, which passes through rendering unchanged (the
    executor uses that to learn that a value is still on its way). `rendered` is a cache that belongs to this object.
    """

    rendered: MutableMapping[str, Any]

    def raw(self, name: str) -> Any: ...

    def known(self) -> Iterable[str]:
        """All names, for hints such as "did you mean"."""


class LayeredNames:
    """`Names` where no step is in sight: the first of the layers that has a name wins."""

    def __init__(self, *layers: Mapping[str, Any]) -> None:
        self._layers = layers
        self.rendered: MutableMapping[str, Any] = {}

    def raw(self, name: str) -> Any:
        for layer in self._layers:
            if name in layer:
                return layer[name]
        raise KeyError(name)

    def known(self) -> Iterable[str]:
        return list(dict.fromkeys(name for layer in self._layers for name in layer))
