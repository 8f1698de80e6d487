"""dnf: packages of Fedora, RHEL and their like (ansible.builtin.dnf)."""

from __future__ import annotations

from typing import Final

from runner.arguments import Option, Spec
from runner.model.call import Call, Fragment, Outcome, Reply
from runner.model.ports import Desk
from runner.sh import dnf, dnf_result

_TOOLS: Final = {
    "auto": ("dnf", "dnf5", "yum"),
    "dnf": ("dnf", "dnf5"),
    "dnf4": ("dnf-3", "dnf"),
    "dnf5": ("dnf5",),
    "yum": ("yum", "dnf"),
    "yum4": ("dnf-3", "dnf", "yum"),
}

SPEC = Spec(
    doc="Install, upgrade or remove packages of Fedora, RHEL and their like.",
    brings=True,
    options={
        **dnf.OPTIONS,
        "use_backend": Option(default="auto", choices=tuple(_TOOLS), aliases=("use",), doc="Which program to use."),
    },
    mutually_exclusive=dnf.EXCLUSIVE,
    example="""\
- name: A web server and a group
  ansible.builtin.dnf:
    name: [nginx, "@development"]
    state: present
- name: What is newer for security
  ansible.builtin.dnf:
    name: "*"
    state: latest
    security: true
""",
    returns=dnf.RETURNS,
)


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:  # noqa: ARG001
    """One trip: rpm says what is there, dnf does what is left."""
    return dnf.fragment(call, _TOOLS[call.args["use_backend"]])


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:  # noqa: ARG001
    """What dnf did, or would do."""
    return dnf_result.outcome(call, fragment, reply)
