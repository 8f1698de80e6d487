"""pause: wait for some time or for the Enter key (ansible.builtin.pause)."""

from __future__ import annotations

from runner.arguments import Option, Spec
from runner.model.call import Call, Effect, Fragment, Outcome, Pause, Reply, Status, failed
from runner.model.ports import Desk

SPEC = Spec(
    doc="Pause the run, once for all hosts.",
    local=True,
    observes=True,
    effect=Effect.READ,
    mutually_exclusive=(("minutes", "seconds"),),
    options={
        "seconds": Option("int", doc="How long, in seconds; at least one."),
        "minutes": Option("int", doc="How long, in minutes."),
        "prompt": Option("str", doc="What to show; without a time it waits for Enter."),
        "echo": Option("bool", default=True, doc="Whether what is typed is shown."),
    },
    example="""\
- name: Let the cache drain
  ansible.builtin.pause:
    seconds: 10
- name: Somebody has to look
  ansible.builtin.pause:
    prompt: Press Enter when the switch is green
""",
    returns={
        "user_input": "What was typed.",
        "start": "When it began.",
        "stop": "When it ended.",
        "delta": "How many seconds it took.",
        "stdout": "The same in words.",
    },
)


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """Asks the executor to wait; it fills in start, stop, delta, stdout and user_input."""
    del desk
    seconds, minutes = call.args.get("seconds"), call.args.get("minutes")
    wait_s = minutes * 60 if minutes is not None else seconds
    if wait_s is not None:
        wait_s = float(max(wait_s, 1))
    control = Pause(seconds=wait_s, prompt=call.args.get("prompt"), echo=call.args["echo"])
    values = {"rc": 0, "stderr": "", "echo": call.args["echo"]}
    return Outcome(Status.OK, values, control=control)


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """Never asked for: nothing was sent."""
    del call, fragment, reply, desk
    return failed("pause has no answer from a host")
