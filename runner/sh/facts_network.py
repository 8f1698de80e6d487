"""Interfaces, addresses and default routes of a host, from `ip`, or without it from ifconfig and /proc/net."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Final

from runner.model.quick import dataclass
from runner.sh.facts_source import Facts, Source

Interfaces = dict[str, dict[str, Any]]

_TYPES: Final = MappingProxyType({"1": "ether", "32": "infiniband", "512": "ppp", "772": "loopback", "65534": "tunnel"})
_CLASS_NET: Final = re.compile(r"/sys/class/net/([^/]+)/(.+)")


@dataclass(frozen=True, slots=True)
class Address:
    """One address of an interface. `label` is what `ip` calls it there (`eth0:1`)."""

    device: str
    family: int
    address: str
    prefix: str
    broadcast: str = ""
    scope: str = ""
    label: str = ""
    secondary: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """How the world is reached: interface, own address and gateway; "" where not known."""

    interface: str = ""
    address: str = ""
    gateway: str = ""


def network(source: Source) -> Facts:
    """All facts of the section `network`."""
    interfaces = _of_sysfs(source)
    if "ip_addr" in source.values:
        addresses = list(_of_ip(source.get("ip_addr")))
        routes = {4: _route_of_ip(source.get("ip_route4")), 6: _route_of_ip(source.get("ip_route6"))}
    else:
        addresses = list(_of_ifconfig(source.get("ifconfig"), interfaces)) or list(_of_proc(source))
        routes = _routes_without_ip(source, addresses)
    for address in addresses:
        _put(interfaces, address)
    shown = {name.replace(":", "_"): facts for name, facts in interfaces.items()}
    return {
        **shown,
        "interfaces": list(shown),
        "all_ipv4_addresses": [a.address for a in addresses if a.family == 4 and not a.address.startswith("127.")],
        "all_ipv6_addresses": [a.address for a in addresses if a.family == 6 and a.address != "::1"],
        "default_ipv4": _default(routes[4], interfaces, addresses),
        "default_ipv6": _default(routes[6], interfaces, addresses),
        "locally_reachable_ips": _local(source.get("ip_local")),
    }


def _of_sysfs(source: Source) -> Interfaces:
    """Interfaces as Linux shows them below /sys/class/net."""
    found: Interfaces = {}
    for path, lines in source.files.items():
        match = _CLASS_NET.fullmatch(path)
        if match and lines:
            one = found.setdefault(match[1], {"device": match[1]})
            one.update(_property(match[2], lines[0].strip()))
    return found


def _property(name: str, value: str) -> dict[str, Any]:
    """One file of an interface as facts."""
    if name == "address":
        return {"macaddress": value} if value not in ("", "00:00:00:00:00:00") else {}
    if name == "mtu":
        return {"mtu": int(value)}
    if name == "operstate":
        return {"active": value != "down"}
    if name == "type":
        return {"type": _TYPES.get(value, "unknown")}
    if name == "flags":
        return {"promisc": bool(int(value, 16) & 0x0100)}
    if name == "speed":
        return {"speed": int(value)}
    if name.startswith("bridge/"):
        shown: dict[str, Any] = {"stp": value == "1"} if name == "bridge/stp_state" else {"id": value}
        return {"type": "bridge", **shown}
    if name.startswith("bonding/"):
        key = name.removeprefix("bonding/")
        return {"type": "bonding", key: value.split() if key == "slaves" else value.partition(" ")[0]}
    return {}


def _of_ip(text: str) -> Iterator[Address]:
    """The lines of `ip -o addr show`, one address each."""
    for line in text.splitlines():
        words = line.partition("\\")[0].split()
        if len(words) < 4 or words[2] not in ("inet", "inet6"):
            continue
        options = words[4:]
        named = dict(pairwise(options))
        address, _, prefix = words[3].partition("/")
        if "peer" in named:
            prefix = named["peer"].partition("/")[2] or prefix
        six = words[2] == "inet6"
        yield Address(
            device=words[1].partition("@")[0],
            family=6 if six else 4,
            address=address,
            prefix=prefix or ("128" if six else "32"),
            broadcast=named.get("brd", ""),
            scope=named.get("scope", ""),
            label=words[-1],
            secondary="secondary" in options,
        )


def _route_of_ip(text: str) -> Route:
    """The first line of `ip route get`: `8.8.8.8 via 192.0.2.1 dev eth0 src 192.0.2.2 uid 0`."""
    words = text.partition("\n")[0].split()
    named = dict(pairwise(words))
    if not words or words[0] not in ("8.8.8.8", "2404:6800:400a:800::1012"):
        return Route()
    return Route(named.get("dev", ""), named.get("src", ""), named.get("via", ""))


def _of_ifconfig(text: str, interfaces: Interfaces) -> Iterator[Address]:
    """`ifconfig -a` as net-tools, busybox and the BSDs print it; what only it knows goes into `interfaces`."""
    device = ""
    for line in text.splitlines():
        if match := re.match(r"([^\s:]+(?::\d+)?):?\s", line):
            device = match[1]
            one = interfaces.setdefault(device, {"device": device})
            if mtu := re.search(r"mtu (\d+)", line):
                one.setdefault("mtu", int(mtu[1]))
            one.setdefault("active", bool(re.search(r"<[^>]*\bUP\b", line)) or one.get("active", False))
        if match := re.search(r"\b(?:ether|HWaddr|lladdr) ([0-9a-fA-F:]{17})", line):
            interfaces[device].setdefault("macaddress", match[1].lower())
        if match := re.search(r"\binet (?:addr:)?([\d.]+)", line):
            mask = re.search(r"(?:netmask |Mask:)(0x[0-9a-f]+|[\d.]+)", line)
            cast = re.search(r"(?:broadcast |Bcast:)([\d.]+)", line)
            yield Address(device, 4, match[1], _prefix(mask[1] if mask else ""), cast[1] if cast else "", label=device)
        if match := re.search(r"\binet6 (?:addr: ?)?([0-9a-f:]+)(?:%\w+)?(?:/(\d+)|.*prefixlen (\d+))", line):
            scope = re.search(r"[Ss]cope:?\s?(?:id )?(\w+)", line)
            yield Address(device, 6, match[1], match[2] or match[3], scope=scope[1].lower() if scope else "")


def _prefix(mask: str) -> str:
    """A netmask, dotted or in hex, as the number of its bits."""
    number = int(mask, 16) if mask.startswith("0x") else int(ipaddress.IPv4Address(mask)) if mask else 0xFFFFFFFF
    return str((number & 0xFFFFFFFF).bit_count())


def _lines(source: Source, path: str) -> list[list[str]]:
    prefix = f"{path}:"
    said = source.get("proc_net").splitlines()
    return [line.removeprefix(prefix).split() for line in said if line.startswith(prefix)]


def _reversed(number: str) -> str:
    """An IPv4 address as /proc/net/route writes it on a little-endian machine."""
    return str(ipaddress.IPv4Address(int.from_bytes(bytes.fromhex(number), "little")))


def _of_proc(source: Source) -> Iterator[Address]:
    """Addresses from /proc/net alone: those of the kernel's local table, put to the interface whose net holds them."""
    nets = [
        (ipaddress.IPv4Network(f"{_reversed(words[1])}/{_reversed(words[7])}", strict=False), words[0])
        for words in _lines(source, "/proc/net/route")[1:]
        if len(words) > 7 and words[7] != "00000000"
    ]
    seen: set[str] = set()
    before: list[str] = []
    for words in _lines(source, "/proc/net/fib_trie"):
        if words[:2] == ["/32", "host"] and words[-1] == "LOCAL" and before[:1] == ["|--"] and before[1] not in seen:
            seen.add(before[1])
            own = ipaddress.IPv4Address(before[1])
            net, device = next(((net, name) for net, name in nets if own in net), (None, ""))
            if own.is_loopback:
                yield Address("lo", 4, before[1], "8", label="lo")
            elif net is not None:
                cast = str(net.broadcast_address)
                yield Address(device, 4, before[1], str(net.prefixlen), cast, label=device)
        before = words
    for words in _lines(source, "/proc/net/if_inet6"):
        if len(words) == 6:
            scope = {"00": "global", "10": "host", "20": "link", "40": "site"}.get(words[3], "")
            yield Address(
                words[5], 6, str(ipaddress.IPv6Address(bytes.fromhex(words[0]))), str(int(words[2], 16)), scope=scope
            )


