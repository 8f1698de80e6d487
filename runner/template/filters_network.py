"""ipaddr, ipv4 and ipv6: whether something is an address, and what a query asks of it, with Python's own `ipaddress`.

https://docs.ansible.com/ansible/latest/collections/ansible/utils/docsite/filters_ipaddr.html
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from runner.errors import TemplateError
from runner.model.quick import dataclass
from runner.template.filters_text import as_text
from runner.template.markers import type_name

_SIX_TO_FOUR: Final = ipaddress.IPv6Network("2002::/16")
Interface = ipaddress.IPv4Interface | ipaddress.IPv6Interface


@dataclass(frozen=True, slots=True)
class Seen:
    """An address or network as the user wrote it: `sized` if with a prefix, `value` is what a match gives back."""

    it: Interface
    sized: bool
    value: Any

    @property
    def prefix(self) -> int:
        """The prefix' length."""
        return self.it.network.prefixlen

    @property
    def size(self) -> int:
        """How many addresses the network has."""
        return self.it.network.num_addresses

    @property
    def is_network(self) -> bool:
        """Whether it is the first address of a network of several."""
        return self.size > 1 and self.it.ip == self.it.network.network_address

    @property
    def broadcast(self) -> int | None:
        """The last address; None for the small networks of IPv4 that have no broadcast."""
        return None if self.it.version == 4 and self.size <= 2 else int(self.it.network.broadcast_address)

    def address(self, number: int | None = None) -> str:
        """The address, or another one of its version, as text. Raises ValueError beyond the last one."""
        return shown(self.it.ip if number is None else type(self.it.ip)(number))

    def usable(self) -> tuple[int, int]:
        """The first and last address for hosts of a network of several, as numbers."""
        low, high = int(self.it.network.network_address), int(self.it.network.broadcast_address)
        return (low, high) if self.size == 2 else (low + 1, high - 1)


