"""What setup and gather_facts share: subsets, the fragment that asks, and the facts made of the answers.

Facts have no `ansible_` prefix here. They are data about a host, and only that: nothing in the program acts on them.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from runner.arguments import Option
from runner.model.call import Call, Effect, Fragment, Outcome, Reply, Status, failed
from runner.sh.facts_clock import date_time
from runner.sh.facts_distribution import distribution
from runner.sh.facts_hardware import hardware
from runner.sh.facts_local import local
from runner.sh.facts_network import network
from runner.sh.facts_script import SECTIONS, script
from runner.sh.facts_source import Facts, Source, source
from runner.sh.facts_system import package_manager, service_manager, system
from runner.sh.facts_virtual import virtual
from runner.sh.verdict import failure

OPTIONS: Final[Mapping[str, Option]] = {
    "gather_subset": Option(
        "list", default=["all"], elements="str", doc="`all`, `min`, `network`, `hardware`, `virtual`; `!x` leaves out."
    ),
    "gather_timeout": Option(
        "int", default=10, doc="Seconds that one slow question (a name server, a mount) may take."
    ),
    "filter": Option(
        "list", default=[], elements="str", doc="Patterns of facts to give back, with or without `ansible_`."
    ),
    "fact_path": Option("path", default="/etc/ansible/facts.d", doc="The host's folder of local facts (`*.fact`)."),
}

# Ansible's subsets and the section of the script that answers them.
_MIN: Final = (
    *("apparmor", "caps", "cmdline", "date_time", "distribution", "dns", "env", "fips", "lsb"),
    *("pkg_mgr", "platform", "python", "selinux", "service_mgr", "ssh_pub_keys", "user", "system_capabilities"),
    *("fqdn", "hostname", "machine", "kernel", "system", "domain", "nodename", "os_family", "architecture"),
    *("distribution_major_version", "distribution_release", "distribution_version", "user_id", "env", "chroot"),
    *("ssh_host_pub_keys", "machine_id", "python_version", "is_chroot", "systemd"),
)
_OTHERS: Final = {
    "network": (
        *("network", "interfaces", "default_ipv4", "default_ipv6", "all_ipv4_addresses", "all_ipv6_addresses"),
        *("ipv4_address", "ipv6_address", "fibre_channel_wwn", "iscsi"),
    ),
    "hardware": (
        *("hardware", "mounts", "devices", "memory", "cpu", "dmi", "processor", "processor_cores", "loadavg", "uptime"),
        *("processor_count", "swaptotal_mb", "memtotal_mb", "memfree_mb", "uptime_seconds", "lvm"),
    ),
    "virtual": (
        *("virtual", "virtualization_type", "virtualization_role"),
        *("virtualization_tech_guest", "virtualization_tech_host"),
    ),
}
_SECTION_OF: Final = {
    "local": "local",
    **dict.fromkeys(_MIN, "min"),
    **{name: section for section, names in _OTHERS.items() for name in names},
}
# Subsets that other programs answer (`facter`, `ohai`): accepted, and empty here.
_ELSEWHERE: Final = ("facter", "ohai")
_GROUPS: Final = ("all", "min")
_MINIMAL: Final = frozenset({"min", "local"})


def sections(subset: Sequence[str]) -> frozenset[str]:
    """The sections that `gather_subset` asks for. Raises ValueError with Ansible's text for an unknown name.

    https://docs.ansible.com/ansible/latest/collections/ansible/builtin/setup_module.html
    """
    words = [word.strip() for word in subset]
    for word in words:
        if word.removeprefix("!") not in (*_SECTION_OF, *_GROUPS, *_ELSEWHERE):
            allowed = ", ".join(sorted({*_SECTION_OF, *_GROUPS, *_ELSEWHERE}))
            raise ValueError(f"Bad subset '{word}' given to Ansible. gather_subset options allowed: {allowed}")
    plain = [word for word in words if not word.startswith("!")]
    named = {_SECTION_OF[word] for word in plain if word in _SECTION_OF}
    if "min" in plain:
        named.update(_MINIMAL)
    implied = {*(SECTIONS if "all" in plain or not plain else ()), *_MINIMAL}
    for word in words:
        if word == "!all":  # leaves the minimum, which only "!min" takes away
            implied.intersection_update(_MINIMAL)
        elif word == "!min":
            implied.difference_update(_MINIMAL)
        elif word.removeprefix("!") in SECTIONS and word.startswith("!"):
            implied.discard(
                word.removeprefix("!")
            )  # a single fact is not left out: it costs nothing beside its section
    return frozenset(named | implied)


def ask(call: Call) -> Fragment | Outcome:
    """The fragment that asks for the facts; it only reads, so a dry run asks the same."""
    args = call.args
    try:
        wanted = sections(args["gather_subset"] or ["all"])
    except ValueError as error:
        return failed(str(error))
    text = script(wanted, args["fact_path"] or "/nonexistent", max(args["gather_timeout"], 1))
    return Fragment(probe=text, effect=Effect.READ, memo={"sections": tuple(sorted(wanted))})


def answer(call: Call, fragment: Fragment, reply: Reply) -> Outcome:
    """The outcome with the facts that pass the filter."""
    broken = failure(reply)
    if broken:
        return broken
    facts = gather(source(reply.values), frozenset(fragment.memo["sections"]))
    facts |= {"gather_subset": list(call.args["gather_subset"]), "module_setup": True}
    facts = _filtered(facts, call.args["filter"])
    return Outcome(Status.OK, facts=facts)


def gather(answers: Source, wanted: frozenset[str]) -> Facts:
    """All facts of these sections. An answer that has not the form it should have costs only the facts made of it."""
    facts: Facts = {}
    # First, so that an interface with the name of a fact does not hide it.
    if "network" in wanted:
        facts |= _surely(network, answers)
    if "min" in wanted:
        facts |= _surely(system, answers)
        facts |= _surely(distribution, answers)
        facts["date_time"] = _surely(date_time, answers)
        facts["pkg_mgr"] = package_manager(answers, str(facts.get("os_family", "")))
        facts["service_mgr"] = service_manager(answers, str(facts.get("distribution", "")))
    if "local" in wanted:
        facts["local"] = _surely(local, answers)
    if "hardware" in wanted:
        facts |= _surely(hardware, answers)
    if "virtual" in wanted:
        facts |= _surely(virtual, answers)
    return facts


def _surely(parser: Callable[[Source], Facts], answers: Source) -> Facts:
    """The parser's facts; none when the host's text makes no sense to it, since a host may say anything."""
    try:
        return parser(answers)
    except (ValueError, LookupError, ArithmeticError, OSError):
        return {}


def _filtered(facts: Facts, patterns: Sequence[str]) -> dict[str, Any]:
    """The facts whose name, with or without `ansible_`, fits one of the patterns; all if there is none."""
    if not patterns or "*" in patterns or "" in patterns:
        return facts
    bare = [pattern.removeprefix("ansible_") for pattern in patterns]
    both = [*bare, *patterns]
    return {
        name: value
        for name, value in facts.items()
        if any(fnmatch.fnmatchcase(name, one) or fnmatch.fnmatchcase(f"ansible_{name}", one) for one in both)
    }
