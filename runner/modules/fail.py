"""fail: end the step as failed, with a message (ansible.builtin.fail)."""

from __future__ import annotations

from runner.arguments import Option, Spec
from runner.model.call import Call, Effect, Fragment, Outcome, Reply, Status, failed
from runner.model.ports import Desk

SPEC = Spec(
    doc="Fail with a message of your own.",
    local=True,
    effect=Effect.READ,
    options={"msg": Option("raw", default="Failed as requested from task", doc="Why it fails.")},
    example="""\
- name: Not on this system
  ansible.builtin.fail:
    msg: "{{ ansible_facts.distribution }} is not supported"
  when: ansible_facts.os_family != 'Debian'
""",
)


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """Fails at once; nothing is sent."""
    del desk
    msg = call.args["msg"]
    # A message that is no text (a list, a dictionary) is kept as it is in the result.
    return failed(msg) if isinstance(msg, str) else Outcome(Status.FAILED, {"msg": msg}, msg=str(msg))


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """Never asked for: nothing was sent."""
    del call, fragment, reply, desk
    return failed("fail has no answer from a host")
