"""ufw: rules, policies and the state of Ubuntu's "uncomplicated firewall" (community.general.ufw)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from runner.arguments import Option, Spec
from runner.errors import StepError
from runner.model.call import Call, Fragment, Outcome, Reply, Status
from runner.model.ports import Desk
from runner.sh.quote import quote
from runner.sh.verdict import failure, value

COLLECTION = "community.general"

SPEC = Spec(
    doc="Keep rules, policies and the state of the firewall ufw.",
    options={
        "state": Option(choices=("enabled", "disabled", "reloaded", "reset"), doc="Of the firewall itself."),
        "default": Option(
            choices=("allow", "deny", "reject"), aliases=("policy",), doc="What becomes of what no rule decides."
        ),
        "logging": Option(choices=("full", "high", "low", "medium", "off", "on"), doc="How much is logged."),
        "direction": Option(
            choices=("in", "incoming", "out", "outgoing", "routed"),
            doc="`in` or `out` for a rule; incoming, outgoing or routed for a policy.",
        ),
        "delete": Option("bool", default=False, doc="Remove the rule."),
        "route": Option("bool", default=False, doc="The rule is for what is only passed on."),
        "insert": Option("int", doc="The number the rule gets; without it, it comes last."),
        "insert_relative_to": Option(
            default="zero",
            choices=("zero", "first-ipv4", "last-ipv4", "first-ipv6", "last-ipv6"),
            doc="What `insert` counts from.",
        ),
        "rule": Option(choices=("allow", "deny", "limit", "reject"), doc="What the rule does."),
        "interface": Option(aliases=("if",), doc="The interface, with `direction`."),
        "interface_in": Option(aliases=("if_in",), doc="Where it comes in."),
        "interface_out": Option(aliases=("if_out",), doc="Where it goes out."),
        "log": Option("bool", default=False, doc="Log new connections of the rule."),
        "from_ip": Option(default="any", aliases=("from", "src"), doc="From where: an address or a network."),
        "from_port": Option(doc="The port it comes from."),
        "to_ip": Option(default="any", aliases=("dest", "to"), doc="To where: an address or a network."),
        "to_port": Option(aliases=("port",), doc="The port it goes to; several with commas, a range with a colon."),
        "proto": Option(
            aliases=("protocol",),
            choices=("ah", "any", "esp", "ipv6", "tcp", "udp", "gre", "igmp", "vrrp"),
            doc="The protocol.",
        ),
        "name": Option(aliases=("app",), doc="A profile of /etc/ufw/applications.d, instead of ports."),
        "comment": Option(doc="A comment of the rule; without one, a rule loses its own."),
    },
    mutually_exclusive=(("name", "proto", "logging"), ("direction", "interface_in"), ("direction", "interface_out")),
    required_one_of=(("state", "default", "rule", "logging"),),
    example="""\
- name: The web server can be reached
  community.general.ufw:
    rule: allow
    to_port: 80,443
    proto: tcp
- name: Nothing else can
  community.general.ufw:
    default: deny
    direction: incoming
    state: enabled
