"""debconf: answers to the questions that packages ask when they are configured (ansible.builtin.debconf)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from runner.arguments import Option, Spec
from runner.model.call import Call, Diff, Fragment, Outcome, Reply, Status, failed
from runner.model.ports import Desk
from runner.sh.encode import printf_word
from runner.sh.quote import quote
from runner.sh.verdict import failure, value

_TYPES = ("boolean", "error", "multiselect", "note", "password", "seen", "select", "string", "text", "title")

SPEC = Spec(
    doc="Answer a question of a package before it asks, or list the answers.",
    required_together=(("question", "vtype", "value"),),
    options={
        "name": Option(required=True, aliases=("pkg",), doc="The package."),
        "question": Option(aliases=("selection", "setting"), doc="The question."),
        "vtype": Option(choices=_TYPES, doc="What kind of answer it takes."),
        "value": Option("raw", aliases=("answer",), doc="The answer; for multiselect also a list."),
        "unseen": Option("bool", default=False, doc="Leave it to be asked."),
    },
    example="""\
- name: No question about the timezone
  ansible.builtin.debconf:
    name: tzdata
    question: tzdata/Areas
    vtype: select
    value: Europe
""",
    returns={"current": "The answers by question.", "previous": "The answers before."},
)

# Passwords are masked by debconf-show; they are compared here and not told.
_SHOW = r"""
pb_have debconf-show || pb_fail "debconf is not installed on this host"
pb_shown=$(debconf-show -- PACKAGE) || pb_fail "debconf-show failed"
pb_kv shown "$pb_shown"
"""

_COMPARE = r"""
pb_old=
case $pb_nl$pb_shown$pb_nl in
*"$pb_nl"[\ *]" "QUESTION:*)
  pb_old=${pb_shown#*[\ *]" "QUESTION:}
  pb_old=${pb_old%%"$pb_nl"*}
  pb_old=${pb_old# } ;;
*) pb_differs ;;
esac
"""

_PASSWORD = r"""
pb_old=$(pb_asked=QUESTION awk '
  BEGIN { RS = ""; FS = "\n" }
  {
    name = word = ""
    for (i = 1; i <= NF; i++) {
      if ($i ~ /^Name: /) name = substr($i, 7)
      if ($i ~ /^Value: /) word = substr($i, 8)
    }
    if (name == ENVIRON["pb_asked"]) print word
  }' /var/cache/debconf/passwords.dat 2>/dev/null)
"""


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:  # noqa: ARG001
    """debconf is asked for all answers of the package; the new one goes to its stdin."""
    args = call.args
    package, question = args["name"], args["question"]
    if not re.fullmatch(r"[^\s-]\S*", package):
        return failed(f"{package!r} is no package's name")
    show = _SHOW.replace("PACKAGE", quote(package))
    if question is None:
        return Fragment(show)
    if not re.fullmatch(r"[^\s-]\S*", question):
        return failed(f"{question!r} is no question's name")
    wanted = _text(args["vtype"], args["value"])
    if "\n" in wanted:
        return failed(f"the value of {question} holds a newline, which debconf-set-selections would take for an end")
    probe = show + _COMPARE.replace("QUESTION", quote(question)) + _judge(args, question)
    line = printf_word(f"{package} {question} {args['vtype']} {wanted}\n".encode("utf-8", "surrogateescape"))
    unseen = "-u " if args["unseen"] else ""
    apply = f"printf {line} | debconf-set-selections {unseen}>&2 || pb_fail 'debconf-set-selections failed'"
    return Fragment(probe, apply)


def _text(vtype: str, given: Any) -> str:
    if vtype == "multiselect" and isinstance(given, list):
        return ", ".join(str(part) for part in given)
    return str(given).lower() if vtype == "boolean" else str(given)


def _judge(args: Mapping[str, Any], question: str) -> str:
    """Sh text that says "differs" when the old answer is another."""
    vtype, given = args["vtype"], args["value"]
    if vtype == "multiselect" and isinstance(given, list):
        wanted = quote("\n".join(sorted(str(part).strip() for part in given)))
        old = "printf '%s\\n' \"$pb_old\" | tr , '\\n' | sed 's/^ *//; s/ *$//' | sort"
        return f'[ "$({old})" = {wanted} ] || pb_differs'
    read = ""
    if vtype == "password":
        read = _PASSWORD.replace("QUESTION", quote(question))
    elif vtype == "boolean":
        read = "pb_old=$(printf '%s' \"$pb_old\" | tr A-Z a-z)\n"
    return f'{read}[ "$pb_old" = {quote(_text(vtype, given))} ] || pb_differs'


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:  # noqa: ARG001
    """Changed when the answer was another, or none."""
    broken = failure(reply)
    if broken:
        return broken
    before = _shown(value(reply, "shown"))
    if not reply.differs:
        return Outcome(Status.OK, {"msg": "", "current": before})
    question = call.args["question"]
    wanted = _text(call.args["vtype"], call.args["value"])
    previous = {question: before[question]} if question in before else {**before, question: ""}
    values = {"msg": "", "current": {question: wanted}, "previous": previous}
    return Outcome(Status.CHANGED, values, diff=_diff(call, previous[question], wanted) if call.diff else ())


def _shown(lines: str) -> dict[str, str]:
    """Questions and answers as debconf-show lists them."""
    pairs = (line.split(":", 1) for line in lines.splitlines() if ":" in line)
    return {question.strip("*").strip(): answer.strip() for question, answer in pairs}


def _diff(call: Call, before: str, after: str) -> tuple[Diff, ...]:
    question = call.args["question"]
    if call.args["vtype"] == "password":
        return (Diff("", "", f"{question} (a password, not shown)", f"{question} (a password, not shown)"),)
    return (Diff(f"{question}: {before}\n", f"{question}: {after}\n"),)
