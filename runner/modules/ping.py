"""ping: is there a shell that answers (ansible.builtin.ping)."""

from __future__ import annotations

from runner.arguments import Option, Spec
from runner.errors import StepError
from runner.model.call import Call, Effect, Fragment, Outcome, Reply, ok
from runner.model.ports import Desk
from runner.sh.verdict import failure

SPEC = Spec(
    doc="Answer with `pong` when the host can be reached and has a shell.",
    effect=Effect.READ,
    options={"data": Option("str", default="pong", doc="What to answer; `crash` fails on purpose.")},
    example="""\
- name: Is it there
  ansible.builtin.ping:
""",
    returns={
        "ping": "What was asked for, `pong` by default.",
    },
)


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:  # noqa: ARG001
    """Nothing but a subshell that ends."""
    if call.args["data"] == "crash":
        raise StepError("boom")
    return Fragment(probe=":", effect=Effect.READ)


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:  # noqa: ARG001
    """The word that was asked for."""
    return failure(reply) or ok(ping=call.args["data"])
