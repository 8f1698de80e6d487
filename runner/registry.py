"""The one plug-in finder: a plug-in is a file in its room, found by its name and imported when first asked for.

A file that is not of `ansible.builtin` says which collection has it in Ansible: `COLLECTION = "ansible.posix"`.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from runner.errors import EnvironmentFault

ROOMS = ("modules", "transports", "become", "strategies", "reporters", "lookups", "dispatch")

# Other names of ours. A connection of paramiko is one over SSH like any other; yum is dnf since ansible-core 2.17.
_ALIASES: Final[Mapping[str, Mapping[str, str]]] = {
    "transports": dict.fromkeys(("smart", "paramiko", "paramiko_ssh", "openssh"), "ssh"),
    "modules": {"yum": "dnf"},
}
_WORDS: Final = {"lookups": "lookup", "transports": "connection", "become": "become method"}
LAB: Final = "lab"  # a connection that is no file: hosts that pbrun plays itself
BUILTIN: Final = "ansible.builtin"
# Collections whose short names are the same modules (https://docs.ansible.com/ansible/latest/collections/).
BUILTIN_PREFIXES = ("ansible.builtin.", "ansible.legacy.")


@cache
def names(room: str) -> tuple[str, ...]:
    """The names of all plug-ins of a room, sorted; files that begin with `_` are none."""
    package = importlib.import_module(f"runner.{room}")
    found = (entry.name.rstrip("_") for entry in pkgutil.iter_modules(package.__path__))
    return tuple(sorted(name for name in found if not name.startswith("_")))


@cache
def load(room: str, name: str) -> ModuleType:
    """The plug-in's module (kept: steps ask for theirs by the thousand).

    A file may end in `_` where its name is a Python keyword (`assert_.py`).

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


def collection(room: str, name: str) -> str:
    """The collection that has our plug-in of this short name in Ansible. Raises KeyError when there is none."""
    found: str = getattr(load(room, name), "COLLECTION", BUILTIN)
    return found


def full(room: str, name: str) -> str:
    """The qualified name of our plug-in of this short name."""
    return f"{collection(room, name)}.{name}"


@cache
def own(room: str, name: str) -> str:
    """The short name of our plug-in that `name` stands for: `mount`, `ansible.posix.mount`, and `ansible.builtin.mount`
    since Ansible hands that on. Another collection's name is never ours: it stays whole, and is in no room.

    Source: https://docs.ansible.com/ansible/latest/dev_guide/developing_collections_structure.html#meta-directory
    """
    name = _ALIASES.get(room, {}).get(short(name), name)
    if "." not in name:
        return name
    named, _, last = name.rpartition(".")
    if last in names(room):
        home = collection(room, last)
        if named == home or (f"{named}." in BUILTIN_PREFIXES and home in (BUILTIN, elsewhere(room, last))):
            return last
    return name.removeprefix("ansible.legacy.")


@cache
def _routes(room: str) -> Mapping[str, str]:
    """Short name → collection, as Ansible has it, from `collections.txt`."""
    lines = Path(__file__).with_name("collections.txt").read_text(encoding="utf-8").splitlines()
    found: dict[str, str] = {}
    for line in lines:
        place, _, members = line.partition(": ")
        if place.startswith(f"{room} "):
            found.update(dict.fromkeys(members.split(), place.removeprefix(f"{room} ")))
    return found


def elsewhere(room: str, name: str) -> str:
    """The collection in which Ansible finds a plug-in by its short name, or "" if it does not know it either."""
    return _routes(room).get(short(name), "")


def elsewhere_names(room: str) -> tuple[str, ...]:
    """All short names that Ansible knows for a room."""
    return tuple(_routes(room))


def absent(room: str, name: str) -> str:
    """A hint for a name that is none of ours: where Ansible has it, or the nearest of ours (under its qualified name if
    `name` is one); "" if there is nothing to say."""
    last = short(name).rpartition(".")[2]
    if last in names(room):
        return f"did you mean {full(room, last)!r}?"
    home = elsewhere(room, last)
    if home:
        return "" if name == f"{home}.{last}" else f"Ansible has it in {home}"
    close = _closest(last, names(room))
    return f"did you mean {(full(room, close) if '.' in name else close)!r}?" if close else ""


def missing(room: str, name: str) -> str:
    """What to say of a lookup, connection or become method that is none of ours."""
    hint = absent(room, name)
    if not hint and room in ("become", "transports"):
        hint = f"known are {', '.join(names(room))}"
    return f"there is no {_WORDS[room]} named {name!r}" + (f" ({hint})" if hint else "")


def found(room: str, name: str) -> Any:
    """The plug-in's module; raises EnvironmentFault, with `missing` for its text, when there is none of this name."""
    try:
        return load(room, name)
    except KeyError:
        raise EnvironmentFault(missing(room, name)) from None


def known(room: str, name: str) -> bool:
    """Whether a name stands for one of ours."""
    return own(room, name) in names(room) or (room == "transports" and name == LAB)


def _closest(word: str, known: Iterable[str]) -> str:
    """The known word most like `word`, or ""."""
    import difflib  # only mistakes need it

    found = list(known)
    close = difflib.get_close_matches(word, found, n=1, cutoff=0.7)
    # Letters in another order are the commonest slip, and in short words difflib does not see it (`scr`, `wbe`).
    close = close or [name for name in found if sorted(name) == sorted(word)]
    return close[0] if close else ""


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint "did you mean …?" with the known word most like `word`, or ""."""
    close = _closest(word, known)
    return f"did you mean {close!r}?" if close else ""
