"""Words for the shell: every text that reaches a host's shell goes through one of these two functions."""

from __future__ import annotations

import re
from typing import Final

from runner.errors import StepError

_PLAIN: Final = re.compile(r"[A-Za-z0-9_@%+=:,./-]+", re.ASCII)
_USER: Final = re.compile(r"~[A-Za-z0-9_][A-Za-z0-9._-]*", re.ASCII)


def quote(text: str) -> str:
    """`text` as one shell word that means exactly `text`. Raises StepError for NUL, which no argument can hold."""
    if "\0" in text:
        raise StepError("an argument holds a NUL byte, which no command line can carry")
    if _PLAIN.fullmatch(text):
        return text
    return "'" + text.replace("'", "'\\''") + "'"


def path(text: str) -> str:
    """A shell word for a path: `~` and `~user` are the home folders the host's shell knows, all else is literal.

    A leading `-` becomes `./-`, so that no tool reads a path as an option. Raises StepError when it is empty or
    holds NUL. The rule is that of Ansible's `path` type (`os.path.expanduser`).
    """
    if not text:
        raise StepError("a path is empty")
    if text.startswith("-"):
        return quote(f"./{text}")
    if not text.startswith("~"):
        return quote(text)
    home, slash, rest = text.partition("/")
    if home == "~":
        known = '"$HOME"'
    elif _USER.fullmatch(home):
        known = home
    else:
        return quote(text)
    return known + slash + (quote(rest) if rest else "")
