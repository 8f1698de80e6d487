"""Host patterns: which hosts `web:&prod:!web3`, `db[0]`, `*.example.com` or `~web\\d+` stand for.

Rules: https://docs.ansible.com/ansible/latest/inventory_guide/intro_patterns.html; where the page is silent, what
ansible-core's inventory manager does. Plain patterns come first, then `&`, then `!`, wherever they stand.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from runner.errors import InputErrors
from runner.inventory.implicit import LOCALHOSTS, find_host
from runner.inventory.membership import members
from runner.inventory.ranges import RangeError, expand
from runner.model.inventory import Inventory
from runner.model.quick import dataclass
from runner.model.span import NOWHERE, Problem, Span
from runner.registry import nearest

_SUBSCRIPT: Final = re.compile(r"^(.+)\[(?:(-?[0-9]+)|([0-9]+):([0-9]*))\]$")
_PIECE: Final = re.compile(r"(?:[^\s:\[\]]|\[[^\]]*\])+")
_GLOB_MARKS: Final = frozenset(".?*[")


@dataclass(frozen=True, slots=True)
class Matched:
    """The hosts a pattern stands for, in order, and the parts of it that matched nothing."""

    hosts: tuple[str, ...]
    unknown: tuple[str, ...] = ()


def match(
    pattern: str | Sequence[str],
    inventory: Inventory,
    *,
    limit: str | None = None,
    limit_files: Mapping[str, Sequence[str]] | None = None,
    span: Span = NOWHERE,
) -> tuple[str, ...]:
    """Names of the hosts that `pattern` and `limit` leave, without repeats. See `resolve`."""
    return resolve(pattern, inventory, limit=limit, limit_files=limit_files, span=span).hosts


def resolve(
    pattern: str | Sequence[str],
    inventory: Inventory,
    *,
    limit: str | None = None,
    limit_files: Mapping[str, Sequence[str]] | None = None,
    span: Span = NOWHERE,
) -> Matched:
    """The hosts of `pattern`, those of `limit` only if it is not None, and the parts that match nothing.

    The order is that of the pattern's parts, and within a part that of its group, as in Ansible. `localhost` and its
    addresses match even if they are not listed (see `implicit`). `limit_files` has the lines of each file that
    `limit_files_of(limit)` names. A limit without any name leaves nothing. Raises InputErrors, placed at `span`, for
    a pattern that cannot be read or whose `[index]` no host has.
    """
    unknown: dict[str, None] = {}
    hosts = _evaluate(split(pattern), inventory, unknown, span)
    if limit is not None:
        wanted = _limit_parts(limit, limit_files or {}, span)
        kept = set(_evaluate(wanted, inventory, unknown, span)) if wanted else set()
        hosts = [name for name in hosts if name in kept]
    return Matched(tuple(hosts), tuple(unknown))


def split(pattern: str | Sequence[str]) -> list[str]:
    """The parts of a pattern. With a comma in it, commas part it; else `:` and spaces do, but not within an address."""
    if not isinstance(pattern, str):
        return [part for one in pattern for part in split(one)]
    if "," in pattern:
        parts = pattern.split(",")
    elif _is_one_host(pattern):
        parts = [pattern]
    else:
        parts = _PIECE.findall(pattern)
    return [part.strip() for part in parts if part.strip()]


def limit_files_of(limit: str | None) -> tuple[str, ...]:
    """The files that a limit names with `@`, for the caller to read."""
    return tuple(part[1:] for part in split(limit or "") if part.startswith("@"))


def mismatch_message(part: str, inventory: Inventory) -> str:
    """What to tell the user about one unknown part, in Ansible's words."""
    hint = nearest(part.lstrip("!&"), [*inventory.groups, *inventory.hosts])
    return f"Could not match supplied host pattern, ignoring: {part}" + (f" ({hint})" if hint else "")


def _is_one_host(pattern: str) -> bool:
    """Whether a text with `:` is one host (an IPv6 address, a range) and no union; ports count, as in Ansible."""
    if ":" not in pattern:
        return len(pattern.split()) == 1
    if any(mark in pattern for mark in "!&~*?"):
        return False
    try:
        expand(pattern)
    except RangeError:
        return False
    return True


def _limit_parts(limit: str, files: Mapping[str, Sequence[str]], span: Span) -> list[str]:
    parts: list[str] = []
    for part in split(limit):
        if not part.startswith("@"):
            parts.append(part)
        elif part[1:] in files:
            parts.extend(line.strip() for line in files[part[1:]] if line.strip())
        else:
            raise InputErrors([Problem(span, f"the limit file {part[1:]!r} was not read")])
    return parts


def _evaluate(parts: Iterable[str], inventory: Inventory, unknown: dict[str, None], span: Span) -> list[str]:
    given = [part for part in parts if part not in ("!", "&")]
    plain = [part for part in given if part[0] not in "!&"]
    found: dict[str, None] = {}
    for part in plain or (["all"] if given else []):
        found.update(dict.fromkeys(_one(part, inventory, unknown, span)))
    for part in given:
        if part[0] == "&":
            keep = set(_one(part[1:], inventory, unknown, span))
            found = {name: None for name in found if name in keep}
    for part in given:
        if part[0] == "!":
            for name in _one(part[1:], inventory, unknown, span):
                found.pop(name, None)
    return list(found)


def _one(part: str, inventory: Inventory, unknown: dict[str, None], span: Span) -> list[str]:
    """The hosts of one part without `!` or `&`. A host's own name wins over everything else it could mean."""
    if part in inventory.hosts:
        return [part]
    subscript = None if part.startswith("~") else _SUBSCRIPT.match(part)
    base = subscript[1] if subscript else part
    groups = _select(inventory.groups, base, span)
    found = dict.fromkeys(name for group in groups for name in members(inventory, group))
    if not groups or base.startswith("~") or _GLOB_MARKS.intersection(base):
        found.update(dict.fromkeys(_select(inventory.hosts, base, span)))
    if not found and base in LOCALHOSTS and (implicit := find_host(inventory, base)):
        found[implicit.name] = None
    if not found and not groups and base != "all":
        unknown[base] = None
    return _subscripted(list(found), subscript, part, span)


def _select(names: Iterable[str], text: str, span: Span) -> list[str]:
    if text in ("all", "*"):
        return [name for name in names if text == "*" or name == "all"]
    try:
        compiled = re.compile(text[1:] if text.startswith("~") else fnmatch.translate(text))
    except re.error as error:
        raise InputErrors([Problem(span, f"the host pattern {text!r} cannot be read: {error}")]) from None
    return [name for name in names if compiled.match(name)]


def _subscripted(hosts: list[str], subscript: re.Match[str] | None, part: str, span: Span) -> list[str]:
    """`[2]` and `[-1]` pick one host, `[1:3]` the second to the fourth: Ansible's ranges include their end."""
    if not subscript or not hosts:
        return hosts
    if subscript[2] is None:
        end = int(subscript[4]) + 1 if subscript[4] else len(hosts)
        return hosts[int(subscript[3]) : end]
    index = int(subscript[2])
    if not -len(hosts) <= index < len(hosts):
        message = f"no host matches {part!r}: {subscript[1]} has {len(hosts)} host{'s'[: len(hosts) > 1]}"
        raise InputErrors([Problem(span, message)])
    return [hosts[index]]
