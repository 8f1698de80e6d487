"""group_by: put hosts into groups by a value (ansible.builtin.group_by)."""

from __future__ import annotations

from typing import Any

from runner.arguments import Option, Spec
from runner.model.call import Call, Effect, Fragment, GroupBy, Outcome, Reply, Status, failed
from runner.model.ports import Desk

SPEC = Spec(
    doc="Put the host into a group for the rest of the run.",
    local=True,
    effect=Effect.READ,
    options={
        "key": Option(required=True, doc="The group's name, usually a template; spaces become `-`."),
        "parents": Option("raw", default=("all",), doc="A parent group of it, or a list of them."),
    },
    example="""\
- name: Groups by system
  ansible.builtin.group_by:
    key: os_{{ ansible_facts.distribution | lower }}
""",
    returns={
        "add_group": "The group's name.",
        "parent_groups": "The groups it belongs to.",
    },
)


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """Hands the group to the executor; nothing is sent."""
    del desk
    key = call.args["key"].replace(" ", "-")
    parents = _parents(call.args["parents"])
    if not key:
        return failed("the 'key' param is required when using group_by")
    return Outcome(
        Status.OK, {"add_group": key, "parent_groups": list(parents)}, control=GroupBy(key=key, parents=parents)
    )


def _parents(given: Any) -> tuple[str, ...]:
    names = [given] if isinstance(given, str) else given
    return tuple(str(name).replace(" ", "-") for name in names)


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """Never asked for: nothing was sent."""
    del call, fragment, reply, desk
    return failed("group_by has no answer from a host")
