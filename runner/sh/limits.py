"""Limits in the form of /etc/security/limits.conf (what pam_limits computes).

The form is that of https://man7.org/linux/man-pages/man5/limits.conf.5.html; what is done to it is what
https://docs.ansible.com/ansible/latest/collections/community/general/pam_limits_module.html says.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from runner.errors import StepError
from runner.model.quick import dataclass
from runner.sh.lines import split_text

ITEMS: Final = tuple(
    "core data fsize memlock nofile rss stack cpu nproc as maxlogins maxsyslogins priority locks sigpending msgqueue "
    "nice rtprio chroot".split()
)
_UNLIMITED: Final = ("unlimited", "infinity", "-1")
_SIGNED: Final = ("nice", "priority")
_MANUAL: Final = "Refer to the limits.conf(5) manual pages for more details."


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit; `comment` stands behind it. `larger` and `smaller`: an old value that is that stays."""

    domain: str
    type: str
    item: str
    value: str
    comment: str = ""
    larger: bool = False
    smaller: bool = False


class Limits(NamedTuple):
    """The new text, and the line that says the limit."""

    text: str
    line: str


def check(item: str, value: str, prefix: str = "") -> None:
    """Raises StepError for a value that the item cannot have; `prefix` begins the message."""
    said = f"{prefix} Value of {value!r} for item {item!r} is invalid. Value must"
    if item in _SIGNED:
        if not (value.lstrip("-").isdigit() and -20 <= int(value) <= 19):
            raise StepError(f"{said} be a number in the range -20 to 19 inclusive. {_MANUAL}".strip())
    elif value not in _UNLIMITED and not value.isdigit():
        raise StepError(
            f"{said} either be 'unlimited', 'infinity' or -1, all of which indicate no limit, "
            f"or a limit of 0 or larger. {_MANUAL}".strip()
        )


def present(text: str, limit: Limit, path: str) -> Limits:
    """The text with the limit. Raises StepError where it has an invalid one already (`path` is for the message)."""
    lines = split_text(text)
    said = ""
    for number, line in enumerate(lines):
        words, _, comment = line.partition("#")
        fields = words.split()
        if line.startswith("#") or len(fields) != 4:
            continue
        check(fields[2], fields[3], f"Invalid configuration found in '{path}'.")
        if fields[:3] != [limit.domain, limit.type, limit.item]:
            continue
        value = _value(limit, fields[3])
        if value != fields[3]:
            lines[number] = _line(limit, value, limit.comment or comment.rstrip("\n"))
        said = lines[number]
    if not said:
        said = _line(limit, limit.value, limit.comment)
        if lines and not lines[-1].endswith("\n"):
            lines[-1] += "\n"
        lines.append(said)
    return Limits("".join(lines), said)


def _line(limit: Limit, value: str, comment: str) -> str:
    behind = f"\t#{comment}" if comment else ""
    return f"{limit.domain}\t{limit.type}\t{limit.item}\t{value}{behind}\n"


def _value(limit: Limit, old: str) -> str:
    """The limit's value where there is an old one."""
    if not (limit.larger or limit.smaller) or old == limit.value:
        return limit.value
    choose = max if limit.larger else min
    return choose(old, limit.value, key=lambda value: _size(limit.item, value))


def _size(item: str, value: str) -> float:
    return float("inf") if item not in _SIGNED and value in _UNLIMITED else int(value)
