"""dnf5: packages of Fedora and its like by dnf5 (ansible.builtin.dnf5)."""

from __future__ import annotations

from runner.arguments import Option, Spec
from runner.model.call import Call, Fragment, Outcome, Reply
from runner.model.ports import Desk
from runner.sh import dnf, dnf_result

SPEC = Spec(
    doc="Install, upgrade or remove packages with dnf5.",
    brings=True,
    options={
        **dnf.OPTIONS,
        "auto_install_module_deps": Option("bool", default=True, doc="Accepted: no Python is needed."),
    },
    mutually_exclusive=dnf.EXCLUSIVE,
    example="""\
- name: A web server
  ansible.builtin.dnf5:
    name: nginx
    state: latest
""",
    returns=dnf.RETURNS,
)


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:  # noqa: ARG001
    """One trip: rpm says what is there, dnf5 does what is left."""
    return dnf.fragment(call, ("dnf5",))


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:  # noqa: ARG001
    """What dnf5 did, or would do."""
    return dnf_result.outcome(call, fragment, reply)
