"""iptables: rules, chains and policies of the host's packet filter (ansible.builtin.iptables)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from runner.arguments import Option, Spec
from runner.errors import StepError
from runner.model.call import Call, Fragment, Outcome, Reply, Status
from runner.model.ports import Desk
from runner.sh import firewall_rule
from runner.sh.quote import quote
from runner.sh.verdict import failure

_LEVELS: Final = (*"01234567", "emerg", "alert", "crit", "error", "warning", "notice", "info", "debug")
_TEXTS: Final[Mapping[str, str]] = {
    "chain": "The chain.",
    "rule_num": "Where to insert it; without it, first.",
    "protocol": "The protocol; like most of these, `!` before it turns it round.",
    "wait": "Seconds to wait for others who change rules.",
    "source": "From where: an address or network.",
    "to_source": "The new source (SNAT).",
    "destination": "To where: an address or network.",
    "to_destination": "The new destination (DNAT).",
    "jump": "What becomes of the packet: a target or a chain.",
    "gateway": "Where TEE sends the copy.",
    "log_prefix": "What stands before each line of the log.",
    "goto": "The chain to go on in.",
    "in_interface": "Where it comes in.",
    "out_interface": "Where it goes out.",
    "fragment": "Second and further fragments.",
    "set_counters": "Packets and bytes the rule begins with.",
    "source_port": "The port it comes from, or a range.",
    "destination_port": "The port it goes to, or a range.",
    "to_ports": "The new ports (REDIRECT).",
    "set_dscp_mark": "The DSCP mark to set.",
    "set_dscp_mark_class": "The DSCP class to set.",
    "comment": "A comment.",
    "src_range": "From where: a range of addresses.",
    "dst_range": "To where: a range of addresses.",
    "match_set": "The ipset to look into.",
    "limit": "How often it matches at most.",
    "limit_burst": "How often before that limit holds.",
    "uid_owner": "Whose packets (locally made ones).",
    "gid_owner": "Which group's packets.",
    "reject_with": "What the sender is told.",
    "icmp_type": "The type of ICMP.",
}
SPEC = Spec(
    doc="Keep a rule, a chain or a policy of the packet filter.",
    options={
        **{name: Option(doc=doc) for name, doc in _TEXTS.items()},
        "table": Option(default="filter", choices=("filter", "nat", "mangle", "raw", "security"), doc="The table."),
        "state": Option(default="present", choices=("absent", "present"), doc="Whether it shall be there."),
        "action": Option(default="append", choices=("append", "insert"), doc="Where a new rule goes."),
        "ip_version": Option(default="ipv4", choices=("ipv4", "ipv6", "both"), doc="iptables, ip6tables, or both."),
        "match": Option("list", default=[], elements="str", doc="Matches to use, by name."),
        "tcp_flags": Option("dict", doc="`flags` to look at, and `flags_set` that must be set of them."),
        "log_level": Option(choices=_LEVELS, doc="The level of the log."),
        "destination_ports": Option("list", default=[], elements="str", doc="Ports it goes to, several at once."),
        "ctstate": Option("list", default=[], elements="str", doc="States of the connection."),
        "match_set_flags": Option(
            choices=("src", "dst", "src,dst", "dst,src", "src,src", "dst,dst"), doc="Which address is looked up."
        ),
        "syn": Option(default="ignore", choices=("ignore", "match", "negate"), doc="Whether it opens a connection."),
        "flush": Option("bool", default=False, doc="Remove all rules of the chain, or of the table."),
        "policy": Option(choices=("ACCEPT", "DROP", "QUEUE", "RETURN"), doc="What becomes of what no rule decides."),
        "chain_management": Option("bool", default=False, doc="Without a rule: make or remove the chain itself."),
        "numeric": Option("bool", default=False, doc="Ask for lists without names of addresses."),
    },
    mutually_exclusive=(("set_dscp_mark", "set_dscp_mark_class"), ("flush", "policy")),
    required_if=(("jump", "TEE", ("gateway",)), ("jump", "tee", ("gateway",)), ("flush", False, ("chain",))),
    example="""\
