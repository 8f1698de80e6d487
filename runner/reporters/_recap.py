"""The counts of each host at the end, in Ansible's form."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

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


def stats_lines(stats: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """What set_stats kept, as Ansible shows it with SHOW_CUSTOM_STATS: hosts by name, then the run."""
    for name in sorted(stats, key=lambda name: (name == "_run", name)):
        shown = json.dumps(stats[name], sort_keys=True, ensure_ascii=False, default=str)
        yield visible(f"{'RUN' if name == '_run' else name}: {shown}")


def lines(hosts: Mapping[str, Recap]) -> Iterator[tuple[str, str]]:
    """Each host's line and the name of its colour, by name."""
    for name in sorted(hosts):
        yield f"{visible(name):<{NAME_WIDTH}} : {counts(hosts[name])}", style(hosts[name])
