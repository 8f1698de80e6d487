"""A rule of iptables as words of its command line, in the order that Ansible's module gives them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_ICMP: Final = {"ipv4": "--icmp-type", "ipv6": "--icmpv6-type", "both": "--icmp-type"}
_PLACES: Final = (("protocol", "-p"), ("source", "-s"), ("destination", "-d"))
_TARGET: Final = (("log_prefix", "--log-prefix"), ("log_level", "--log-level"), ("to_destination", "--to-destination"))
_PACKET: Final = (
    ("to_source", "--to-source"),
    ("goto", "-g"),
    ("in_interface", "-i"),
    ("out_interface", "-o"),
    ("fragment", "-f"),
    ("set_counters", "-c"),
    ("source_port", "--source-port"),
    ("destination_port", "--destination-port"),
    ("to_ports", "--to-ports"),
)


def words(args: Mapping[str, Any]) -> list[str]:
    """The rule without table, action and chain; [] if nothing was said of one."""
    found = _options(args, *_PLACES)
    for match in args["match"]:
        found += _option(match, "-m")
    flags = args["tcp_flags"] or {}
    if "flags" in flags and "flags_set" in flags:
        found += ["--tcp-flags", _joined(flags["flags"]), _joined(flags["flags_set"])]
    found += _options(args, ("jump", "-j"))
    if (args["jump"] or "").lower() == "tee":
        found += _options(args, ("gateway", "--gateway"))
    found += _options(args, *_TARGET)
    if args["destination_ports"]:
        found += ["-m", "multiport", "--dports", _joined(args["destination_ports"])]
    found += _options(args, *_PACKET)
    for option, flag in (("set_dscp_mark", "--set-dscp"), ("set_dscp_mark_class", "--set-dscp-class")):
        found += _options(args, (option, flag))
        if args[option] and (args["jump"] or "").lower() != "dscp":
            found += ["-j", "DSCP"]
    found += {"match": ["--syn"], "negate": ["!", "--syn"]}.get(args["syn"], [])
    return found + _state(args) + _matches(args) + _ending(args)


def _joined(value: Any) -> str:
    return value if isinstance(value, str) else ",".join(map(str, value))


def _option(text: str | None, flag: str) -> list[str]:
    """The option and its value; `!` before the value turns it round."""
    if text is None:
        return []
    return ["!", flag, text[1:]] if text.startswith("!") else [flag, text]


def _options(args: Mapping[str, Any], *pairs: tuple[str, str]) -> list[str]:
    return [word for name, flag in pairs for word in _option(args[name], flag)]


def _state(args: Mapping[str, Any]) -> list[str]:
    """The connection's state: the match that was named is used, else conntrack is."""
    if not args["ctstate"]:
        return []
    states = ",".join(args["ctstate"])
    if "conntrack" in args["match"]:
        return ["--ctstate", states]
    return ["--state", states] if "state" in args["match"] else ["-m", "conntrack", "--ctstate", states]


def _matches(args: Mapping[str, Any]) -> list[str]:
    """Options of matches, each with its match in front unless that was named."""
    found: list[str] = []
    for match, pairs in (
        ("iprange", (("src_range", "--src-range"), ("dst_range", "--dst-range"))),
        ("set", (("match_set", "--match-set"),)),
    ):
        given = _options(args, *pairs)
        if given:
            found += ([] if match in args["match"] else ["-m", match]) + given
        if match == "set" and given and args["match_set_flags"]:
            found.append(args["match_set_flags"])
    limits = _options(args, ("limit", "--limit"), ("limit_burst", "--limit-burst"))
    found += ["-m", "limit", *limits] if limits else []
    for option in ("uid_owner", "gid_owner"):
        if args[option]:
            found += ["-m", "owner", *_options(args, (option, f"--{option.replace('_', '-')}"))]
    return found


def _ending(args: Mapping[str, Any]) -> list[str]:
    found = ["-j", "REJECT"] if args["jump"] is None and args["reject_with"] else []
    found += _options(args, ("reject_with", "--reject-with"), ("icmp_type", _ICMP[args["ip_version"]]))
    return found + (["-m", "comment", "--comment", args["comment"]] if args["comment"] else [])
