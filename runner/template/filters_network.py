"""ipaddr and its relatives, with Python's own `ipaddress`."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from runner.errors import TemplateError
from runner.template.filters_text import as_text

Interface = ipaddress.IPv4Interface | ipaddress.IPv6Interface


def _interface(value: Any) -> Interface | None:
    if isinstance(value, bool) or value is None or value == "":
        return None
    try:
        return ipaddress.ip_interface(value if isinstance(value, int) else as_text(value))
    except ValueError:
        return None


def _is_network(it: Interface) -> bool:
    return it.ip == it.network.network_address and it.network.num_addresses > 1


def _usable(it: Interface) -> tuple[int, int]:
    """The first and last address for hosts, as numbers."""
    low, high = int(it.network.network_address), int(it.network.broadcast_address)
    return (low, high) if high - low < 2 else (low + 1, high - 1 if it.version == 4 else high)


def _address(it: Interface, number: int) -> str:
    return str(type(it.ip)(number))


def _next(it: Interface, step: int) -> Any:
    low, high = _usable(it)
    wanted = int(it.ip) + step
    return _address(it, wanted) if low <= wanted <= high else None


def _host(it: Interface) -> Any:
    alone = it.network.num_addresses == 1
    return f"{it.ip}/{it.network.prefixlen}" if alone or not _is_network(it) else False


_QUERIES: Final[Mapping[str, Callable[[Interface], Any]]] = MappingProxyType(
    {
        "address": lambda it: False if _is_network(it) else str(it.ip),
        "ip": lambda it: False if _is_network(it) else str(it.ip),
        "address/prefix": _host,
        "ip/prefix": _host,
        "host/prefix": _host,
        "gateway": _host,
        "host": _host,
        "hostmask": lambda it: str(it.hostmask),
        "wildcard": lambda it: str(it.hostmask),
        "netmask": lambda it: str(it.netmask),
        "network": lambda it: str(it.network.network_address),
        "network_id": lambda it: str(it.network.network_address),
        "network/prefix": lambda it: str(it.network),
        "subnet": lambda it: str(it.network),
        "net": lambda it: str(it.network) if _is_network(it) else False,
        "network_netmask": lambda it: f"{it.network.network_address} {it.netmask}",
        "ip_netmask": lambda it: f"{it.ip} {it.netmask}",
        "network_wildcard": lambda it: f"{it.network.network_address} {it.hostmask}",
        "ip_wildcard": lambda it: f"{it.ip} {it.hostmask}",
        "prefix": lambda it: it.network.prefixlen,
        "broadcast": lambda it: str(it.network.broadcast_address) if it.network.num_addresses > 2 else False,
        "size": lambda it: it.network.num_addresses,
        "first_usable": lambda it: _address(it, _usable(it)[0]),
        "last_usable": lambda it: _address(it, _usable(it)[1]),
        "range_usable": lambda it: "-".join(_address(it, number) for number in _usable(it)),
        "next_usable": lambda it: _next(it, 1),
        "previous_usable": lambda it: _next(it, -1),
        "revdns": lambda it: it.ip.reverse_pointer + ".",
        "type": lambda it: "network" if _is_network(it) else "address",
        "version": lambda it: it.version,
        "int": lambda it: int(it.ip),
        "bool": lambda _it: True,
    }
)

_KINDS: Final[Mapping[str, Callable[[Interface], bool]]] = MappingProxyType(
    {
        "ipv4": lambda it: it.version == 4,
        "ipv6": lambda it: it.version == 6,
        "private": lambda it: it.is_private,
        "public": lambda it: it.is_global,
        "loopback": lambda it: it.is_loopback,
        "multicast": lambda it: it.is_multicast,
        "link-local": lambda it: it.is_link_local,
        "unicast": lambda it: not it.is_multicast,
    }
)


def ipaddr(value: Any, query: Any = "", version: int | None = None) -> Any:
    """Whether `value` is an address (then itself), or what `query` asks of it; False if it is none. Lists: of each.

    https://docs.ansible.com/ansible/latest/collections/ansible/utils/docsite/filters_ipaddr.html
    """
    if isinstance(value, list | tuple):
        found = [ipaddr(part, query, version) for part in value]
        return [part for part in found if part is not False and part is not None]
    it = _interface(value)
    if it is None or (version is not None and it.version != version):
        return False
    text = as_text(query)
    if text in _QUERIES:
        return _QUERIES[text](it)
    if text == "" or text in _KINDS:
        return value if text == "" or _KINDS[text](it) else False
    if text.removeprefix("-").isdigit():
        return _nth(it, int(text))
    inside = _interface(text)
    if inside is None:
        raise TemplateError(f"ipaddr: unknown query {text!r}", kind="type")
    return value if it.version == inside.version and it.ip in inside.network else False


def _nth(it: Interface, place: int) -> Any:
    size = it.network.num_addresses
    if not -size <= place < size:
        return False
    return f"{it.network[place]}/{it.network.prefixlen}"


def ipv4(value: Any, query: Any = "") -> Any:
    """The same for IPv4 only."""
    return ipaddr(value, query, 4)


def ipv6(value: Any, query: Any = "") -> Any:
    """The same for IPv6 only."""
    return ipaddr(value, query, 6)


FILTERS: Final[Mapping[str, Callable[..., Any]]] = MappingProxyType(
    {
        f"{prefix}{name}": function
        for prefix in ("", "ansible.utils.")
        for name, function in (("ipaddr", ipaddr), ("ipv4", ipv4), ("ipv6", ipv6))
    }
)