def _routes_without_ip(source: Source, addresses: list[Address]) -> dict[int, Route]:
    """Default routes from `route -n get default` (BSD) or /proc/net (Linux)."""
    device = gateway = six = gateway6 = ""
    said = dict(re.findall(r"^\s*(interface|gateway): (\S+)", source.get("route"), re.MULTILINE))
    if said:
        device, gateway = said.get("interface", ""), said.get("gateway", "")
    for words in _lines(source, "/proc/net/route"):
        if len(words) > 7 and words[1] == words[7] == "00000000" and not device:
            device, gateway = words[0], _reversed(words[2])
    for words in _lines(source, "/proc/net/ipv6_route"):
        if len(words) > 9 and words[0] == "0" * 32 and words[1] == "00" and words[9] != "lo" and not six:
            six, gateway6 = words[9], str(ipaddress.IPv6Address(bytes.fromhex(words[4])))
    four = next((a.address for a in addresses if a.family == 4 and a.device == device), "")
    wide = next((a.address for a in addresses if a.family == 6 and a.device == six and a.scope == "global"), "")
    return {4: Route(device, four, gateway), 6: Route(six, wide, gateway6)}


def _put(interfaces: Interfaces, address: Address) -> None:
    """The address at its interface: the first IPv4 one as `ipv4`, others as secondaries, all IPv6 ones in a list."""
    one = interfaces.setdefault(address.device, {"device": address.device})
    if address.family == 6:
        shown = {"address": address.address, "prefix": address.prefix, "scope": address.scope}
        one.setdefault("ipv6", []).append(shown)
        return
    facts = _ipv4(address)
    if address.secondary or "ipv4" in one:
        one.setdefault("ipv4_secondaries", []).append(facts)
    else:
        one["ipv4"] = facts


