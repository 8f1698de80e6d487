"""docker_network: a network of Docker and the containers in it (community.docker.docker_network)."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from runner.arguments import Option, Spec
from runner.errors import StepError
from runner.model.call import Call, Fragment, Outcome, Reply, ok
from runner.model.ports import Desk
from runner.sh import docker
from runner.sh.quote import quote

COLLECTION = "community.docker"

SPEC = Spec(
    doc="Make or remove a network of Docker.",
    restless=True,
    brings=True,
    options={
        "name": Option(required=True, aliases=("network_name",), doc="Its name."),
        "state": Option(default="present", choices=("absent", "present"), doc="Whether it shall be there."),
        "driver": Option(default="bridge", doc="Its driver."),
        "driver_options": Option("dict", default={}, doc="Options of the driver."),
        "labels": Option("dict", default={}, doc="Its labels."),
        "internal": Option("bool", doc="Whether nothing outside is reached."),
        "attachable": Option("bool", doc="Whether containers by hand may join a swarm's network."),
        "scope": Option(choices=("local", "global", "swarm"), doc="How far it goes."),
        "enable_ipv4": Option("bool", doc="Whether it has IPv4."),
        "enable_ipv6": Option("bool", doc="Whether it has IPv6."),
        "ingress": Option("bool", doc="Whether it is a swarm's ingress network."),
        "config_only": Option("bool", doc="Whether it only holds a configuration."),
        "config_from": Option(doc="The network whose configuration it takes."),
        "ipam_driver": Option(doc="The driver for addresses."),
        "ipam_driver_options": Option("dict", doc="Its options."),
        "ipam_config": Option("list", elements="dict", doc="subnet, iprange, gateway and aux_addresses of each range."),
        "connected": Option("list", elements="str", default=[], aliases=("containers",), doc="Containers in it."),
        "appends": Option("bool", default=False, aliases=("incremental",), doc="Leave other containers in it."),
        "force": Option("bool", default=False, doc="Make it anew though nothing differs."),
        **docker.COMMON_OPTIONS,
    },
    example="""\
- name: A network for the application
  community.docker.docker_network:
    name: app
    ipam_config:
      - subnet: 172.30.0.0/24
