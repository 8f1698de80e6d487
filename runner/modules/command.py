"""command: run a program without a shell (ansible.builtin.command)."""

from __future__ import annotations

import re
import shlex
from typing import Any, Final

from runner.arguments import Option, Spec
from runner.errors import StepError
from runner.model.call import Call, Effect, Fragment, Outcome, Reply, failed
from runner.model.ports import Desk
from runner.sh.quote import expanded, quote
from runner.sh.user_command import GUARDS, STDIN, guarded, result

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
        "expand_argument_vars": Option("bool", default=True, doc="Expand `~` and environment variables in each word."),
    },
    mutually_exclusive=(("cmd", "argv"),),
)

# How dash, bash and busybox say, behind their own name, that `exec` found no such program or may not run it.
_REASONS: Final = r": (?:cannot execute: )?(?:not found|No such file or directory|[Pp]ermission denied)\s*"
_CODES: Final = {127: (2, "No such file or directory"), 126: (13, "Permission denied")}


def _words(args: Any) -> list[str]:
    """The command's words. Raises StepError when there are none or a quote does not end."""
    if args["argv"] is not None:
        words = [str(word) for word in args["argv"]]
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
    """Changed whenever it ran; failed when its code is not 0. A program that cannot be started has the words and the
    code of the system call, as in Ansible, whose modules start it themselves."""
    words = _words(call.args)
    made = result(call, reply, words, strip=call.args["strip_empty_ends"])
    if reply.rc not in _CODES or reply.stdout:
        return made
    if not re.fullmatch(r"[^\n]*: " + re.escape(words[0]) + _REASONS, str(made.values.get("stderr"))):
        return made
    code, why = _CODES[reply.rc]
    values = {**made.values, "cmd": " ".join(words), "rc": code, "stderr": "", "changed": False}
    return failed(f"[Errno {code}] {why}: {words[0]!r}", **values)