def _ipv4(address: Address) -> dict[str, str]:
    net = ipaddress.IPv4Network(f"{address.address}/{address.prefix}", strict=False)
    return {
        "address": address.address,
        "broadcast": address.broadcast,
        "netmask": str(net.netmask),
        "network": str(net.network_address),
        "prefix": address.prefix,
    }


def _default(route: Route, interfaces: Interfaces, addresses: list[Address]) -> Facts:
    """default_ipv4 and default_ipv6: the route, and what is known of its address and interface."""
    facts: Facts = {key: getattr(route, key) for key in ("gateway", "interface", "address") if getattr(route, key)}
    own = next((a for a in addresses if a.address == route.address), None)
    if own is None:
        return facts
    if own.family == 4:
        facts |= {**_ipv4(own), "alias": own.label}
    else:
        facts |= {"prefix": own.prefix, "scope": own.scope}
    device = interfaces.get(own.device, {})
    facts |= {key: device[key] for key in ("macaddress", "mtu") if key in device}
    facts["type"] = device.get("type", "unknown")
    return facts


def _local(text: str) -> Facts:
    """What the kernel's local tables hold, by family, each once."""
    found = [words[1] for words in map(str.split, text.splitlines()) if len(words) > 1 and words[0] == "local"]
    return {
        "ipv4": list(dict.fromkeys(item for item in found if ":" not in item)),
        "ipv6": list(dict.fromkeys(item for item in found if ":" in item)),
    }
