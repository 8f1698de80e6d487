"""TCP ports as a host sees them: sh text that finds out whether something accepts, what it says, who is connected."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from types import MappingProxyType
from typing import Final

from runner.sh.quote import quote

# States of connections in /proc/net/tcp (include/net/tcp_states.h of Linux).
STATES: Final = MappingProxyType(
    {
        "ESTABLISHED": "01",
        "SYN_SENT": "02",
        "SYN_RECV": "03",
        "FIN_WAIT1": "04",
        "FIN_WAIT2": "05",
        "TIME_WAIT": "06",
    }
)

_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1", "0.0.0.0", "::"})
NEEDS_TOOL: Final = (
    "wait_for needs bash or nc (netcat) on the host to connect to {place}; install one of them there "
    "(package netcat-openbsd)"
)


# Connecting: with bash, or with an nc that knows -z. `open_port` is 0 when something accepts, 1 when not.
CONNECT: Final = r"""
connect_with=
if pb_have bash; then connect_with=bash
elif pb_have nc; then connect_with=nc; fi
listens() { [ -n "$listening" ] && grep -Eqs "$listening" /proc/net/tcp /proc/net/tcp6; }
open_port() {
  if listens; then return 0; fi
  shorter
  case $connect_with in
  bash) within "$patience" bash -c 'exec 3<>"/dev/tcp/$1/$2"' - "$host" "$port" ;;
  nc) within "$patience" nc -z "$host" "$port" ;;
  *) [ -n "$listening" ] && [ -r /proc/net/tcp ] && return 1; pb_fail "$needs" ;;
  esac </dev/null >/dev/null 2>&1
}
"""

# What a port says: bash reads what comes, piece by piece, and stops at a match; nc listens for a while.
HEAR: Final = r"""
said=$pb_dir/w.$pb_index
hear() {
  : >"$said"
  case $connect_with in
  bash)
    [ -n "$ere" ] && patience=$left || shorter
    within "$patience" bash -c 'exec 3<>"/dev/tcp/$1/$2" || exit 1
      while dd bs=1024 count=1 <&3 >"$3.1" && [ -s "$3.1" ]; do
        cat "$3.1" >>"$3"
        if [ -n "$4" ] && grep -Eq -e "$4" "$3"; then break; fi
      done' - "$host" "$port" "$said" "$ere" ;;
  nc) shorter; within "$patience" nc "$host" "$port" >"$said" ;;
  *) pb_fail "$needs" ;;
  esac </dev/null >/dev/null 2>&1
  [ -s "$said" ]
}
"""


def place(host: str, port: int) -> str:
    """Sh text that sets what `CONNECT` and `HEAR` read: host, port, what a listener looks like, and a complaint."""
    missing = NEEDS_TOOL.format(place=f"{host}:{port}")
    return f"host={quote(host)} port={port} needs={quote(missing)}\nlistening={quote(listening(host, port))}"


def listening(host: str, port: int) -> str:
    """The ERE of a line of /proc/net/tcp where something listens on this loopback port; "" for other hosts.

    The address is in hex, in words of 32 bits of the machine's own byte order: both orders are looked for.
    """
    if host not in _LOOPBACK:
        return ""
    zeros = "0" * 8
    four = f"{zeros}|0100007F|7F000001"
    six = f"{zeros * 4}|{zeros * 2}(0000FFFF|FFFF0000)(0100007F|7F000001)|{zeros * 3}(01000000|00000001)"
    return f"^ *[0-9]+: ({four}|{six}):{port:04X} [0-9A-F]+:0000 0A "


def draining(host: str, port: int, states: Sequence[str], exclude: Sequence[str]) -> str:
    """Sh text that defines `ready`: 0 when /proc/net/tcp shows no connection of the port in one of `states` (names of
    `STATES`) any more, those with `exclude` not counted."""
    own = _hex(host)
    numbers = "|".join(STATES[name] for name in states) or "none"
    busy = f"^ *[0-9]+: ({own}):{port:04X} [0-9A-F]+:[0-9A-F]+ ({numbers}) "
    others = "|".join(_hex(one) for one in exclude) or "none"
    apart = f"^ *[0-9]+: [0-9A-F]+:[0-9A-F]+ ({others}):"
    return (
        '[ -r /proc/net/tcp ] || pb_fail "state=drained needs /proc/net/tcp, which this host does not have"\n'
        f"busy={quote(busy)} apart={quote(apart)}\n"
        'ready() { ! { grep -Ehs "$busy" /proc/net/tcp /proc/net/tcp6 | grep -Evq "$apart"; }; }'
    )


def _hex(host: str) -> str:
    """An address as it stands in /proc/net/tcp and tcp6, as alternatives of an ERE. Names other than localhost: any."""
    try:
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        return "[0-9A-F]+"
    if address.is_unspecified:
        return "[0-9A-F]+"
    packed = address.packed
    words = [packed[at : at + 4] for at in range(0, len(packed), 4)]
    forms = ["".join(word[::step].hex().upper() for word in words) for step in (-1, 1)]
    if address.version == 4:
        return f"{forms[0]}|{forms[1]}|0{{16}}(FFFF0000|0000FFFF)({forms[0]}|{forms[1]})"
    return "|".join(forms)
