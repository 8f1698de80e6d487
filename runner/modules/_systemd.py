"""What systemd and systemd_service share, being one module under two names: options, text and result."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from runner.arguments import Option
from runner.errors import StepError
from runner.model.call import Call, Fragment, Outcome, Reply, Status
from runner.model.ports import Desk
from runner.sh import systemd_units
from runner.sh.verdict import failure, value

OPTIONS: Final[Mapping[str, Option]] = MappingProxyType(
    {
        "name": Option(aliases=("service", "unit"), doc="The unit; without a suffix a service."),
        "state": Option(
            choices=("reloaded", "restarted", "started", "stopped"),
            doc="Started and stopped are kept; restarted and reloaded happen each time.",
        ),
        "enabled": Option("bool", doc="Whether it starts with the host."),
        "masked": Option("bool", doc="Whether it cannot be started at all."),
        "force": Option("bool", doc="Replace links that stand in the way."),
        "daemon_reload": Option(
            "bool", default=False, aliases=("daemon-reload",), doc="Read all unit files again first."
        ),
        "daemon_reexec": Option(
            "bool", default=False, aliases=("daemon-reexec",), doc="Start systemd itself anew first."
        ),
        "scope": Option(
            default="system",
            choices=("system", "user", "global"),
            doc="Whose systemd: the host's, the user's, all users'.",
        ),
        "no_block": Option("bool", default=False, doc="Do not wait until it has happened."),
    }
)
REQUIRED_ONE_OF: Final = (("state", "enabled", "masked", "daemon_reload", "daemon_reexec"),)
RETURNS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "name": "The unit.",
        "status": "What `systemctl show` says of it, before anything was done.",
        "state": "Its state.",
        "enabled": "Whether it starts with the host.",
    }
)


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """Raises StepError for what needs a name and has none."""
    del desk
    for option in ("state", "enabled", "masked"):
        if call.args[option] is not None and call.args["name"] is None:
            raise StepError(f"missing parameter(s) required by '{option}': name")
    return Fragment(systemd_units.probe(call), systemd_units.apply(call))


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """Changed by what was done to the unit; having the manager read its files again is no change."""
    del fragment, desk
    args = call.args
    if problem := failure(reply):
        return Outcome(Status.FAILED, msg=problem.msg)
    values: dict[str, Any] = {"name": args["name"], "status": systemd_units.parsed(value(reply, "show"))}
    enables = args["enabled"] is not None and ("coming" in reply.values or _is_on(reply) != args["enabled"])
    if args["enabled"] is not None:
        values["enabled"] = args["enabled"]
    if args["state"] is not None:
        values["state"] = "started" if args["state"] in ("restarted", "reloaded") else args["state"]
    changed = enables or any(value(reply, key) for key in ("mask", "act", "coming"))
    return Outcome(Status.CHANGED if changed else Status.OK, values)


def _is_on(reply: Reply) -> bool:
    return value(reply, "on") == "1"
