"""timezone: the host's time zone, and what its hardware clock keeps (community.general.timezone)."""

from __future__ import annotations

from runner.arguments import Option, Spec
from runner.model.call import Call, Diff, Fragment, Outcome, Reply, Status, failed
from runner.model.ports import Desk
from runner.sh import clocks
from runner.sh.quote import quote
from runner.sh.verdict import failure, value

COLLECTION = "community.general"

SPEC = Spec(
    doc="Set the host's time zone, and whether its hardware clock keeps local time.",
    required_one_of=(("name", "hwclock"),),
    options={
        "name": Option(doc="The zone: `Europe/Berlin`."),
        "hwclock": Option(choices=("local", "UTC"), aliases=("rtc",), doc="What the hardware clock keeps."),
    },
    example="""\
- name: Everything is logged in UTC
  community.general.timezone:
    name: Etc/UTC
""",
)


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """One trip: what zone it is, and setting another."""
    del desk
    zone, hwclock = call.args["name"] or "", call.args["hwclock"] or ""
    if ".." in zone or zone.startswith(("/", "-")):
        return failed(f'given timezone "{zone}" is not available')
    probe = f"""zone={quote(zone)} hw={hwclock}
[ -z "$zone" ] || [ -f "/usr/share/zoneinfo/$zone" ] ||
  pb_fail "given timezone \\"$zone\\" is not available (tzdata has it)"
{clocks.LOOK}
[ -z "$hw" ] || [ "$kind" != link ] || pb_fail "hwclock is not a supported option on target platform"
pb_kv name "$zone_is"; pb_kv hwclock "$hw_is"
if [ -n "$zone" ] && [ "$zone_is" != "$zone" ]; then
  pb_differs
  case $kind in systemd | link) ;; *) can_write "$file" ;; esac
fi
[ -z "$hw" ] || [ "$hw_is" = "$hw" ] || pb_differs"""
    return Fragment(probe=probe, apply=clocks.SET)


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """What was, and what is."""
    del fragment, desk
    broken = failure(reply)
    if broken:
        return broken
    asked = {name: call.args[name] for name in ("hwclock", "name") if call.args[name]}
    before = "".join(f"{name}: {value(reply, name)}\n" for name in asked)
    after = "".join(f"{name}: {wanted}\n" for name, wanted in asked.items())
    diff = (Diff(before, after),) if call.diff and reply.differs else ()
    return Outcome(Status.CHANGED if reply.differs else Status.OK, diff=diff)
