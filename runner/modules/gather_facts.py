"""gather_facts: the same as setup, under the name that plays use (ansible.builtin.gather_facts)."""

from __future__ import annotations

from runner.arguments import Option, Spec
from runner.model.call import Call, Effect, Fragment, Outcome, Reply
from runner.model.ports import Desk
from runner.sh import facts_gather

SPEC = Spec(
    doc="Gather facts about the host, as a play does at its start.",
    effect=Effect.READ,
    options={
        **facts_gather.OPTIONS,
        "parallel": Option("bool", doc="Accepted; there is nothing to run side by side."),
    },
    example="""\
- name: Gather now what the play did not
  ansible.builtin.gather_facts:
""",
    returns={
        "ansible_facts": "The facts.",
    },
)


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """Asks; nothing is changed, so a dry run does the same."""
    del desk
    return facts_gather.ask(call)


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """The facts that the host's answers amount to."""
    del desk
    return facts_gather.answer(call, fragment, reply)