""",
    returns={"msg": "What `ufw status verbose` says then.", "commands": "The commands of ufw, as they were run."},
)

# `try` runs ufw; `stored` and `planned` are its rules, one a line: those in its files, and those that a dry run would
# write, of each IP version that this run speaks of.
_PRELUDE: Final = r"""
PATH=$PATH:/usr/sbin:/sbin
pb_have ufw || pb_fail "Failed to find required executable \"ufw\" in paths: $PATH"
try() {
  said=$(ufw "$@" 2>"$pb_dir/ufw") && return
  said="$(cat "$pb_dir/ufw")${pb_nl}$said" && said=${said#"$pb_nl"}
  pb_fail "${said%"$pb_nl"}"
}
set_to() { sed -n "s/^$2=[\"']*\([A-Za-z]*\).*/\1/p" "$1" 2>/dev/null | tail -n 1; }
stored() {
  for rules in /etc/ufw/"$1" /lib/ufw/"$1" /var/lib/ufw/"$1"; do
    if [ -e "$rules" ]; then sed -n '/^### tuple/p' "$rules"; return; fi
  done
}
planned() {
  printf '%s\n' "$said" | awk -v wanted="$1" '
    /^:ufw6?-/ { now = substr($0, 5, 1) == "6" ? 6 : 4 }
    /^### tuple/ && now == wanted'
}
speaks() { printf '%s\n' "$said" | grep -q "^:ufw$1-"; }
place() {
  set -- "$1" $(ufw status numbered | awk '
    match($0, /^\[ *[0-9]+\] /) { n = substr($0, 2, RLENGTH - 3) + 0; last = n > last ? n : last
      if (index($0, "(v6)")) six = 1; else four = n > four ? n : four }
    END { print last + 0, four + 0, six + 0 }') "$2"
  case $5 in
  first-ipv4) at=$(($1 + 1)) ;;
  last-ipv4) at=$(($1 + ($3 ? $3 : 1))) ;;
  first-ipv6) at=$(($1 + $3 + 1)) ;;
  last-ipv6) at=$(($1 + $2 + ($4 ? 0 : 1))) ;;
  esac
  [ "$at" -le "$2" ] || at=
}
at=
"""
_STATUS: Final = 'try status verbose; pb_kv status "$said"'
_ACTIVE: Final = (
    'try status verbose; pb_kv status "$said"\ncase $said in "Status: active"*) active=1 ;; *) active= ;; esac'
)
_AT: Final = '${at:+insert "$at"}'
_CHAINS: Final = {None: "INPUT", "incoming": "INPUT", "outgoing": "OUTPUT", "routed": "FORWARD"}
_POLICIES: Final = {"allow": "ACCEPT", "deny": "DROP", "reject": "REJECT"}
_STATES: Final = {"enabled": "enable", "disabled": "disable", "reloaded": "reload", "reset": "reset"}


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """Asks ufw and its files whether something would be otherwise. Raises StepError for what does not go together."""
    del desk
    args = call.args
    if args["interface"] is not None and args["direction"] is None:
        raise StepError("missing parameter(s) required by 'interface': direction")
    probes, applies, commands = [_PRELUDE], [], []
    for option, about in (("state", _state), ("default", _default), ("rule", _rule), ("logging", _logging)):
        if args[option]:
            probe, words = about(args)
            probes.append(probe)
            applies.append(f"try {words}")
            commands.append(f"ufw {words}")
    probes.append(f'if [ -n "$differs" ]; then pb_differs; else {_STATUS}; fi')
    return Fragment("differs=\n" + "\n".join(probes), "\n".join([*applies, _STATUS]), memo={"commands": commands})


def _state(args: Mapping[str, Any]) -> tuple[str, str]:
    wanted = args["state"]
    test = {"enabled": '[ -n "$active" ] || differs=1', "disabled": '[ -z "$active" ] || differs=1'}
    return f"{_ACTIVE}\n{test[wanted]}" if wanted in test else "differs=1", f"-f {_STATES[wanted]}"


def _default(args: Mapping[str, Any]) -> tuple[str, str]:
    """What is stored counts, as it also can be told while the firewall is off."""
    direction, policy = args["direction"], args["default"]
    if direction not in _CHAINS:
        raise StepError(
            'For default, direction must be one of "outgoing", "incoming" and "routed", '
            "or direction must not be specified."
        )
    look = f"$(set_to /etc/default/ufw DEFAULT_{_CHAINS[direction]}_POLICY)"
    return f'[ "{look}" = {_POLICIES[policy]} ] || differs=1', " ".join(["default", policy, *filter(None, [direction])])


def _logging(args: Mapping[str, Any]) -> tuple[str, str]:
    level = args["logging"]
    case = "off | '') differs=1 ;;" if level == "on" else f"{level}) ;; *) differs=1 ;;"
    return f'case "$(set_to /etc/ufw/ufw.conf LOGLEVEL)" in {case} esac', f"logging {level}"


def _rule(args: Mapping[str, Any]) -> tuple[str, str]:
    """ufw's own dry run says which rules it would write; they are compared with those that it has."""
    if args["direction"] not in ("in", "out", None):
        raise StepError('For rules, direction must be one of "in" and "out", or direction must not be specified.')
    if not args["route"] and args["interface_in"] and args["interface_out"]:
        raise StepError("Only route rules can combine interface_in and interface_out")
    number, place, at = args["insert"], "", ""
    if number is not None and not args["delete"]:
        at = f" {_AT}"
        relative = args["insert_relative_to"]
        place = f"at={number}\n" if relative == "zero" else f"place {number} {relative}\n"
        place += 'pb_kv at "$at"\n'
    front = [*(["route"] if args["route"] else []), *(["delete"] if args["delete"] else [])]
    words = " ".join(front) + at + " " + " ".join(map(quote, _words(args)))
    look = "\n".join(
        f'if speaks "{mark}" && [ "$(planned {version})" != "$(stored user{mark}.rules)" ]; then differs=1; fi'
        for version, mark in ((4, ""), (6, "6"))
    )
    return f"{place}try --dry-run {words.strip()}\n{look}", words.strip()


def _words(args: Mapping[str, Any]) -> list[str]:
    """The rule in ufw's long form: what it does, by which interface, from where, to where."""
    found = [args["rule"], *([args["direction"]] if args["direction"] else [])]
    for option, words in (
        ("interface", ("on",)),
        ("interface_in", ("in", "on")),
        ("interface_out", ("out", "on")),
        ("log", ()),
        ("from_ip", ("from",)),
        ("from_port", ("port",)),
        ("to_ip", ("to",)),
        ("to_port", ("port",)),
        ("proto", ("proto",)),
        ("name", ("app",)),
        ("comment", ("comment",)),
    ):
        if args[option]:
            found += [*words, "log" if option == "log" else args[option]]
    return found


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """Changed when ufw had it otherwise. What it says after a change is known when that is made."""
    del desk
    if problem := failure(reply):
        return problem
    at = value(reply, "at")
    values: dict[str, Any] = {
        "commands": [text.replace(_AT, f"insert {at}" if at else "") for text in fragment.memo["commands"]]
    }
    if not (call.check and reply.differs):
        values["msg"] = value(reply, "status")
    return Outcome(Status.CHANGED if reply.differs else Status.OK, values)
