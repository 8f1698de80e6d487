"""The one plug-in finder: a plug-in is a file in its room, found by its name and imported when first asked for."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from functools import cache
from types import ModuleType

ROOMS = ("modules", "transports", "become", "strategies", "reporters", "lookups", "dispatch")

# Collections whose short names are the same modules (https://docs.ansible.com/ansible/latest/collections/).
BUILTIN_PREFIXES = ("ansible.builtin.", "ansible.legacy.")


@cache
def names(room: str) -> tuple[str, ...]:
    """The names of all plug-ins of a room, sorted; files that begin with `_` are none."""
    package = importlib.import_module(f"runner.{room}")
    found = (entry.name.rstrip("_") for entry in pkgutil.iter_modules(package.__path__))
    return tuple(sorted(name for name in found if not name.startswith("_")))


def load(room: str, name: str) -> ModuleType:
    """The plug-in's module. A file may end in `_` where its name is a Python keyword (`assert_.py`).

    Raises KeyError when there is none of this name.
    """
    if name not in names(room):
        raise KeyError(name)
    try:
        return importlib.import_module(f"runner.{room}.{name}")
    except ModuleNotFoundError as error:
        if error.name != f"runner.{room}.{name}":
            raise
        return importlib.import_module(f"runner.{room}.{name}_")


def short(action: str) -> str:
    """`ansible.builtin.copy` and `ansible.legacy.copy` are `copy`; other names stay as they are."""
    for prefix in BUILTIN_PREFIXES:
        if action.startswith(prefix):
            return action.removeprefix(prefix)
    return action


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint "did you mean …?" with the known word most like `word`, or ""."""
    import difflib  # only mistakes need it

    names = list(known)
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.7)
    # Letters in another order are the commonest slip, and in short words difflib does not see it (`scr`, `wbe`).
    close = close or [name for name in names if sorted(name) == sorted(word)]
    return f"did you mean {close[0]!r}?" if close else ""
