"""validate_argument_spec: check variables against a specification (ansible.builtin.validate_argument_spec)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runner.arguments import Option, Spec
from runner.errors import TemplateError
from runner.model.call import Call, Effect, Fragment, Outcome, Reply, Status, failed, ok
from runner.model.ports import Desk
from runner.modules._argument_spec import errors_of

SPEC = Spec(
    doc="Check variables against a specification of arguments, such as those of a role's meta/argument_specs.yml.",
    local=True,
    effect=Effect.READ,
    options={
        "argument_spec": Option(
            "dict", required=True, doc="Each name's attributes: type, required, choices and so on."
        ),
        "provided_arguments": Option("dict", default={}, doc="Values that count before variables of the same names."),
        "validate_args_context": Option("dict", default={}, doc="Words about what is checked, for the result."),
    },
    example="""\
- name: The role's arguments
  ansible.builtin.validate_argument_spec:
    argument_spec:
      port: {type: int, required: true}
    provided_arguments:
      port: "{{ port }}"
""",
    returns={
        "argument_errors": "What is wrong with them.",
        "argument_spec_data": "What they were held against.",
        "validate_args_context": "Which role's they are.",
    },
)


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """Checks at once; nothing is sent."""
    spec: Mapping[str, Any] = call.args["argument_spec"]
    given = {name: value for name in spec for value in _variable(str(name), desk)}
    wrong = errors_of(spec, {**given, **call.args["provided_arguments"]})
    about = {"validate_args_context": call.args["validate_args_context"]}
    if not wrong:
        return ok(msg="The arg spec validation passed", **about)
    values = {"argument_errors": wrong, "argument_spec_data": dict(spec), **about}
    return Outcome(Status.FAILED, values, msg="arguments are not as they are specified:\n" + "\n".join(wrong))


def _variable(name: str, desk: Desk) -> list[Any]:
    """The variable's value, if there is such a variable; one that reads an undefined one is a mistake."""
    try:
        return [desk.variable(name)] if name.isidentifier() else []
    except TemplateError as error:
        if error.kind == "undefined" and error.name == name:
            return []
        raise


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """Never asked for: nothing was sent."""
    del call, fragment, reply, desk
    return failed("validate_argument_spec has no answer from a host")
