"""meta: an action on the run itself (ansible.builtin.meta)."""

from __future__ import annotations

from runner.arguments import Option, Spec
from runner.model.call import Call, Effect, Fragment, Meta, Outcome, Reply, Status, failed
from runner.model.ports import Desk

ACTIONS = (
    "noop",
    "flush_handlers",
    "refresh_inventory",
    "clear_facts",
    "clear_host_errors",
    "end_play",
    "end_batch",
    "end_host",
    "end_role",
    "reset_connection",
)

SPEC = Spec(
    doc="Tell the run itself what to do: flush handlers, end the play or host, forget facts, connect anew.",
    free_form="free_form",
    local=True,
    effect=Effect.READ,
    options={"free_form": Option(required=True, choices=ACTIONS, doc="The action.")},
    example="""\
- name: Restart now what was notified
  ansible.builtin.meta: flush_handlers
""",
)


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """Hands the action to the executor; nothing is sent."""
    del desk
    return Outcome(Status.OK, control=Meta(call.args["free_form"]))


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """Never asked for: nothing was sent."""
    del call, fragment, reply, desk
    return failed("meta has no answer from a host")
