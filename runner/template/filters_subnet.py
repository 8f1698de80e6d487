"""Filters that reckon with addresses and networks: ipsubnet, ipmath, nthhost, network_in_network, cidr_merge …

https://docs.ansible.com/ansible/latest/collections/ansible/utils/index.html
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

from runner.errors import TemplateError
from runner.template.filters_network import Seen, ask, see, shown
from runner.template.filters_text import as_text
from runner.template.limits import MAX_LENGTH, too_much
from runner.template.markers import type_name

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _wrong(message: str) -> TemplateError:
    return TemplateError(message, kind="type")


def _address(value: Any) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    seen = see(value)
    if seen is None or seen.sized:
        raise _wrong(f"You must pass a valid IP address; {value} is invalid")
    return seen.it.ip


def _number(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        raise _wrong(f"You must pass an integer; {value} is not a valid integer") from None


def ipsubnet(value: Any, query: Any = "", index: Any = None) -> Any:
    """The network; how many smaller ones of a prefix (`query`) it has, the one at `index`; its place in another one."""
    seen = see(value) if value and value is not True else None
    if seen is None:
        return False
    text = as_text(query)
    network = _cut(seen)
    if not text:
        return _text(network)
    if not text.isdigit():
        return _place(network, text)
    prefix = int(text)
    if prefix > network.max_prefixlen:
        return False
    if network.num_addresses == 1:
        return _above(network, prefix, index)
    return _below(network, prefix, index)


def _cut(seen: Seen) -> Network:
    return seen.it.network


def _text(network: Network) -> str:
    return f"{shown(network.network_address)}/{network.prefixlen}"


def _above(network: Network, prefix: int, index: Any) -> Any:
    """Of a lone address: the network of `prefix` around it, or the one `index` steps further in."""
    place = 0 if index is None else _number(index)
    bits = network.max_prefixlen
    if index is not None and (place > bits + 1 - place or place < prefix - bits):
        return False
    return _text(network.supernet(new_prefix=range(prefix, bits)[place]))


def _below(network: Network, prefix: int, index: Any) -> Any:
    if index is None:
        if prefix < network.prefixlen:
            raise _wrong(f"Requested subnet size of {prefix} is invalid")
        return str(2 ** (prefix - network.prefixlen))
    parts = 2 ** (prefix - network.prefixlen)
    place = _number(index)
    place += int(parts) if place < 0 else 0
    if not 0 <= place < parts:
        return False
    first = int(network.network_address) + (place << network.max_prefixlen - prefix)
    return f"{shown(type(network.network_address)(first))}/{prefix}"


def _place(network: Network, text: str) -> str:
    """Which part of the larger network `text` it is, counted from 1."""
    around = see(text)
    if around is None:
        raise _wrong(f"You must pass a valid subnet or IP address; {text} is invalid")
    outer = around.it.network
    if outer.version != network.version or not network.subnet_of(outer):  # type: ignore[arg-type]
        raise _wrong(f"{network} is not in the subnet {outer}")
    offset = int(network.network_address) - int(outer.network_address)
    return str((offset >> network.max_prefixlen - network.prefixlen) + 1)


def ipmath(value: Any, amount: Any) -> str:
    """The address `amount` further."""
    seen = see(value) if isinstance(value, str) else None
    if seen is None:
        raise _wrong(f"You must pass a valid IP address; {value} is invalid")
    return seen.address(int(seen.it.ip) + _number(amount))


def nthhost(value: Any, query: Any = "") -> Any:
    """The address at a place of the network."""
    seen = see(value)
    if seen is None or as_text(query) == "":
        return False
    try:
        place = int(query)
    except ValueError:
        return False
    network = seen.it.network
    return shown(network[place]) if place < seen.size else False


def _step(value: Any, offset: Any) -> Any:
    seen = see(value)
    if seen is None:
        return False
    wanted = (int(seen.it.network.network_address) if seen.is_network else int(seen.it.ip)) + _number(offset)
    if seen.size == 1:
        return None
    low, high = seen.usable()
    return seen.address(wanted) if low <= wanted <= high else None


def next_nth_usable(value: Any, offset: Any) -> Any:
    """The address `offset` further, if a host may have it."""
    return _step(value, offset)


def previous_nth_usable(value: Any, offset: Any) -> Any:
    """The address `offset` before, if a host may have it."""
    return _step(value, -_number(offset))


def _span(value: Any) -> tuple[int, int, int] | None:
    """Version, first and last address of a network, or of a lone address."""
    seen = see(value) if value and value is not True else None
    if seen is None:
        return None
    network = seen.it.network
    return network.version, int(network.network_address), int(network.broadcast_address)


def _inside(inner: Any, outer: tuple[int, int, int] | None) -> bool:
    span = _span(inner)
    if span is None or outer is None:
        return False
    return span[0] == outer[0] and outer[1] <= span[1] and span[2] <= outer[2]


def network_in_network(value: Any, test: Any) -> bool:
    """Whether the address or network `test` is in the network `value`."""
    return _inside(test, _span(value))


def network_in_usable(value: Any, test: Any) -> bool:
    """The same, without the addresses that no host may have."""
    seen = see(value)
    outer = _span(value)
    if seen is not None and seen.size > 1 and outer is not None:
        outer = (outer[0], *seen.usable())
    return _inside(test, outer)


def reduce_on_network(value: Any, network: Any) -> list[Any]:
    """Those of a list that are in a network."""
    outer = _span(network)
    return [part for part in value if _inside(part, outer)]


def cidr_merge(value: Any, action: str = "merge") -> Any:
    """The fewest networks that have the same addresses, or (`span`) the smallest one around all."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise _wrong(f"cidr_merge: expected iterable, got {type_name(value)!r}")
    if action not in ("merge", "span"):
        raise _wrong(f"cidr_merge: invalid action {action!r}")
    networks = [_network(part) for part in value]
    if action == "span":
        return _spanning(networks)
    fours = [part for part in networks if isinstance(part, ipaddress.IPv4Network)]
    sixes = [part for part in networks if isinstance(part, ipaddress.IPv6Network)]
    merged: list[Network] = [*ipaddress.collapse_addresses(fours), *ipaddress.collapse_addresses(sixes)]
    return [_text(part) for part in merged]


