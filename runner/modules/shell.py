"""shell: run text through a shell (ansible.builtin.shell)."""

from __future__ import annotations

from runner.arguments import Option, Spec
from runner.errors import StepError
from runner.model.call import Call, Effect, Fragment, Outcome, Reply
from runner.model.ports import Desk
from runner.sh.user_command import GUARDS, RUN_RETURNS, STDIN, bare_words, guarded, result, through_shell

SPEC = Spec(
    doc="Run text through /bin/sh, or another shell.",
    free_form="cmd",
    effect=Effect.UNSAFE,
    observes=True,
    options={
        "cmd": Option("str", required=True, doc="What the shell runs.", aliases=("_raw_params",)),
        **GUARDS,
        **STDIN,
        "executable": Option("path", doc="The shell to use instead of /bin/sh."),
    },
    example="""\
- name: Words for a shell
  ansible.builtin.shell:
    cmd: grep -c ok *.log | sort >summary
    chdir: /var/log/app
    creates: /var/log/app/summary
""",
    returns=RUN_RETURNS,
)


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:  # noqa: ARG001
    """Runs the text in a shell of its own, so that it never runs inside the session's."""
    if not call.args["cmd"].strip():
        raise StepError("no command given")
    cmd, executable = call.args["cmd"], call.args["executable"]
    return guarded(call, through_shell(cmd, executable), bare="" if executable else bare_words(cmd))


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:  # noqa: ARG001
    """Changed whenever it ran; failed when its code is not 0."""
    return result(call, reply, call.args["cmd"], strip=call.args["strip_empty_ends"])
