"""Words of a become command line: checked, and quoted so that sh, csh and fish read them alike."""

from __future__ import annotations

import re
import shlex
from typing import Final

from runner.errors import Unreachable
from runner.model.call import Become

# Portable user names (POSIX 3.437), a domain's `@`, and the `$` of machine accounts; never an option.
USER: Final = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.@+-]*\$?")


def user(become: Become) -> str:
    """The user's name. Raises `Unreachable` when it is none."""
    if not USER.fullmatch(become.user):
        raise Unreachable(f"become_user {become.user!r} is not a valid user name", become=True)
    return become.user


def split(text: str, what: str) -> list[str]:
    """The words of `become_exe` or `become_flags`. Raises `Unreachable` when its quotes do not match."""
    if "\n" in text or "\0" in text:
        raise Unreachable(f"{what} {text!r} must be one line", become=True)
    try:
        return shlex.split(text)
    except ValueError as error:
        raise Unreachable(f"{what} {text!r} cannot be read: {error}", become=True) from None


def join(words: list[str]) -> str:
    """A command line."""
    return " ".join(shlex.quote(word) for word in words)


def not_found(output: str, exe: str) -> bool:
    """Whether a shell said that the program does not exist (sh, bash, csh, fish, busybox, and env's words)."""
    name = exe.rpartition("/")[2]
    for line in output.splitlines():
        lower = line.lower()
        if re.match(rf"{re.escape(name)}: [^:]+: ", line):
            continue  # the program itself, about what it was to start
        if name in line and ("not found" in lower or "unknown command" in lower or "no such file" in lower):
            return True
    return False