- name: The web server's ports
  ansible.builtin.iptables:
    chain: INPUT
    protocol: tcp
    destination_ports: ["80", "443"]
    ctstate: NEW
    jump: ACCEPT
""",
    returns={"rule": "The rule as iptables has it.", "chain": "The chain.", "table": "The table."},
)


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """Asks the tool itself whether the rule, chain or policy is there."""
    del desk
    args = _logging(call.args)
    for option in ("set_dscp_mark", "set_dscp_mark_class"):
        if args[option] is not None and args["jump"] is None:
            raise StepError(f"missing parameter(s) required by '{option}': jump")
    if (args["chain"] or "").startswith("-"):
        raise StepError(f"{args['chain']!r} is no chain")
    tools = {"ipv4": ["iptables"], "ipv6": ["ip6tables"], "both": ["iptables", "ip6tables"]}[args["ip_version"]]
    probes, applies = [], []
    for tool in tools:
        probe, apply = _texts(args, tool)
        probes.append(
            f'pb_have {tool} || pb_fail "Failed to find required executable \\"{tool}\\" in paths: $PATH"\n'
            f'pb_do_{tool}=\n{probe}\n[ -z "$pb_do_{tool}" ] || pb_differs'
        )
        applies.append(f'[ -z "$pb_do_{tool}" ] || {apply} || exit')
    return Fragment("PATH=$PATH:/usr/sbin:/sbin\n" + "\n".join(probes), "\n".join(applies))


def _logging(args: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is said of the log means the target LOG. Raises StepError for another one."""
    if not (args["log_prefix"] or args["log_level"]):
        return args
    if args["jump"] not in (None, "LOG"):
        raise StepError("Logging options can only be used with the LOG jump target.")
    return {**args, "jump": "LOG"}


def _texts(args: Mapping[str, Any], tool: str) -> tuple[str, str]:
    """Sets pb_do_TOOL if something has to be done; and what does it."""
    todo = f"pb_do_{tool}=1"
    rule = firewall_rule.words(args)

    def run(action: str, *more: str) -> str:
        wait = ["-w", args["wait"]] if args["wait"] else []
        chain = [args["chain"]] if args["chain"] is not None else []
        return " ".join(
            quote(word) for word in (tool, "-t", args["table"], action, *chain, *more[:1], *wait, *more[1:])
        )

    if args["flush"]:
        return todo, run("-F")
    listed = run("-L", *(["-n"] if args["numeric"] else []))
    if args["policy"]:
        look = (
            f'pb_list=$({run("-S")}) || exit; pb_first=${{pb_list%%"$pb_nl"*}}\n'
            f'case $pb_first in "-P "*) ;; *) pb_fail "Can\'t detect current policy" ;; esac\n'
            f'case $pb_first in *" {args["policy"]}") ;; *) {todo} ;; esac'
        )
        return look, run("-P", args["policy"])
    if not rule:
        wanted, action = ("||", "-N") if args["state"] == "present" else ("&&", "-X")
        act = run(action) if args["chain_management"] else ":"
        return (
            f"if {listed} >/dev/null 2>&1; then pb_there=0; else pb_there=1; fi\n(exit $pb_there) {wanted} {todo}",
            act,
        )
    there = f"{_run_rule(run, '-C', rule)} >/dev/null 2>&1"
    if args["state"] == "absent":
        return f"! {there} || {todo}", _run_rule(run, "-D", rule)
    if args["action"] == "insert":
        place = [args["rule_num"]] if args["rule_num"] else []
        return f"{there} || {todo}", " ".join([run("-I", *place), *map(quote, rule)])
    return f"{there} || {todo}", _run_rule(run, "-A", rule)


def _run_rule(run: Any, action: str, rule: list[str]) -> str:
    return " ".join([run(action), *map(quote, rule)])


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """Changed when the tool did not have it so."""
    del fragment, desk
    if problem := failure(reply):
        return problem
    args = call.args
    names = ("ip_version", "table", "chain", "flush", "state", "chain_management", "wait")
    values = {**{name: args[name] for name in names}, "rule": " ".join(firewall_rule.words(args))}
    return Outcome(Status.CHANGED if reply.differs else Status.OK, values)
