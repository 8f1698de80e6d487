"""wait_for_connection: waits until a host can be reached and answers (ansible.builtin.wait_for_connection)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runner.arguments import Option, Spec
from runner.model.call import Call, Effect, Fragment, Outcome, Reply, failed, ok, skipped
from runner.model.ports import Desk

SPEC = Spec(
    doc="Wait until the host can be reached and its shell answers.",
    effect=Effect.READ,
    options={
        "connect_timeout": Option(
            "int", default=5, doc="Seconds that one try may take to connect, and its shell to get ready."
        ),
        "delay": Option("int", default=0, doc="Seconds before the first try that counts."),
        "sleep": Option("int", default=1, doc="Seconds between two tries."),
        "timeout": Option("int", default=600, doc="Seconds after which it is given up."),
    },
    example="""\
- name: A machine that has just been made
  ansible.builtin.wait_for_connection:
    delay: 5
    timeout: 300
""",
    returns={"elapsed": "Seconds it took."},
)


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """Whatever answers a shell's text is there."""
    del desk
    return skipped() if call.check else _try(call, {"begun": None}, 0.0)


def _try(call: Call, memo: Mapping[str, Any], pause_s: float) -> Fragment:
    return Fragment(
        probe=":",
        effect=Effect.READ,
        last=False,
        memo=memo,
        after_s=pause_s,
        anew=memo["begun"] is not None,
        survives=True,
        connect_timeout_s=call.args["connect_timeout"],
    )


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """The first answer after the delay is enough."""
    del desk
    args = call.args
    first = fragment.memo["begun"] is None
    begun = reply.start if first else fragment.memo["begun"]
    if first and args["delay"] > 0:
        return _try(call, {"begun": begun}, float(args["delay"]))
    elapsed = max(0, int(reply.end - begun))
    if reply.lost is None and reply.rc == 0:
        return ok(elapsed=elapsed)
    if reply.end + args["sleep"] - begun - args["delay"] > args["timeout"]:
        why = reply.lost or "the shell did not answer"
        return failed(f"timed out waiting for ping module test: {why}", elapsed=elapsed)
    return _try(call, {"begun": begun}, float(args["sleep"]))
