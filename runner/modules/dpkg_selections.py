"""dpkg_selections: whether dpkg holds a package, and its like (ansible.builtin.dpkg_selections)."""

from __future__ import annotations

import re

from runner.arguments import Option, Spec
from runner.model.call import Call, Diff, Fragment, Outcome, Reply, Status, failed
from runner.model.ports import Desk
from runner.sh.quote import quote
from runner.sh.verdict import failure, value

SPEC = Spec(
    doc="Tell dpkg what shall become of a package: keep it as it is, or not.",
    options={
        "name": Option(required=True, doc="The package."),
        "selection": Option(
            required=True, choices=("install", "hold", "deinstall", "purge"), doc="What shall become of it."
        ),
    },
    example="""\
- name: The kernel stays what it is
  ansible.builtin.dpkg_selections:
    name: linux-image-amd64
    selection: hold
""",
    returns={"before": "What was selected before.", "after": "What is selected now."},
)

_PROBE = r"""
pb_have dpkg || pb_fail "dpkg is not installed on this host"
pb_old=$(dpkg --get-selections NAME 2>/dev/null) || pb_fail "dpkg --get-selections failed"
[ -n "$pb_old" ] || pb_fail "Failed to find package '"NAME"' to perform selection 'WANTED'."
pb_old=${pb_old##*[[:blank:]]}
pb_kv before "$pb_old"
[ "$pb_old" = WANTED ] || { pb_differs; [ -w /var/lib/dpkg ] || pb_fail "dpkg --set-selections: permission denied"; }
"""


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:  # noqa: ARG001
    """dpkg is asked for what is selected, and told if that is something else."""
    name, wanted = call.args["name"], call.args["selection"]
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.+:-]*", name, re.ASCII):
        return failed(f"Failed to find package '{name}' to perform selection '{wanted}'.")
    probe = _PROBE.replace("NAME", quote(name)).replace("WANTED", wanted)
    apply = (
        f"printf '%s %s\\n' {quote(name)} {wanted} | dpkg --set-selections || pb_fail 'dpkg --set-selections failed'"
    )
    return Fragment(probe, apply)


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:  # noqa: ARG001
    """Changed when something else was selected."""
    broken = failure(reply)
    if broken:
        return broken
    name, before, after = call.args["name"], value(reply, "before"), call.args["selection"]
    diff = (Diff(f"{name} {before}\n", f"{name} {after}\n"),) if call.diff and reply.differs else ()
    status = Status.CHANGED if reply.differs else Status.OK
    return Outcome(status, {"before": before, "after": after}, diff=diff)
