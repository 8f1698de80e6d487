"""Which host names, users and ports are safe to hand to ssh and to a shell, and which are refused."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any, Final

from runner.model.values import Template

SHELL_MARKS: Final = frozenset("'\"`$\\;&<>|(){}")

# Variables that name a host or a user somewhere on the way to a connection.
_NAMING_VARS: Final[Mapping[str, str]] = {
    "ansible_host": "host",
    "ansible_ssh_host": "host",
    "ansible_user": "user",
    "ansible_ssh_user": "user",
    "ansible_become_user": "user",
}
_PORT_VARS: Final = ("ansible_port", "ansible_ssh_port")


def refusal(text: str) -> str | None:
    """Why `text` cannot be a host name, an address or a user; None if it can.

    A leading `-` would be an option, whitespace and control characters split words and lines, and shell
    metacharacters have no business in a name (OpenSSH 9.6 refuses them for the same reason, CVE-2023-51385).
    """
    if not text:
        return "is empty"
    if text.startswith("-"):
        return "begins with '-'"
    for character in text:
        if character.isspace():
            return "holds whitespace"
        if unicodedata.category(character) in ("Cc", "Cf", "Cs"):
            return f"holds the control character U+{ord(character):04X}"
        if character in SHELL_MARKS:
            return f"holds the shell character {character}"
    return None


def port_refusal(value: Any) -> str | None:
    """Why `value` cannot be a TCP port; None if it can."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return "is not a number"
    try:
        number = int(value)
    except ValueError:
        return "is not a number"
    return None if 0 < number < 65536 else "is not between 1 and 65535"


def vars_refusal(name: str, value: Any) -> str | None:
    """Why variable `name` cannot have `value`, if it is one that names a host, a user or a port; None if it can.

    Values that are templates are looked at after rendering, by whoever makes the target.
    """
    if isinstance(value, Template) or value is None:
        return None
    if name in _NAMING_VARS:
        reason = refusal(value) if isinstance(value, str) else None if isinstance(value, int) else "is not text"
        return f"{_NAMING_VARS[name]} {value!r} {reason}" if reason else None
    if name in _PORT_VARS:
        reason = port_refusal(value)
        return f"port {value!r} {reason}" if reason else None
    return None
