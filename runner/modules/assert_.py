"""assert: fail unless conditions hold (ansible.builtin.assert)."""

from __future__ import annotations

from typing import Any

from runner.arguments import Option, Spec
from runner.model.call import Call, Effect, Fragment, Outcome, Reply, Status, failed
from runner.model.ports import Desk
from runner.model.values import Template, Unknown, UnknownReached

SPEC = Spec(
    doc="Check that conditions hold.",
    local=True,
    effect=Effect.READ,
    conditions=("that",),
    options={
        "that": Option("raw", required=True, doc="One condition or a list of them, written as for `when`."),
        "fail_msg": Option("raw", default="Assertion failed", aliases=("msg",), doc="Said when one does not hold."),
        "success_msg": Option("raw", default="All assertions passed", doc="Said when all hold."),
        "quiet": Option("bool", default=False, doc="Keep it to one line."),
    },
    example="""\
- name: The version is one we know
  ansible.builtin.assert:
    that:
      - release is defined
      - release is version('1.4', '>=')
    fail_msg: release must be 1.4 or later
""",
    returns={
        "evaluated_to": "What the condition that did not hold came to.",
        "assertion": "The condition that did not hold.",
    },
)


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """Checks at once; nothing is sent. The first condition that does not hold ends it, and what is to be said must be
    text, or a list of texts, before any is asked."""
    for word in ("fail_msg", "success_msg"):
        said = call.args[word]
        if not isinstance(said, Unknown) and not all(isinstance(one, str) for one in _listed(said)):
            return failed(
                f"argument {word!r} is of type {type(said).__name__}: a string or list of strings is required"
            )
    try:
        broken = next((that for that in _conditions(call.args["that"], desk) if not desk.is_true(that)), None)
    except UnknownReached as reached:
        return Outcome(Status.SKIPPED, unknown=reached.unknown.reason)
    if broken is None:
        return Outcome(Status.OK, {"changed": False, "msg": call.args["success_msg"]})
    fail_msg = call.args["fail_msg"]
    values = {"assertion": broken, "evaluated_to": False, "msg": fail_msg}
    return Outcome(Status.FAILED, values, msg=_text(fail_msg))


def _conditions(that: Any, desk: Desk) -> list[Any]:
    """`that` as a list. A template that gives a list of booleans is one; text it gives is never an expression,
    since it may come from a host."""
    if isinstance(that, list | tuple):
        return list(that)
    if isinstance(that, Template) and that.strip().startswith("{{"):
        value = desk.variable(that)
        if isinstance(value, Unknown):
            raise UnknownReached(value)
        if isinstance(value, list) and all(isinstance(item, bool) for item in value):
            return list(value)
    return [that]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _text(msg: Any) -> str:
    return msg if isinstance(msg, str) else "\n".join(map(str, msg)) if isinstance(msg, list) else str(msg)


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """Never asked for: nothing was sent."""
    del call, fragment, reply, desk
    return failed("assert has no answer from a host")
