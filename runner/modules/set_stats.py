"""set_stats: values of the run, told at its end (ansible.builtin.set_stats)."""

from __future__ import annotations

from collections.abc import Mapping

from runner.arguments import Option, Spec
from runner.model.call import AddStats, Call, Effect, Fragment, Outcome, Reply, Status, failed
from runner.model.ports import Desk

SPEC = Spec(
    doc="Keep values for the end of the run: in the log, and on the screen with ANSIBLE_SHOW_CUSTOM_STATS.",
    local=True,
    effect=Effect.READ,
    options={
        "data": Option("dict", required=True, doc="Names and values."),
        "per_host": Option("bool", default=False, doc="For this host alone, not for the run."),
        "aggregate": Option("bool", default=True, doc="Add to what there is: numbers, text, lists, mappings."),
    },
    example="""\
- name: For the end of the run
  ansible.builtin.set_stats:
    data:
      releases: 1
""",
    returns={
        "ansible_stats": "What was added.",
    },
)


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """Kept at once; nothing is sent."""
    del desk
    data: Mapping[str, object] = call.args["data"]
    wrong = [name for name in data if not (str(name).isascii() and str(name).isidentifier())]
    if wrong:
        return failed(f"The variable name {wrong[0]!r} is not valid: letters, digits and underscores, a letter first")
    stats = AddStats(data, bool(call.args["per_host"]), bool(call.args["aggregate"]))
    shown = {"data": dict(data), "per_host": stats.per_host, "aggregate": stats.aggregate}
    return Outcome(Status.OK, {"ansible_stats": shown}, control=stats)


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """Never asked for: nothing was sent."""
    del call, fragment, reply, desk
    return failed("set_stats has no answer from a host")