def _network(value: Any) -> Network:
    seen = see(value)
    if seen is None:
        raise _wrong(f"cidr_merge: invalid network {value!r}")
    return seen.it.network


def _spanning(networks: list[Network]) -> Any:
    if not networks:
        return None
    if len({part.version for part in networks}) > 1:
        raise _wrong("cidr_merge: IPv4 and IPv6 cannot be spanned together")
    wide = networks[0]
    first = min(int(part.network_address) for part in networks)
    last = max(int(part.broadcast_address) for part in networks)
    while not (int(wide.network_address) <= first and last <= int(wide.broadcast_address)):
        wide = wide.supernet()
    return _text(wide)


def ip4_hex(arg: Any, delimiter: str = "") -> str:
    """An IPv4 address in hex."""
    return delimiter.join(f"{number:02x}" for number in _address(arg).packed)


def ipcut(value: Any, amount: Any) -> str:
    """The first bits of an address, or (a negative number) the last ones."""
    address = _address(value)
    bits = f"{int(address):0{address.max_prefixlen}b}"
    amount = _number(amount)
    rest = bits[amount:] if amount < 0 else bits[:amount]
    width = 16 if address.version == 6 else 8
    parts = [int(rest[place : place + width], 2) for place in range(0, len(rest), width)]
    return ":".join(f"{part:x}" for part in parts) if address.version == 6 else ".".join(map(str, parts))


def ipwrap(value: Any, query: Any = "") -> Any:
    """IPv6 addresses in brackets; everything else as it is."""
    if isinstance(value, list | tuple):
        return [ipwrap(part, query) if isinstance(part, str) else part for part in value]
    if not isinstance(value, str | bool):
        raise _wrong(f"ipwrap: unrecognized type {type_name(value)!r}: text or a list is needed")
    found = ask(value, query)
    return ask(found, "wrap") if found else value


def ipv6form(value: Any, format: str) -> Any:  # noqa: A002
    """An IPv6 address written out (`expand`), short (`compress`) or without leading zeros only (`x509`)."""
    address = _address(value)
    if format == "expand":
        return address.exploded
    if format == "compress":
        return address.compressed
    if format == "x509":
        return ":".join(f"{int(part, 16):x}" for part in address.exploded.split(":"))
    raise _wrong(f"ipv6form: {format!r} is none of expand, compress and x509")


def usable_range(ip: Any) -> dict[str, Any]:
    """All addresses of a network and how many they are."""
    network = ipaddress.ip_network(as_text(ip))
    if network.num_addresses > MAX_LENGTH // 100:
        raise too_much("the list of addresses")
    return {"usable_ips": [str(address) for address in network], "number_of_ips": network.num_addresses}


FILTERS: Final[Mapping[str, Callable[..., Any]]] = MappingProxyType(
    {
        "cidr_merge": cidr_merge,
        "ip4_hex": ip4_hex,
        "ipcut": ipcut,
        "ipmath": ipmath,
        "ipsubnet": ipsubnet,
        "ipv6form": ipv6form,
        "ipwrap": ipwrap,
        "network_in_network": network_in_network,
        "network_in_usable": network_in_usable,
        "next_nth_usable": next_nth_usable,
        "nthhost": nthhost,
        "previous_nth_usable": previous_nth_usable,
        "reduce_on_network": reduce_on_network,
        "usable_range": usable_range,
    }
)
