"""command: run a program without a shell (ansible.builtin.command)."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import Any

from runner.arguments import Option, Spec
from runner.errors import StepError
from runner.model.call import Call, Effect, Fragment, Outcome, Reply
from runner.model.ports import Desk
from runner.sh.quote import PLAIN_WORDS, expanded, quote
from runner.sh.user_command import GUARDS, RUN_RETURNS, STDIN, guarded, result

SPEC = Spec(
    doc="Run a program. Its words are handed over as they are: no pipes, no redirections, no wildcards.",
    free_form="cmd",
    effect=Effect.UNSAFE,
    observes=True,
    options={
        "cmd": Option("str", doc="The command line, split into words as a shell does.", aliases=("_raw_params",)),
        "argv": Option("list", elements="str", doc="The command's words, as a list."),
        **GUARDS,
        **STDIN,
        "executable": Option("path", doc="Without effect: there is no shell (`shell` has one)."),
        "expand_argument_vars": Option("bool", default=True, doc="Expand `~` and environment variables in each word."),
    },
    mutually_exclusive=(("cmd", "argv"),),
    example="""\
- name: Make the schema once
  ansible.builtin.command:
    cmd: /opt/app/bin/migrate --to 12
    creates: /var/lib/app/schema-12
""",
    returns=RUN_RETURNS,
)


def _words(args: Any) -> list[str]:
    """The command's words. Raises StepError when there are none or a quote does not end."""
    if args["argv"] is not None:
        words = [str(word) for word in args["argv"]]
    elif PLAIN_WORDS.fullmatch(args["cmd"] or ""):
        # The same words, found in a tenth of the time.
        words = args["cmd"].split()
    else:
        try:
            words = shlex.split(args["cmd"] or "")
        except ValueError as error:
            raise StepError(f"the command line cannot be split: {error}") from None
    if not words or not words[0]:
        raise StepError("no command given")
    return words


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:  # noqa: ARG001
    """Runs the words by exec in the step's subshell: one fork, one exec."""
    word = expanded if call.args["expand_argument_vars"] else quote
    return guarded(call, "pb_user_run " + " ".join(word(text) for text in _words(call.args)))


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:  # noqa: ARG001
    """Changed whenever it ran; failed when its code is not 0."""
    words = _words(call.args)
    made = result(call, reply, words, strip=call.args["strip_empty_ends"])
    if "msg" in reply.values:
        # What could not be started is shown as text, as in Ansible.
        made = replace(made, values={**made.values, "cmd": " ".join(words)})
    if call.args["executable"]:
        what = "the parameter 'executable' is no longer supported with the 'command' module"
        made = replace(made, warnings=(f"As of Ansible 2.4, {what}. Not using '{call.args['executable']}'.",))
    return made
