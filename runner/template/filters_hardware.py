"""Filters on hardware addresses: hwaddr, macaddr, slaac, random_mac."""

from __future__ import annotations

import ipaddress
import random as randomness
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from runner.errors import TemplateError
from runner.template.filters_network import see, shown

# How hardware addresses are written: pairs with - or :, fours with dots, - or :, two times six, or nothing between.
_FORMS: Final = re.compile(
    r"(?:[0-9a-f]{1,2}([-:]))(?:[0-9a-f]{1,2}\1){4}[0-9a-f]{1,2}"
    r"|(?:[0-9a-f]{1,4}([-:.]))[0-9a-f]{1,4}\2[0-9a-f]{1,4}|[0-9a-f]{5,6}[-:][0-9a-f]{5,6}|[0-9a-f]{11,12}",
    re.IGNORECASE,
)


def _number(value: Any) -> int | None:
    """A hardware address of 48 bits as a number; None for anything else."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value if 0 <= value < 1 << 48 else None
    if not isinstance(value, str) or not _FORMS.fullmatch(value):
        return None
    parts = re.split(r"[-:.]", value)
    width = 12 // len(parts)
    return int("".join(part.rjust(width, "0") for part in parts), 16)


def _grouped(number: int, size: int, separator: str) -> str:
    text = f"{number:012x}"
    return separator.join(text[place : place + size] for place in range(0, 12, size))


_QUERIES: Final[Mapping[str, Callable[[int], Any]]] = MappingProxyType(
    {
        "bare": lambda number: f"{number:012X}",
        "bool": lambda _number: True,
        "int": lambda number: number,
        "cisco": lambda number: _grouped(number, 4, "."),
        **dict.fromkeys(("eui48", "win"), lambda number: _grouped(number, 2, "-").upper()),
        "linux": lambda number: _grouped(number, 2, ":"),
        "unix": lambda number: ":".join(f"{int(part, 16):x}" for part in _grouped(number, 2, ":").split(":")),
        **dict.fromkeys(("pgsql", "postgresql", "psql"), lambda number: _grouped(number, 6, ":")),
    }
)


def hwaddr(value: Any, query: str = "", alias: str = "hwaddr") -> Any:
    """Whether it is a hardware address, or that address in the form `query`.

    https://docs.ansible.com/ansible/latest/collections/ansible/utils/hwaddr_filter.html
    """
    number = _number(value)
    if query and query not in _QUERIES and number is not None:
        raise TemplateError(f"{alias}: unknown filter type: {query}", kind="type")
    if number is None:
        if query and query != "bool":
            raise TemplateError(f"{alias}: not a hardware address: {value}", kind="type")
        return None
    return _QUERIES[query](number) if query else value


def macaddr(value: Any, query: str = "") -> Any:
    """Another name of it."""
    return hwaddr(value, query, "macaddr")


def slaac(value: Any, query: Any = "") -> Any:
    """The address that a host of this hardware address gives itself in a network of IPv6 (RFC 4291, appendix A)."""
    seen, number = see(value), _number(query)
    if seen is None or seen.it.version != 6 or number is None:
        return False
    high, low = divmod(number, 1 << 24)
    identifier = ((high << 40) | (0xFFFE << 24) | low) ^ (1 << 57)
    return shown(ipaddress.IPv6Address(int(seen.it.network.network_address) + identifier))


def random_mac(value: Any, seed: Any = None) -> str:
    """A prefix (`52:54:00`) made a whole hardware address by chance; the same one for the same `seed`."""
    if not isinstance(value, str):
        raise TemplateError(f"random_mac: a prefix as text is needed, got {value!r}", kind="type")
    parts = value.lower().split(":")
    if len(parts) > 5 or not all(re.match("[a-f0-9]{2}", part) for part in parts):
        raise TemplateError(f"random_mac: {value!r} is not at most five pairs of hex digits", kind="type")
    source = randomness.SystemRandom() if seed is None else randomness.Random(seed)
    # The numbers are those of community.general, so that a seed gives the address it always gave.
    digits = f"{source.randint(68719476736, 1099511627775):x}"[: 2 * (6 - len(parts))]
    return value.lower() + re.sub("(..)", r":\1", digits)


FILTERS: Final[Mapping[str, Callable[..., Any]]] = MappingProxyType(
    {"hwaddr": hwaddr, "macaddr": macaddr, "slaac": slaac}
)
GENERAL_FILTERS: Final[Mapping[str, Callable[..., Any]]] = MappingProxyType({"random_mac": random_mac})
