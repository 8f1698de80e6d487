"""assert: fail unless conditions hold (ansible.builtin.assert)."""

from __future__ import annotations

from typing import Any, Final

from runner.arguments import Option, Spec
from runner.errors import StepError
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
        "fail_msg": Option("texts", default="Assertion failed", aliases=("msg",), doc="Said when one does not hold."),
        "success_msg": Option("texts", default="All assertions passed", doc="Said when all hold."),
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

_NOT_WRITTEN: Final = (
    "the conditions of 'that' come out of a template: only `{{ name }}` of a variable whose list of conditions stands "
    "in the playbook is taken; what a host, a file, a lookup or a filter gives is never read as a condition"
)


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """Checks at once; nothing is sent. The first condition that does not hold ends it."""
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
    """`that` as a list of conditions.

    A template that is nothing but the name of a variable stands for what the playbook says there: a condition, or a
    list of them. What any other template gives may come from a host, a file or a lookup: booleans count, text is never
    read as an expression.
    """
    if not _is_output(that):
        listed = list(that) if isinstance(that, list | tuple) else [that]
        written = [_written(one, desk) if _is_output(one) else one for one in listed]
        return [one if isinstance(new, list) else new for one, new in zip(listed, written, strict=True)]
    written = _written(that, desk)
    if isinstance(written, list):
        if any(isinstance(one, Template) for one in written):
            raise StepError("a condition in the list of a variable takes no braces")
        return written
    if written is not that:
        return [written]
    value = desk.variable(that)
    if isinstance(value, Unknown):
        raise UnknownReached(value)
    if isinstance(value, list) and all(isinstance(item, bool) for item in value):
        return list(value)
    if isinstance(value, list):
        raise StepError(_NOT_WRITTEN)
    return [that]


def _written(that: Any, desk: Desk) -> Any:
    """What the playbook says where an entry of `that` is the name of a variable in braces; else the entry."""
    try:
        written = desk.authored(that)
    except KeyError:
        return that
    return written if isinstance(written, str | list) else that


def _is_output(value: Any) -> bool:
    return isinstance(value, Template) and value.strip().startswith("{{")


def _text(msg: Any) -> str:
    return msg if isinstance(msg, str) else "\n".join(map(str, msg)) if isinstance(msg, list) else str(msg)


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """Never asked for: nothing was sent."""
    del call, fragment, reply, desk
    return failed("assert has no answer from a host")