def shown(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    """As the C library writes it: IPv4 inside IPv6 with its dots."""
    if address.version == 6 and int(address) >> 32 in (0, 0xFFFF) and int(address) > 0xFFFF:
        mapped = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        return f"::{mapped}" if int(address) >> 32 == 0 else f"::ffff:{mapped}"
    return str(address)


def see(value: Any, version: int | None = None) -> Seen | None:
    """What `value` (text or a number) is; None if no address."""
    text = as_text(value)
    if text.isdigit():
        return _from_number(int(text), version)
    if not isinstance(value, str) or "%" in text:
        return None
    try:
        return Seen(ipaddress.ip_interface(text), "/" in text, value)
    except ValueError:
        return _from_sized_number(text)


def _from_number(number: int, version: int | None) -> Seen | None:
    try:
        it: Interface = (ipaddress.IPv6Interface if version == 6 or number >> 32 else ipaddress.IPv4Interface)(number)
    except ValueError:
        return None
    return Seen(it, False, f"{shown(it.ip)}/{it.network.prefixlen}")


def _from_sized_number(text: str) -> Seen | None:
    """`3232235777/24`."""
    number, slash, prefix = text.partition("/")
    if not (slash and number.isdigit() and prefix.isdigit()):
        return None
    kinds: tuple[Any, ...] = (ipaddress.IPv4Address, ipaddress.IPv6Address)
    for kind in kinds:
        try:
            it = ipaddress.ip_interface(f"{kind(int(number))}/{prefix}")
        except ValueError:
            continue
        return Seen(it, True, f"{shown(it.ip)}/{it.network.prefixlen}")
    return None


def _wrong(message: str) -> TemplateError:
    return TemplateError(message, kind="type")


def _sized(seen: Seen, text: str) -> str:
    return f"{text}/{seen.prefix}"


def _ip(seen: Seen) -> Any:
    alone = seen.size == 1 or not seen.is_network or seen.broadcast is None
    return seen.address() if alone or seen.it.version == 6 else None


def _within(seen: Seen) -> Any:
    """For an address that a host of the network may have: with its prefix."""
    edges = (int(seen.it.network.network_address), seen.broadcast)
    return False if seen.size > 2 and int(seen.it.ip) in edges else _sized(seen, seen.address())


def _host(seen: Seen) -> Any:
    return None if seen.is_network and seen.broadcast is not None else _sized(seen, seen.address())


def _own(seen: Seen) -> bool:
    return seen.size == 2 or (seen.size > 1 and not seen.is_network)


def _usable(pick: Callable[[Seen], Any]) -> Callable[[Seen], Any]:
    def found(seen: Seen) -> Any:
        if not seen.sized:
            raise _wrong("ipaddr: Not a network address")
        return pick(seen) if seen.size > 1 else None

    return found


def _step(seen: Seen, by: int) -> Any:
    low, high = seen.usable()
    wanted = int(seen.it.ip) + by
    return seen.address(wanted) if low <= wanted <= high else None


def _peer(seen: Seen) -> str:
    if seen.size == 4 and int(seen.it.ip) % 4 in (0, 3):
        which = "Broadcast" if int(seen.it.ip) % 4 else "Network"
        raise _wrong(f"ipaddr: {which} address of /30 has no peer")
    if seen.size not in (2, 4):
        raise _wrong("ipaddr: Not a point-to-point network")
    return seen.address(int(seen.it.ip) ^ (seen.size - 1))


def _peer_of(seen: Seen) -> Any:
    if not seen.sized:
        raise _wrong("ipaddr: Not a network address")
    return _peer(seen)


def _if(test: Callable[[Seen], bool]) -> Callable[[Seen], Any]:
    return lambda seen: seen.value if test(seen) else None


def _link_local(seen: Seen) -> bool:
    return seen.it.ip.is_link_local


def _global(seen: Seen) -> bool:
    """By IANA's registries of special addresses, in which those of 6to4 are neither global nor private."""
    return seen.it.ip.is_global and seen.it.ip not in _SIX_TO_FOUR


def _public(seen: Seen) -> bool:
    ip, bits = seen.it.ip, int(seen.it.ip)
    flipped = bits ^ ((1 << ip.max_prefixlen) - 1)
    mask = bits & (bits + 1) == 0 or flipped & (flipped + 1) == 0
    return _global(seen) and not (ip.is_multicast or ip.is_loopback or mask)


def _as_v4(seen: Seen) -> Any:
    if seen.it.version == 4:
        return seen.value
    number, prefix = int(seen.it.ip), seen.prefix - 96
    if number >> 32 not in (0, 0xFFFF) or prefix < 0:
        return False
    return f"{ipaddress.IPv4Address(number & 0xFFFFFFFF)}/{prefix}"


def _as_v6(seen: Seen) -> Any:
    return seen.value if seen.it.version == 6 else f"::ffff:{seen.it.ip}/{seen.prefix + 96}"


def _six_to_four(seen: Seen) -> Any:
    if seen.it.version == 4:
        high, low = divmod(int(seen.it.ip), 1 << 16)
        fits = not seen.is_network and (_public(seen) or not _global(seen))
        return f"2002:{high:04x}:{low:04x}::1/48" if fits else False
    return seen.value if seen.it.ip in _SIX_TO_FOUR and not (seen.sized and seen.is_network) else False


def _wrapped(seen: Seen) -> Any:
    if seen.it.version == 4:
        return seen.value
    return f"[{seen.address()}]" + (f"/{seen.prefix}" if seen.sized else "")


def _type(seen: Seen) -> str:
    return "network" if seen.is_network else "address"


def _network(seen: Seen) -> str:
    return shown(seen.it.network.network_address)


def _subnet(seen: Seen) -> str:
    return _sized(seen, _network(seen))


def _range(seen: Seen) -> str:
    return "-".join(seen.address(number) for number in seen.usable())


_QUERIES: Final[Mapping[str, Callable[[Seen], Any]]] = MappingProxyType(
    {
        "": lambda seen: _sized(seen, seen.address()) if seen.sized else seen.address(),
        **dict.fromkeys(("address", "ip"), _ip),
        **dict.fromkeys(("address/prefix", "gateway", "gw", "host/prefix", "hostnet", "router"), _within),
        "ip/prefix": lambda seen: _sized(seen, seen.address()) if _own(seen) else None,
        "ip_netmask": lambda seen: f"{seen.address()} {seen.it.netmask}" if _own(seen) else None,
        "ip_wildcard": lambda seen: f"{seen.address()} {seen.it.hostmask}" if _own(seen) else None,
        "host": _host,
        "bool": lambda _seen: True,
        "broadcast": lambda seen: shown(seen.it.network.broadcast_address) if seen.size > 2 else None,
        "cidr": lambda seen: _sized(seen, seen.address()),
        "first_usable": _usable(lambda seen: seen.address(seen.usable()[0])),
        "last_usable": _usable(lambda seen: seen.address(seen.usable()[1])),
        "range_usable": _usable(_range),
        "next_usable": _usable(lambda seen: _step(seen, 1)),
        "previous_usable": _usable(lambda seen: _step(seen, -1)),
        "peer": _peer_of,
        **dict.fromkeys(("hostmask", "wildcard"), lambda seen: shown(seen.it.hostmask)),
        "netmask": lambda seen: shown(seen.it.netmask),
        "int": lambda seen: _sized(seen, str(int(seen.it.ip))) if seen.sized else int(seen.it.ip),
        **dict.fromkeys(("ipv4", "v4"), _as_v4),
        **dict.fromkeys(("ipv6", "v6"), _as_v6),
        "6to4": _six_to_four,
        "link-local": _if(_link_local),
        **dict.fromkeys(("loopback", "lo"), _if(lambda seen: seen.it.ip.is_loopback)),
        "multicast": _if(lambda seen: seen.it.ip.is_multicast),
        "unicast": _if(lambda seen: not seen.it.ip.is_multicast),
        "private": _if(lambda seen: not _global(seen)),
        "public": _if(_public),
        "net": lambda seen: _subnet(seen) if seen.is_network else None,
        **dict.fromkeys(("network", "network_id"), _network),
        **dict.fromkeys(("network/prefix", "subnet"), _subnet),
        "network_netmask": lambda seen: f"{_network(seen)} {shown(seen.it.netmask)}",
        "network_wildcard": lambda seen: f"{_network(seen)} {shown(seen.it.hostmask)}",
        "prefix": lambda seen: seen.prefix,
        "revdns": lambda seen: seen.it.ip.reverse_pointer + ".",
        "size": lambda seen: seen.size,
        "size_usable": lambda seen: {1: 0, 2: 2}.get(seen.size, seen.size - 2),
        "type": _type,
        "version": lambda seen: seen.it.version,
        "wrap": _wrapped,
    }
)


def ask(value: Any, query: Any = "", version: int | None = None, name: str = "ipaddr") -> Any:
    """What `query` asks of `value`: False if that is no address, None if the question does not fit. Lists: of each."""
    if isinstance(value, list | tuple):
        return [found for part in value if (found := ask(part, query, version, name))]
    seen = None if not value or value is True else see(value, version)
    if seen is None or (version is not None and seen.it.version != version):
        return False
    text = as_text(query)
    if text in _QUERIES:
        return _QUERIES[text](seen)
    inside = None if text.isdigit() else see(text)
    if inside is not None:
        same = inside.it.version == seen.it.version
        return seen.value if same and seen.it.network.subnet_of(inside.it.network) else None  # type: ignore[arg-type]
    try:
        return _nth(seen, int(text))
    except ValueError:
        raise _wrong(f"{name}: unknown filter type: {text}") from None


def _nth(seen: Seen, place: int) -> Any:
    if seen.size == 1:
        return _sized(seen, seen.address()) if seen.sized else seen.address()
    return _sized(seen, shown(seen.it.network[place])) if -seen.size <= place < seen.size else False


def _asked(value: Any, query: Any, version: int | None, name: str) -> Any:
    if not isinstance(value, str | list | int):
        raise _wrong(f"{name}: unrecognized type {type_name(value)!r}: text, a number or a list is needed")
    return ask(value, query, version, name)


def ipaddr(value: Any, query: Any = "", version: int | None = None, alias: str = "ipaddr") -> Any:
    """Whether `value` is an address, or what `query` asks of it."""
    return _asked(value, query, version, alias)


def ipv4(value: Any, query: Any = "") -> Any:
    """The same for IPv4 only."""
    return _asked(value, query, 4, "ipv4")


def ipv6(value: Any, query: Any = "") -> Any:
    """The same for IPv6 only."""
    return _asked(value, query, 6, "ipv6")


FILTERS: Final[Mapping[str, Callable[..., Any]]] = MappingProxyType({"ipaddr": ipaddr, "ipv4": ipv4, "ipv6": ipv6})
