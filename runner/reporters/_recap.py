"""The counts of each host at the end, in Ansible's form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from runner.model.event import Recap
from runner.reporters._visible import visible

NAME_WIDTH: Final = 26
COUNTS: Final = ("ok", "changed", "unreachable", "failed", "skipped", "rescued", "ignored")


def style(recap: Recap) -> str:
    """The name of the colour of a host's line."""
    if recap.failed or recap.unreachable:
        return "failed"
    return "unknown" if recap.unknown else "changed" if recap.changed else "ok"


def counts(recap: Recap) -> str:
    """`ok=2    changed=1 …`, as Ansible pads it; `unknown` is ours, and is there only if there is any."""
    shown = " ".join(f"{name}={getattr(recap, name):<4}" for name in COUNTS)
    return f"{shown} unknown={recap.unknown}" if recap.unknown else shown


def brief(recap: Recap) -> str:
    """The counts that are not 0; `ok` and `changed` always."""
    named = {name: getattr(recap, name) for name in (*COUNTS, "unknown")}
    return " ".join(f"{name}={count}" for name, count in named.items() if count or name in COUNTS[:2])


def lines(hosts: Mapping[str, Recap]) -> Iterator[tuple[str, str]]:
    """Each host's line and the name of its colour, by name."""
    for name in sorted(hosts):
        yield f"{visible(name):<{NAME_WIDTH}} : {counts(hosts[name])}", style(hosts[name])
