"""hostname: the host's own name (ansible.builtin.hostname)."""

from __future__ import annotations

from typing import Any, Final

from runner.arguments import Option, Spec
from runner.model.call import Call, Diff, Fragment, Outcome, Reply, Status, failed
from runner.model.ports import Desk
from runner.model.values import Unknown
from runner.sh import hostnames
from runner.sh.quote import quote
from runner.sh.verdict import failure, value

SPEC = Spec(
    doc="Set the host's own name.",
    tells_facts=True,
    options={
        "name": Option(required=True, doc="The name."),
        "use": Option(
            choices=(*hostnames.KINDS, *hostnames.REFUSED),
            doc="How the system keeps its name; by default that is found out.",
        ),
    },
    example="""\
- name: The host is called as in the inventory
  ansible.builtin.hostname:
    name: "{{ inventory_hostname }}"
""",
    returns={"name": "The name."},
)

_FACTS: Final = 'pb_kv fqdn "$(hostname -f 2>/dev/null || hostname 2>/dev/null || uname -n)"'


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """One trip: what the name is, and setting it."""
    del desk
    name, use = call.args["name"], call.args["use"]
    if use in hostnames.REFUSED:
        return failed(f"hostname cannot be set with use: {use} here")
    if not name or name != name.strip() or "\n" in name:
        return failed(f"{name!r} is no name of a host")
    kind = f"kind={hostnames.KINDS[use]}" if use else hostnames.CHOOSE
    probe = (
        f"name={quote(name)}\n{kind}\n{hostnames.LOOK}\n"
        'pb_kv permanent "$permanent"; pb_kv current "$current"\n'
        f'if [ "$permanent" != "$name" ] || [ "$current" != "$name" ]; then pb_differs; fi\n'
        f'[ -z "$file" ] || [ "$permanent" = "$name" ] || can_write "$file"\n{_FACTS}'
    )
    return Fragment(probe=probe, apply=f"{hostnames.SET}\n{_FACTS}")


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """The name, and facts about it."""
    del fragment, desk
    broken = failure(reply)
    if broken:
        return broken
    name, fqdn = call.args["name"], value(reply, "fqdn").strip()
    before = value(reply, "current")
    if before == name:
        before = value(reply, "permanent")
    full: tuple[Any, Any] = (fqdn, fqdn.partition(".")[2])
    if call.check and reply.differs:
        full = (Unknown(), Unknown())
    facts = {
        "ansible_hostname": name.partition(".")[0],
        "ansible_nodename": name,
        "ansible_fqdn": full[0],
        "ansible_domain": full[1],
    }
    diff = (Diff(f"hostname = {before}\n", f"hostname = {name}\n"),) if call.diff and reply.differs else ()
    return Outcome(Status.CHANGED if reply.differs else Status.OK, {"name": name}, diff=diff, own_facts=facts)
