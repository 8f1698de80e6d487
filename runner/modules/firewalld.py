"""firewalld: what the zones of firewalld let in, now and at the next boot (ansible.posix.firewalld)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from runner.arguments import Option, Spec
from runner.errors import StepError
from runner.model.call import Call, Fragment, Outcome, Reply, Status
from runner.model.ports import Desk
from runner.model.quick import dataclass
from runner.sh import firewalld
from runner.sh.firewalld import Known, Thing, in_zone
from runner.sh.quote import quote
from runner.sh.verdict import failure, value

COLLECTION = "ansible.posix"

_EXCLUSIVE: Final = (
    *("icmp_block", "icmp_block_inversion", "service", "protocol", "port", "port_forward", "rich_rule"),
    *("interface", "forward", "masquerade", "source", "target", "default"),
)
_NEEDS: Final = (("interface", "zone"), ("target", "zone"), ("default", "zone"), ("source", "permanent"))
_FALLBACK_ZONE: Final = "public"
_ONLY_PERMANENT: Final = (
    "Zone operations must be permanent. "
    "Make sure you didn't set the 'permanent' flag to 'false' or the 'immediate' flag to 'true'."
)
_DEFAULT_BOTH: Final = "Default zone changes must be permanent and when daemon is online must also be immediate"
SPEC = Spec(
    doc="Let services, ports, rules, sources and interfaces into a zone of firewalld, or keep them out.",
    options={
        "service": Option(doc="A service, by firewalld's name for it."),
        "protocol": Option(doc="A protocol (`esp`)."),
        "port": Option(doc="A port or a range of them, and its protocol: `8080/tcp`."),
        "port_forward": Option("list", elements="dict", doc="One forwarding: `port`, `proto`, `toport` and `toaddr`."),
        "rich_rule": Option(doc="A rule in firewalld's rich language."),
        "source": Option(doc="A network whose packets are of the zone."),
        "interface": Option(doc="An interface whose packets are of the zone; it leaves the zone it was in."),
        "icmp_block": Option(doc="A type of ICMP that is blocked."),
        "icmp_block_inversion": Option("bool", doc="Whether only the named types of ICMP are let through."),
        "masquerade": Option("bool", doc="Whether packets that leave get the host's own address."),
        "forward": Option("bool", doc="Whether packets go between interfaces of the zone."),
        "zone": Option(doc="The zone; by default firewalld's default one."),
        "default": Option("bool", doc="Whether the zone is the default one."),
        "target": Option(
            choices=("default", "ACCEPT", "DROP", "%%REJECT%%"), doc="What becomes of packets no rule decides."
        ),
        "permanent": Option("bool", doc="At the next boot (and reload)."),
        "immediate": Option("bool", default=False, doc="Now; that is so if `permanent` is not set, too."),
        "state": Option(
            required=True,
            choices=("absent", "disabled", "enabled", "present"),
            doc="Whether it shall be there; present and absent are for zones and targets.",
        ),
        "timeout": Option("int", default=0, doc="Seconds until what is done now is undone by itself."),
        "offline": Option("bool", doc="Where firewalld does not run: do what is permanent, and nothing at once."),
    },
    mutually_exclusive=(_EXCLUSIVE,),
    example="""\
- name: The web server can be reached
  ansible.posix.firewalld:
    service: https
    permanent: true
    immediate: true
    state: enabled
- name: Only this network reaches the database
  ansible.posix.firewalld:
    zone: internal
    source: 192.0.2.0/24
    permanent: true
    state: enabled