""",
    returns={
        "network": "What docker says of it (`docker inspect`).",
    },
)

_RANGE = {"subnet": "--subnet", "iprange": "--ip-range", "gateway": "--gateway"}
_FLAGS = {"internal": "Internal", "attachable": "Attachable", "ingress": "Ingress", "config_only": "ConfigOnly"}


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """First: what there is."""
    del desk
    args = call.args
    docker.labels(args["labels"])
    for one in args["ipam_config"] or []:
        if not set(one) <= {"subnet", "iprange", "gateway", "aux_addresses"}:
            raise StepError(f"ipam_config: unknown {', '.join(set(one) - {*_RANGE, 'aux_addresses'})}")
    look = f"look network network inspect {quote(docker.name(args['name']))} || :"
    return Fragment(f"{docker.start(args)}{look}", last=call.check)


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """Then what has to be done."""
    del desk
    problem = docker.refused(reply)
    if problem:
        return problem
    args, found = call.args, docker.inspected(reply, "network")
    if found and args["name"] not in (found.get("Name"), found.get("Id")):
        found = None  # docker takes the beginning of an ID for a name
    if fragment.memo:
        return _done(found, True)
    commands = _commands(args, found)
    if call.check or not commands:
        return _done(None if commands else found, bool(commands))
    look = f"look network network inspect {quote(args['name'])} || :"
    apply = "\n".join([*(f"{one} >/dev/null || exit" for one in commands), look])
    return Fragment(f"{docker.start(args)}pb_differs", apply, memo={"apply": True})


def _done(found: Mapping[str, Any] | None, changed: bool) -> Outcome:
    return ok(changed, **({"network": dict(found)} if found else {}))


def _commands(args: Mapping[str, Any], found: Mapping[str, Any] | None) -> list[str]:
    name = args["name"]
    inside = [about["Name"] for about in ((found or {}).get("Containers") or {}).values()]
    leave = [docker.command("network", "disconnect", "--force", name, one) for one in inside]
    remove = [*leave, docker.command("network", "rm", name)]
    if args["state"] == "absent":
        return remove if found else []
    wanted = list(dict.fromkeys(args["connected"]))
    if found and not args["force"] and not _differs(args, found):
        extra = [] if args["appends"] or not args["connected"] else [one for one in inside if one not in wanted]
        left = [docker.command("network", "disconnect", "--force", name, one) for one in extra]
        return left + [
            docker.command("network", "connect", name, docker.name(one)) for one in wanted if one not in inside
        ]
    back = [*wanted, *(one for one in inside if one not in wanted and (args["appends"] or not args["connected"]))]
    joined = [docker.command("network", "connect", name, docker.name(one)) for one in back]
    return [*(remove if found else []), docker.command(*_create(args)), *joined]


def _create(args: Mapping[str, Any]) -> list[str]:
    words = ["network", "create"] + ([] if args["config_only"] else [f"--driver={args['driver']}"])
    words += [f"--opt={key}={one}" for key, one in args["driver_options"].items()]
    words += [f"--label={key}={one}" for key, one in docker.labels(args["labels"]).items()]
    words += [f"--{option.replace('_', '-')}" for option in _FLAGS if args[option]]
    words += [f"--ipv6={str(args['enable_ipv6']).lower()}"] if args["enable_ipv6"] is not None else []
    words += [f"--ipv4={str(args['enable_ipv4']).lower()}"] if args["enable_ipv4"] is not None else []
    for option in ("scope", "config_from", "ipam_driver"):
        words += [f"--{option.replace('_', '-')}={args[option]}"] if args[option] else []
    words += [f"--ipam-opt={key}={one}" for key, one in (args["ipam_driver_options"] or {}).items()]
    for one in args["ipam_config"] or []:
        words += [f"{flag}={one[key]}" for key, flag in _RANGE.items() if one.get(key)]
        words += [f"--aux-address={key}={address}" for key, address in (one.get("aux_addresses") or {}).items()]
    return [*words, args["name"]]


def _differs(args: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    options = {str(key): str(one) for key, one in args["driver_options"].items()}
    plan = found.get("IPAM") or {}
    pairs = [
        (args["driver"] if not args["config_only"] else None, found.get("Driver")),
        (args["scope"], found.get("Scope")),
        (args["enable_ipv6"], found.get("EnableIPv6")),
        (args["enable_ipv4"], found.get("EnableIPv4", True)),
        (args["config_from"], (found.get("ConfigFrom") or {}).get("Network")),
        (args["ipam_driver"], plan.get("Driver")),
        *((args[option], found.get(key, False)) for option, key in _FLAGS.items()),
    ]
    if any(wanted is not None and wanted != now for wanted, now in pairs):
        return True
    more = ((options, found.get("Options")), (docker.labels(args["labels"]), found.get("Labels")))
    if not all(docker.fits(wanted, now, "dict", "allow_more_present") for wanted, now in more):
        return True
    ranges = args["ipam_config"] or []
    there = [
        _range(now, {"IPRange": "iprange", "AuxiliaryAddresses": "aux_addresses"}) for now in plan.get("Config") or []
    ]
    return any(not any(_within(_range(one, {}), now) for now in there) for one in ranges)


def _range(about: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """An address range with its names and addresses in the one way."""
    return {names.get(key, key.lower()): _address(one) for key, one in about.items() if one}


def _address(given: Any) -> Any:
    try:
        return str(ipaddress.ip_network(given, strict=False)) if "/" in given else str(ipaddress.ip_address(given))
    except (ValueError, TypeError):
        return given


def _within(wanted: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    return all(now.get(key) == one for key, one in wanted.items())
