"""raw: run text through a shell, nothing around it (ansible.builtin.raw)."""

from __future__ import annotations

from runner.arguments import Option, Spec
from runner.errors import StepError
from runner.model.call import Call, Effect, Fragment, Outcome, Reply
from runner.model.ports import Desk
from runner.sh.user_command import BARE_RETURNS, guarded, result, through_shell

SPEC = Spec(
    doc="Run text through a shell; here that is what `shell` does, without its options.",
    free_form="cmd",
    effect=Effect.UNSAFE,
    observes=True,
    options={
        "cmd": Option("str", required=True, doc="What the shell runs.", aliases=("_raw_params", "free_form")),
        "executable": Option("path", doc="The shell to use instead of /bin/sh."),
    },
    example="""\
- name: A line for whatever the login shell is
  ansible.builtin.raw: show version
""",
    returns=BARE_RETURNS,
)


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:  # noqa: ARG001
    """Runs the text in a shell of its own."""
    if not call.args["cmd"].strip():
        raise StepError("no command given")
    return guarded(call, through_shell(call.args["cmd"], call.args["executable"]))


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:  # noqa: ARG001
    """Changed whenever it ran; stdout and stderr are left as they are."""
    return result(call, reply, strip=False, times=False)
