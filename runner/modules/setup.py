"""setup: facts about a host, asked in POSIX sh (ansible.builtin.setup)."""

from __future__ import annotations

from runner.arguments import Spec
from runner.model.call import Call, Effect, Fragment, Outcome, Reply
from runner.model.ports import Desk
from runner.sh import facts_gather

SPEC = Spec(
    doc="Gather facts about the host.",
    effect=Effect.READ,
    options=facts_gather.OPTIONS,
    example="""\
- name: Facts of the network alone
  ansible.builtin.setup:
    gather_subset: ["!all", network]
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
