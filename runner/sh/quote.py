"""Words for the shell: every text that reaches a host's shell goes through one of these two functions."""

from __future__ import annotations

import re
from typing import Final

from runner.errors import StepError

_PLAIN: Final = re.compile(r"[A-Za-z0-9_@%+=:,./-]+", re.ASCII)
_VARIABLE: Final = re.compile(r"\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))", re.ASCII)
_GLOB: Final = re.compile(r"[*?]|\[!?\]?[^\]/]*\]", re.ASCII)
# Variables of the shell itself: they are not in the environment that a command's arguments are expanded from.
_OWN: Final = frozenset("IFS OPTARG OPTIND PPID PS1 PS2 PS4 LINENO RANDOM SECONDS LC_ALL".split())
_USER: Final = re.compile(r"~[A-Za-z0-9_][A-Za-z0-9._-]*", re.ASCII)


# A command and arguments that mean themselves to every shell: no quotes, expansions, patterns, operators or comments.
PLAIN_WORDS: Final = re.compile(r"[A-Za-z0-9_./:,@%=+-]+(?: +[A-Za-z0-9_./:,@%=+-]+)*")


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
    return _home(text)


def _home(text: str) -> str:
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


def expanded(text: str) -> str:
    """A shell word for an argument of `command`: `~` and environment variables are expanded once, all else is literal.

    The rule is that of `expand_argument_vars` of Ansible's command (`os.path.expandvars`, then `expanduser`): a
    variable that is not set stays as it is written. What is expanded is not split and not expanded again.
    """
    if "$" not in text:
        return _home(text) if text.startswith("~") else quote(text)
    parts: list[str] = []
    at = 0
    for found in _VARIABLE.finditer(text):
        name = found[1] or found[2]
        if name.startswith("pb_") or name in _OWN:
            continue
        if before := text[at : found.start()]:
            parts.append(_home(before) if at == 0 and "/" in before else quote(before))
        literal = found[0].replace("$", "\\$").replace("}", "\\}")
        parts.append(f'"${{{name}-{literal}}}"')
        at = found.end()
    if rest := text[at:]:
        parts.append(_home(rest) if at == 0 else quote(rest))
    return "".join(parts)


def pattern(text: str) -> str:
    """A shell word for a path with wildcards (`*`, `?`, `[…]`) that the host's shell expands, all else literal.

    The rule is that of `creates` and `removes` of Ansible's command (`glob.glob`). Raises StepError when empty.
    """
    if not _GLOB.search(text):
        return path(text)
    start = _GLOB.search(text)
    first = text[: start.start()] if start else text
    word = path(first) if first else ""
    at = len(first)
    for found in _GLOB.finditer(text):
        word += quote(text[at : found.start()]) if found.start() > at else ""
        word += _class(found[0]) if found[0].startswith("[") else found[0]
        at = found.end()
    return word + (quote(text[at:]) if at < len(text) else "")


def _class(text: str) -> str:
    inner = text[1:-1]
    negated = "!" if inner.startswith("!") and len(inner) > 1 else ""
    return "[" + negated + "".join(_in_class(character) for character in inner.removeprefix(negated)) + "]"


def _in_class(character: str) -> str:
    return character if character == "-" or character.isalnum() else f"'{character}'" if character != "'" else "\\'"
