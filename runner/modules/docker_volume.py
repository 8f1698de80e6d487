"""docker_volume: a volume of Docker (community.docker.docker_volume)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runner.arguments import Option, Spec
from runner.model.call import Call, Fragment, Outcome, Reply, ok
from runner.model.ports import Desk
from runner.sh import docker
from runner.sh.quote import quote

COLLECTION = "community.docker"

SPEC = Spec(
    doc="Make or remove a volume of Docker.",
    restless=True,
    brings=True,
    options={
        "volume_name": Option(required=True, aliases=("name",), doc="Its name."),
        "state": Option(default="present", choices=("absent", "present"), doc="Whether it shall be there."),
        "driver": Option(default="local", doc="Its driver."),
        "driver_options": Option("dict", default={}, doc="Options of the driver."),
        "labels": Option("dict", doc="Its labels."),
        "recreate": Option(
            default="never", choices=("always", "never", "options-changed"), doc="When to make it anew, empty."
        ),
        **docker.COMMON_OPTIONS,
    },
    example="""\
- name: A volume that stays
  community.docker.docker_volume:
    name: cache
    labels: {keep: "yes"}
""",
    returns={
        "volume": "What docker says of it (`docker inspect`).",
    },
)


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """First: what there is."""
    del desk
    name = docker.name(call.args["volume_name"])
    docker.labels(call.args["labels"])
    return Fragment(f"{docker.start(call.args)}look volume volume inspect {quote(name)} || :", last=call.check)


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """Then what has to be done."""
    del desk
    problem = docker.refused(reply)
    if problem:
        return problem
    found = docker.inspected(reply, "volume")
    if fragment.memo:
        return _done(found, True)
    commands = _commands(call.args, found)
    if call.check or not commands:
        return _done(None if commands else found, bool(commands))
    name = quote(call.args["volume_name"])
    apply = "\n".join([*(f"{one} >/dev/null || exit" for one in commands), f"look volume volume inspect {name} || :"])
    return Fragment(f"{docker.start(call.args)}pb_differs", apply, memo={"apply": True})


def _done(found: Mapping[str, Any] | None, changed: bool) -> Outcome:
    return ok(changed, **({"volume": dict(found)} if found else {}))


def _commands(args: Mapping[str, Any], found: Mapping[str, Any] | None) -> list[str]:
    name = args["volume_name"]
    remove = docker.command("volume", "rm", name)
    if args["state"] == "absent":
        return [remove] if found else []
    anew = bool(found) and (
        args["recreate"] == "always" or (args["recreate"] == "options-changed" and _differs(args, found or {}))
    )
    if found and not anew:
        return []
    words = ["volume", "create", f"--driver={args['driver']}"]
    words += [f"--opt={key}={one}" for key, one in args["driver_options"].items()]
    words += [f"--label={key}={one}" for key, one in docker.labels(args["labels"]).items()]
    return [*([remove] if anew else []), docker.command(*words, name)]


def _differs(args: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    options = {str(key): str(one) for key, one in args["driver_options"].items()}
    wrong = [
        args["driver"] != found.get("Driver"),
        bool(options) and not docker.fits(options, found.get("Options"), "dict", "allow_more_present"),
        not docker.fits(docker.labels(args["labels"]), found.get("Labels"), "dict", "allow_more_present"),
    ]
    return any(wrong)
