"""What `update-alternatives --display` says of a name (Debian's, and chkconfig's of Red Hat).

The texts are those of https://manpages.debian.org/update-alternatives and https://linux.die.net/man/8/alternatives.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from typing import Any, Final

from runner.model.quick import dataclass

_MODE: Final = re.compile(r"\s-\s(?:status\sis\s)?(\w*)(?:\smode|\.)$", re.MULTILINE)
_CURRENT: Final = re.compile(r"^\s*link currently points to (.*)$", re.MULTILINE)
_LINK: Final = re.compile(r"^\s*link \w+ is (.*)$", re.MULTILINE)
_FOLLOWER_LINK: Final = re.compile(r"^\s*(?:slave|follower) (\S+) is (.*)$", re.MULTILINE)
_CHOICE: Final = re.compile(
    r"^(/.*)\s-\s(?:family\s\S+\s)?priority\s(-?\d+)((?:\s+(?:slave|follower).*)*)", re.MULTILINE
)
_FOLLOWER: Final = re.compile(r"^\s+(?:slave|follower) (.*): (.*)$", re.MULTILINE)

Follower = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Choice:
    """One alternative; `followers` are mappings of `name`, `link` and `path`."""

    priority: int
    followers: tuple[Follower, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """A name as the host has it: `mode` is `auto` or `manual` ("": there is none)."""

    mode: str = ""
    current: str = ""
    link: str = ""
    choices: Mapping[str, Choice] = field(default_factory=dict)


def parse(display: str, wanted: tuple[Follower, ...]) -> Group:
    """The group. `wanted` tells the links of followers where the host does not (Red Hat's)."""
    mode = _MODE.search(display)
    if mode is None:
        return Group()
    links = dict(_FOLLOWER_LINK.findall(display)) or {follower["name"]: follower["link"] for follower in wanted}
    choices = {
        path: Choice(
            int(priority),
            tuple(
                {"name": name, "path": target, "link": links.get(name)}
                for name, target in _FOLLOWER.findall(followers)
                if target != "(null)"
            ),
        )
        for path, priority, followers in _CHOICE.findall(display)
    }
    return Group(mode[1], _first(_CURRENT, display), _first(_LINK, display), choices)


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found[1] if found else ""
