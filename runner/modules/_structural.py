"""What the modules share that stand for other tasks: their options, and that they never run on a host."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from runner.arguments import Option
from runner.model.call import Call, Fragment, Outcome, Reply, failed
from runner.model.ports import Desk

TASK_FILE: Final[Mapping[str, Option]] = MappingProxyType(
    {
        "file": Option(
            required=True, doc="The task file, relative to the including file or the role's `tasks` folder."
        ),
    }
)
ROLE: Final[Mapping[str, Option]] = MappingProxyType(
    {
        "name": Option(required=True, aliases=("role",), doc="The role's name or path."),
        "tasks_from": Option(default="main", doc="The file of the role's `tasks` folder to load."),
        "vars_from": Option(default="main", doc="The file of its `vars` folder."),
        "defaults_from": Option(default="main", doc="The file of its `defaults` folder."),
        "handlers_from": Option(default="main", doc="The file of its `handlers` folder."),
        "allow_duplicates": Option(
            "bool", default=True, doc="Whether the role may run again with the same parameters."
        ),
        "rolespec_validate": Option("bool", default=True, doc="Whether its argument_specs are checked first."),
    }
)
APPLY: Final[Mapping[str, Option]] = MappingProxyType(
    {"apply": Option("dict", doc="Keywords (`tags`, `become`, `when` …) that every included task inherits.")}
)


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """Structural: the tasks take its place before anything is compiled."""
    del desk
    return failed(f"{call.module} is structural: its tasks take its place, it never runs on a host")


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """Never asked for: nothing was sent."""
    del fragment, reply, desk
    return failed(f"{call.module} is structural: it has no answer from a host")
