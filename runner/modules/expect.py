"""expect: a program that asks questions, and the answers to them (ansible.builtin.expect).

The program gets a terminal from script(1) of the host; what it writes is looked at there, ten times a second, and the
answers stand in no argument.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from runner.arguments import ArgumentError, Option, Spec, coerce
from runner.errors import StepError
from runner.model.call import Call, Effect, Fragment, Outcome, Reply, Status, failed
from runner.model.ports import Desk
from runner.sh.encode import printf_word
from runner.sh.filled import filled
from runner.sh.lines_grep import grep_pattern
from runner.sh.quote import quote
from runner.sh.user_command import GUARDS, RUN_RETURNS, guarded, result
from runner.sh.verdict import value

SPEC = Spec(
    doc="Run a program that asks questions, and answer them.",
    effect=Effect.UNSAFE,
    observes=True,
    options={
        "command": Option(required=True, doc="The program and its arguments; no shell reads them."),
        "responses": Option(
            "dict",
            required=True,
            doc="Patterns of questions, each with its answer, or with a list of answers, one each time it is asked.",
        ),
        "timeout": Option("raw", default=30, doc="Seconds to wait for a question or the end; null: without limit."),
        "echo": Option("bool", default=False, doc="Let the terminal show the answers in the output."),
        **GUARDS,
    },
    example="""\
- name: A new passphrase
  ansible.builtin.expect:
    command: /opt/app/bin/set-passphrase
    responses:
      "[Pp]assphrase:": "{{ passphrase }}"
  no_log: true
""",
    returns={**RUN_RETURNS, "stdout": "What it wrote to its terminal."},
)

# What script(1) adds to the output of a command that it is told to end.
_ENDED: Final = re.compile(r"\s*Session terminated, killing shell\.\.\. ?(\.\.\.killed\.)?\s*$")
_RUN: Final = r"""
{ pb_have script && pb_have mkfifo; } ||
  pb_fail 'expect needs script(1) on the host; install util-linux (bsdutils, util-linux-misc)'
talk="$pb_dir/s.expect.$pb_index"
rm -f "$talk.in"
mkfifo -m 600 "$talk.in" && : >"$talk.out" && exec 7<>"$talk.in" || pb_fail "there is no room for the conversation"
SHELL=/bin/sh
export SHELL
( trap - EXIT; pb_user_run script -q -e -c @COMMAND@ /dev/null <&7 >"$talk.out" 2>&1 7>&- ) &
child=$!
at=0 seen=-1 idle=0
over() { kill "$child" 2>/dev/null; wait "$child" 2>/dev/null; cat "$talk.out"; rm -f "$talk.in"; }
asked() { tail -c "+$((at + 1))" "$talk.out" | tr -d '\000\r' | grep -aq "$@"; }
@ANSWERS@
while :; do
  gone=
  kill -0 "$child" 2>/dev/null || gone=1
  size=$(($(wc -c <"$talk.out")))
  if [ "$size" -ne "$seen" ]; then
    seen=$size idle=0
    @ASK@
  fi
  [ -z "$gone" ] || break
  idle=$((idle + 1))
  [ @TICKS@ = 0 ] || [ "$idle" -le @TICKS@ ] || { over; pb_kv late 1; exit 1; }
  sleep 0.1 2>/dev/null || sleep 1
done
wait "$child"
rc=$?
over
exit "$rc"
"""


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """Runs it under a terminal; its questions are looked for on the host itself."""
    del desk
    args = call.args
    try:
        words = shlex.split(args["command"])
        timeout = None if args["timeout"] is None else coerce(Option("int"), args["timeout"])
    except (ValueError, ArgumentError) as error:
        raise StepError(f"command or timeout: {error}") from None
    if not words or not words[0]:
        return failed("no command given", rc=256)
    command = " ".join(quote(word) for word in words)
    quiet = "" if args["echo"] else "stty -echo 2>/dev/null; "
    answers, ask = _talk(args["responses"])
    parts = {
        "COMMAND": quote(f"{quiet}exec {command}"),
        "ANSWERS": answers,
        "ASK": ask,
        "TICKS": str((timeout or 0) * 10),
    }
    return guarded(call, filled(_RUN, parts))


def _talk(responses: Mapping[str, Any]) -> tuple[str, str]:
    """Sh functions that answer, and the text that asks which question stands there; the first that fits is it."""
    functions: list[str] = []
    asks: list[str] = []
    for number, (question, given) in enumerate(responses.items()):
        answers = given if isinstance(given, list) else [given]
        lines = [f"{index}) printf {_line(answer)} >&7 ;;" for index, answer in enumerate(answers)]
        if not isinstance(given, list):
            lines = [f"*) printf {_line(given)} >&7 ;;"]
        else:
            lines.append(f"*) over; pb_fail {quote(f'No remaining responses for {question!r}')} ;;")
        body = "\n".join(lines)
        functions.append(
            f"said_{number}=0\nanswer_{number}() {{ at=$size\ncase $said_{number} in\n{body}\nesac\n"
            f"said_{number}=$((said_{number} + 1)); }}"
        )
        asks.append(f"asked {_grep(str(question))}; then answer_{number}")
    return "\n".join(functions), "if " + "\nelif ".join(asks) + "\nfi" if asks else ":"


def _line(answer: Any) -> str:
    return printf_word((str(answer).rstrip("\n") + "\n").encode("utf-8", "surrogateescape"))


def _grep(pattern: str) -> str:
    """The options of grep for a Python pattern. Raises StepError for one that grep does not know."""
    flags, rest = "-E", pattern
    if rest.startswith("(?i)"):
        flags, rest = "-iE", rest.removeprefix("(?i)")
    made = grep_pattern(rest.replace("\\s", "\x01"))
    if made is None:
        raise StepError(f"the host cannot look for the pattern {pattern!r}: it is looked for with grep -E there")
    return f"{flags} -e {quote(made.replace(chr(1), '[[:space:]]'))}"


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """Changed whenever it ran; failed when its code is not 0 or it waited too long."""
    del fragment, desk
    made = result(call, reply, call.args["command"])
    values = {name: given for name, given in made.values.items() if not name.startswith("stderr")}
    if "guard" in reply.values:
        return replace(made, values=values, msg="")
    if "late" in reply.values:
        values["stdout"] = _ENDED.sub("", values["stdout"])
        return failed("command exceeded timeout", **{**values, "rc": None})
    if isinstance(values.get("stdout"), str):
        values["stdout"] = values["stdout"].replace("\r\n", "\n")
    if made.status is Status.FAILED and "msg" in reply.values:
        return failed(f"{value(reply, 'msg')}, output was {values.get('stdout', '')!r}", **values)
    return replace(made, values=values)
