"""seboolean: a boolean of SELinux's policy on or off (ansible.posix.seboolean)."""

from __future__ import annotations

from typing import Final

from runner.arguments import Option, Spec
from runner.model.call import Call, Fragment, Outcome, Reply, ok
from runner.model.ports import Desk
from runner.sh.quote import quote
from runner.sh.verdict import failure

COLLECTION = "ansible.posix"

SPEC = Spec(
    doc="Turn a boolean of SELinux's policy on or off.",
    options={
        "name": Option(required=True, doc="The boolean."),
        "state": Option("bool", required=True, doc="On or off."),
        "persistent": Option("bool", default=False, doc="Also after the next boot."),
        "ignore_selinux_state": Option("bool", default=False, doc="Do it even where SELinux is disabled."),
    },
    example="""\
- name: The web server may talk to the network
  ansible.posix.seboolean:
    name: httpd_can_network_connect
    state: true
    persistent: true
""",
    returns={"name": "The boolean.", "state": "Whether it is on.", "persistent": "Whether it stays so."},
)

# `getsebool` says `NAME --> off`, and `pending: on` behind it for what waits for a commit. What the next boot brings is
# only told by `semanage boolean -l`: `NAME (off , on) text`, now and then.
_PROBE: Final = r"""
{ pb_have getsebool && pb_have setsebool; } || pb_fail "seboolean needs getsebool and setsebool on the host"
if [ -z "$anyway" ]; then
  { pb_have selinuxenabled && selinuxenabled; } || pb_fail "SELinux is disabled on this host."
fi
now=$(getsebool -- "$name" 2>&1) || pb_fail "SELinux boolean $name does not exist."
case $now in
*"> on" | *"pending: on") now=on ;;
*) now=off ;;
esac
then=$now
if [ -n "$persistent" ] && pb_have semanage; then
  row=$(semanage boolean -l 2>/dev/null | grep -F -- "$name ") || row=
  case $row in "$name "*"("*,*on\)*) then=on ;; "$name "*"("*,*off\)*) then=off ;; esac
fi
[ "$now" = "$wanted" ] && [ "$then" = "$wanted" ] || pb_differs
"""
_APPLY: Final = r"""
setsebool ${persistent:+-P} -- "$name" "$wanted" || setsebool ${persistent:+-P} "$name" "$wanted" ||
  pb_fail "Failed to set boolean $name to value"
"""


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:  # noqa: ARG001
    """One question, and one command if the answer is another."""
    args = call.args
    flags = {"persistent": args["persistent"], "anyway": args["ignore_selinux_state"]}
    given = " ".join(f"{name}={'1' if on else ''}" for name, on in flags.items())
    start = f"name={quote(args['name'])} wanted={'on' if args['state'] else 'off'} {given}\n"
    return Fragment(f"{start}{_PROBE}", _APPLY)


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:  # noqa: ARG001
    """Changed when it was otherwise, now or for the next boot."""
    args = call.args
    return failure(reply) or ok(
        reply.differs, name=args["name"], persistent=args["persistent"], state=bool(args["state"])
    )