""",
    returns={"msg": "What was looked at and what was changed, in the words of Ansible's module."},
)


@dataclass(frozen=True, slots=True)
class _Wish:
    """What is asked for: the thing, whether it shall be there (None: neither), and what is said when that is new."""

    thing: Thing
    wanted: bool | None
    added: str = ""
    removed: str = ""
    changed: str = ""
    only_permanent: bool = False


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """Asks for what is there now and what is stored, and changes what is otherwise. Raises StepError."""
    del desk
    args = call.args
    for option, needed in _NEEDS:
        if args[option] is not None and args[needed] is None:
            raise StepError(f"missing parameter(s) required by '{option}': {needed}")
    wish = _wish(args)
    if wish is None:
        return Outcome(Status.OK, {"msg": ""})
    permanent = bool(args["permanent"])
    immediate = args["immediate"] or not permanent
    if wish.only_permanent and immediate:
        raise StepError(_ONLY_PERMANENT)
    strict = firewalld.NOT_RUNNING if immediate and not (permanent and args["offline"]) else ""
    runners: tuple[str, ...] = ("stored",) * permanent + ("now",) * immediate
    if args["default"] is not None:
        if not permanent:
            raise StepError(_DEFAULT_BOTH)
        runners = ("main",)
    how = _how(permanent, immediate)
    lines = [f"strict={quote(strict)} how={quote(how)}", firewalld.PRELUDE]
    lines.append(firewalld.probe(wish.thing, runners, wanted=wish.wanted))
    if args["default"] is not None and not immediate:
        lines.append(f'[ -z "$daemon" ] || pb_fail {quote(_DEFAULT_BOTH)}')
    if args["zone"] is None and "{zone}" in wish.added:
        lines.append('ask main --get-default-zone; pb_kv zone "$said"')
    act = firewalld.apply(wish.thing, runners, wanted=bool(wish.wanted), timeout_s=args["timeout"])
    return Fragment("\n".join(lines), act, memo={"wish": wish, "permanent": permanent, "immediate": immediate})


def _how(permanent: bool, immediate: bool) -> str:
    if permanent and immediate:
        return "Permanent and Non-Permanent(immediate) operation"
    return "Permanent operation" if permanent else "Non-permanent operation"


def _wish(args: Mapping[str, Any]) -> _Wish | None:
    """What the arguments ask for; None if that is nothing. Raises StepError for what does not go together."""
    state, zone = args["state"], args["zone"]
    named = next((option for option in _EXCLUSIVE if args[option] is not None), None)
    if named not in (None, "target", "default") and state in ("absent", "present"):
        raise StepError("absent and present state can only be used in zone level operations")
    wanted = {"enabled": True, "disabled": False}.get(state)
    if named is None:
        if wanted is not None:
            return None
        if zone is None:
            raise StepError("a zone is needed for the states absent and present")
        texts = (f"Added zone {zone}", f"Removed zone {zone}", f"Changed zone {zone} to {state}")
        return _Wish(firewalld.zone(zone), state == "present", *texts, only_permanent=True)
    if named == "target":
        target = args["target"]
        added, removed = f"Set zone {zone} target to {target}", f"Reset zone {zone} target to default"
        there = state in ("present", "enabled")
        return _Wish(firewalld.target(zone, target), there, added, removed, only_permanent=True)
    if named == "default":
        added = f"Updated default zone to {zone}"
        removed = f"Reverted default zone from {zone} to upstream default {_FALLBACK_ZONE}"
        wanted = (state == "enabled") == args["default"]
        return _Wish(firewalld.default(zone, _FALLBACK_ZONE), wanted, added, removed)
    if named in ("masquerade", "forward", "icmp_block_inversion"):
        thing, wanted = in_zone(zone, named.replace("_", "-")), wanted == args[named]
        if named == "icmp_block_inversion":
            return _Wish(thing, wanted, changed=f"Changed icmp-block-inversion {args[named]} to {state}")
        return _Wish(thing, wanted, f"Added {named} to zone {{zone}}", f"Removed {named} from zone {{zone}}")
    return _in_zone(named, args, wanted)


def _in_zone(named: str, args: Mapping[str, Any], wanted: bool | None) -> _Wish:
    """What is in a zone under a text. Raises StepError."""
    text, zone, state = args[named], args["zone"], args["state"]
    removed = f"Removed {text} from zone {{zone}}"
    if named == "interface":
        return _Wish(in_zone(zone, named, text, adding="change"), wanted, f"Changed {text} to zone {{zone}}", removed)
    if named == "source":
        # A network is in one zone at most.
        other = (
            Known(quote(f"--get-zone-of-source={text}"), zone, f"ZONE_CONFLICT: {text}", alone=True) if zone else None
        )
        return _Wish(in_zone(zone, named, text, known=other), wanted, f"Added {text} to zone {{zone}}", removed)
    flag, shown = named.replace("_", "-"), f"{named} {text}"
    known = None
    if named == "port":
        text = _port(text)
        shown = f"port {text}"
    elif named == "port_forward":
        flag, (text, shown) = "forward-port", _forwarding(text)
    elif named == "icmp_block":
        shown = f"icmp-block {text}"
        known = Known("--get-icmptypes", text, f"INVALID_ICMPTYPE: {text}")
    elif named == "service":
        known = Known("--get-services", text, f"INVALID_SERVICE: {text}")
    thing = in_zone(zone, flag, text, timed=True, known=known)
    return _Wish(thing, wanted, changed=f"Changed {shown} to {state}")


def _port(text: str) -> str:
    """A port and its protocol. Raises StepError."""
    port, _, protocol = text.strip().partition("/")
    if not protocol or "/" in protocol:
        raise StepError("improper port format (missing protocol?)")
    return f"{port}/{protocol}"


def _forwarding(given: list[dict[str, Any]]) -> tuple[str, str]:
    """A forwarding as firewalld writes it, and as the message does. Raises StepError."""
    if len(given) != 1:
        raise StepError("Only one port forward supported at a time")
    (one,) = given
    for key, message in (("port", "port"), ("proto", "proto udp/tcp"), ("toport", "toport")):
        if key not in one:
            raise StepError(f"{message} must be specified for port forward")
    text = f"port={one['port']}:proto={one['proto']}:toport={one['toport']}"
    address = one.get("toaddr") or ""
    return (f"{text}:toaddr={address}" if address else text), f"port_forward {text}:toaddr={address}"


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """Changed when it was otherwise, now or at the next boot."""
    del desk
    if problem := failure(reply):
        return problem
    memo, changed = fragment.memo, reply.differs
    wish, offline = memo["wish"], value(reply, "offline")
    said = [_how(memo["permanent"], memo["immediate"] and not (offline and call.args["default"] is None))]
    if changed:
        text = wish.added if wish.wanted else wish.removed
        said += [text.replace("{zone}", call.args["zone"] or value(reply, "zone"))] if text else []
        said += [wish.changed] if wish.changed else []
    if offline:
        said.append("(offline operation: only on-disk configs were altered)")
    return Outcome(Status.CHANGED if changed else Status.OK, {"msg": ", ".join(said)})
