"""debug: show a message or a value (ansible.builtin.debug)."""

from __future__ import annotations

from typing import Any

from runner.arguments import Option, Spec
from runner.errors import StepError, TemplateError
from runner.model.call import Call, Effect, Fragment, Outcome, Reply, Status, failed, ok, skipped
from runner.model.ports import Desk
from runner.model.values import Template, Unknown

SPEC = Spec(
    doc="Show a message, or the value of a variable or expression.",
    local=True,
    effect=Effect.READ,
    raw=("var",),
    mutually_exclusive=(("msg", "var"),),
    options={
        "msg": Option("raw", doc="What to show: text, or any value (default: Hello world!)."),
        "var": Option("raw", doc="A variable's name or an expression; the result key has this very text."),
        "verbosity": Option("int", default=0, doc="Show it only with at least this many `-v`."),
    },
    example="""\
- name: What is it
  ansible.builtin.debug:
    var: ansible_facts.distribution
- name: A message
  ansible.builtin.debug:
    msg: "{{ inventory_hostname }} has {{ disks | length }} disks"
    verbosity: 1
""",
)

MESSAGE = "Hello world!"
UNDEFINED = "VARIABLE IS NOT DEFINED!"


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """Shows at once; nothing is sent. Fails only when the expression itself is broken."""
    # The run's own is 0 at least, and nearly no task asks for more.
    if call.args["verbosity"] > 0 and call.args["verbosity"] > _verbosity(desk):
        return skipped("Verbosity threshold not met.", skipped_reason="Verbosity threshold not met.")
    if call.args.get("var") is None:
        return _shown("msg", call.args["msg"] if call.args["msg"] is not None or "msg" in call.given else MESSAGE)
    return _of_var(call.args["var"], desk)


def _of_var(var: Any, desk: Desk) -> Outcome:
    """`var` is unrendered: a name or expression, or a template that gives a value or (in loops) a name."""
    if not isinstance(var, str):
        return _shown(str(var), var)
    key = var.strip()
    try:
        value = desk.variable(var)
        if isinstance(var, Template):
            key = key.removeprefix("{{").removesuffix("}}").strip() if key.count("{{") == 1 else key
            # `var: "{{ item }}"` over names means the variables of these names. Only a bare name is looked up: the
            # rendered text may come from a host, and must not be an expression.
            if isinstance(value, str) and value.isidentifier():
                key, value = value, desk.variable(value)
    except TemplateError as error:
        if error.kind != "undefined":
            raise
        value = UNDEFINED
    return _shown(key, value)


def _shown(key: str, value: Any) -> Outcome:
    if isinstance(value, Unknown):
        return Outcome(Status.SKIPPED, unknown=value.reason)
    return ok(**{key: value})


def _verbosity(desk: Desk) -> int:
    try:
        return int(desk.variable("ansible_verbosity"))
    except (StepError, TypeError, ValueError):
        return 0


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """Never asked for: nothing was sent."""
    del call, fragment, reply, desk
    return failed("debug has no answer from a host")
