"""add_host: a host for the rest of the run, in memory only (ansible.builtin.add_host)."""

from __future__ import annotations

import re
from typing import Any

from runner.arguments import Option, Spec
from runner.model.call import AddHost, Call, Effect, Fragment, Outcome, Reply, Status, failed
from runner.model.ports import Desk

SPEC = Spec(
    doc="Add a host (and groups) to the inventory of this run; any other argument is a variable of it.",
    local=True,
    effect=Effect.READ,
    any_options=True,
    options={
        "name": Option(required=True, aliases=("hostname", "host"), doc="The host's name; `name:port` sets its port."),
        "groups": Option("raw", aliases=("groupname", "group"), doc="Groups it is in: a list, or text with commas."),
    },
    example="""\
- name: A host for the rest of the run
  ansible.builtin.add_host:
    name: new1
    groups: [web]
    ansible_host: 10.0.0.7
""",
    returns={
        "add_host": "The host's name, groups and variables.",
    },
)

# A name or IPv4 address, or an IPv6 address in brackets, with a port: the forms of Ansible's `parse_address`.
_WITH_PORT = re.compile(r"(?:\[(?P<bracketed>[^\]]+)\]|(?P<plain>[^:\[\]]+)):(?P<port>[0-9]+)\Z")


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """Hands the host to the executor; nothing is sent."""
    del desk
    name = call.args["name"].strip()
    host_vars = {key: value for key, value in call.args.items() if key not in SPEC.options}
    if match := _WITH_PORT.match(name):
        name = match["bracketed"] or match["plain"]
        host_vars["ansible_port"] = int(match["port"])
    if not name:
        return failed("name, host or hostname needs to be provided")
    groups = _groups(call.args.get("groups"))
    if groups is None:
        return failed("Groups must be specified as a list.")
    shown = {"host_name": name, "groups": list(groups), "host_vars": host_vars}
    return Outcome(Status.OK, {"add_host": shown}, control=AddHost(name=name, groups=groups, vars=host_vars))


def _groups(given: Any) -> tuple[str, ...] | None:
    """The groups in order, each once; None when they are no list and no text."""
    if given is None:
        return ()
    if isinstance(given, str):
        given = given.split(",")
    if not isinstance(given, list | tuple):
        return None
    names = (str(name).strip() for name in given)
    return tuple(dict.fromkeys(name for name in names if name))


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """Never asked for: nothing was sent."""
    del call, fragment, reply, desk
    return failed("add_host has no answer from a host")
