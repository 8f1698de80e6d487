"""Host patterns of inventory lines: `web[01:50:2].example.com`, `db-[a:f]`, `host:2222`, `[2001:db8::1]:22`.

Rules: https://docs.ansible.com/ansible/latest/inventory_guide/intro_inventory.html#adding-ranges-of-hosts
"""

from __future__ import annotations

import re
import string
from typing import Final

_RANGE: Final = re.compile(r"\[([^\[\]]*)\]")
_BRACKETED_PORT: Final = re.compile(r"^\[([^\]]+)\]:([0-9]+)$")
_PORT: Final = re.compile(r"^((?:[^:\[\]]|\[[^\]]*\])*):([0-9]+)$")
_RANGE_BODY: Final = re.compile(r"^(?:([0-9]*|[A-Za-z]):([0-9]+|[A-Za-z]))(?::([0-9]+))?$")
_IPV6_LIKE: Final = re.compile(r"^[0-9A-Fa-f:.%]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(?:%\w+)?$")
MAX_HOSTS: Final = 1_000_000


class RangeError(ValueError):
    """The pattern cannot be expanded; the text says why."""


def expand(pattern: str) -> tuple[list[str], int | None]:
    """Every host name of a pattern, in order, and the port written behind it (None if there is none).

    Raises RangeError for a range that makes no sense or a port that is none.
    """
    text, port = _split_port(pattern)
    names = [text]
    while "[" in names[0]:
        names = [made for name in names for made in _expand_first(name)]
        if len(names) > MAX_HOSTS:
            raise RangeError(f"{pattern!r} stands for more than {MAX_HOSTS} hosts")
    return names, port


def _split_port(pattern: str) -> tuple[str, int | None]:
    if pattern.endswith(":"):
        raise RangeError(f"{pattern!r} ends in ':', which is for a port behind it")
    found = _BRACKETED_PORT.match(pattern)
    # `[1:3]:22` has a range in its brackets, `[2001:db8::1]:22` an address.
    if found and not _RANGE_BODY.match(found[1]):
        return found[1], int(found[2])
    found = _PORT.match(pattern)
    if found:
        return found[1], int(found[2])
    if pattern.startswith("[") and pattern.endswith("]") and _IPV6_LIKE.match(pattern[1:-1]):
        return pattern[1:-1], None
    if ":" in _RANGE.sub("", pattern) and not _IPV6_LIKE.match(_RANGE.sub("0", pattern)):
        raise RangeError(f"{pattern!r} is not a host name: what stands behind ':' is no port")
    return pattern, None


def _expand_first(name: str) -> list[str]:
    found = _RANGE.search(name)
    if not found:
        raise RangeError(f"{name!r} has an open '['")
    head, tail = name[: found.start()], name[found.end() :]
    return [f"{head}{part}{tail}" for part in _steps(found[1], name)]


def _steps(body: str, name: str) -> list[str]:
    parts = _RANGE_BODY.match(body)
    if not parts:
        raise RangeError(f"range [{body}] in {name!r} must be [begin:end] or [begin:end:step]")
    begin, end, step = parts[1] or "0", parts[2], int(parts[3] or 1)
    if step < 1:
        raise RangeError(f"range [{body}] in {name!r} needs a step of at least 1")
    if begin.isdigit() != end.isdigit():
        raise RangeError(f"range [{body}] in {name!r} mixes a number and a letter")
    if not begin.isdigit():
        return _letters(begin, end, step, body, name)
    if begin.startswith("0") and len(begin) > 1 and len(begin) != len(end):
        raise RangeError(f"range [{body}] in {name!r} needs a begin and an end of equal length")
    width = len(begin) if begin.startswith("0") else 0
    if int(end) < int(begin):
        raise RangeError(f"range [{body}] in {name!r} ends before it begins")
    if int(end) - int(begin) >= MAX_HOSTS * step:
        raise RangeError(f"range [{body}] in {name!r} stands for more than {MAX_HOSTS} hosts")
    return [str(number).zfill(width) for number in range(int(begin), int(end) + 1, step)]


def _letters(begin: str, end: str, step: int, body: str, name: str) -> list[str]:
    letters = string.ascii_letters
    first, last = letters.index(begin), letters.index(end)
    if first > last:
        raise RangeError(f"range [{body}] in {name!r} ends before it begins")
    return list(letters[first : last + 1 : step])
