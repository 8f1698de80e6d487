"""set_fact: give variables to the step's host (ansible.builtin.set_fact)."""

from __future__ import annotations

from runner.arguments import Option, Spec
from runner.model.call import Call, Effect, Fragment, Outcome, Reply, Status, failed
from runner.model.names import can_be_variable
from runner.model.ports import Desk

SPEC = Spec(
    doc="Set variables of the host for the rest of the run.",
    local=True,
    effect=Effect.READ,
    any_options=True,
    options={"cacheable": Option("bool", default=False, doc="Whether it also becomes a fact of the fact cache.")},
    example="""\
- name: What later tasks read
  ansible.builtin.set_fact:
    release_folder: /srv/app/{{ release }}
    workers: "{{ ansible_facts.processor_vcpus * 2 }}"
""",
    returns={
        "ansible_facts": "The variables that were set.",
    },
)


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """Sets at once; nothing is sent. A value that a dry run cannot know is set as such."""
    del desk
    facts = {name: value for name, value in call.args.items() if name not in SPEC.options}
    if not facts:
        return failed("No key/value pairs provided, at least one is required for this action to succeed")
    wrong = [name for name in facts if not can_be_variable(name)]
    if wrong:
        return failed(
            f"The variable name {wrong[0]!r} is not valid: letters, digits and underscores, "
            "not a digit first, and none of true, false, none and not"
        )
    return Outcome(Status.OK, set_vars=facts, cacheable=bool(call.args["cacheable"]))


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """Never asked for: nothing was sent."""
    del call, fragment, reply, desk
    return failed("set_fact has no answer from a host")
