"""Users and groups of a host: the functions for the shell that look them up, and the rules for their names.

`LOOK_UP` needs `pb_local` ("1": only the files of the host, "": whatever its name service knows).
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from runner.errors import StepError
from runner.model.call import Call
from runner.sh.quote import quote

# What no tool takes for a name, or takes for something else. Whether the rest is one is for the host's tools to say.
_NO_NAME: Final = re.compile(r"\A-|[:,/\n\r\0]|\A\Z")

LOOK_UP: Final = r"""
pb_entry() {
  pb_entry=
  if [ -z "$pb_local" ] && pb_have getent; then
    pb_entry=$(getent "$1" "$2" 2>/dev/null)
    case $pb_entry in "$2":*) return 0 ;; esac
    pb_entry=
    return 1
  fi
  [ -r "/etc/$1" ] || return 1
  while IFS= read -r pb_row; do case $pb_row in "$2":*) pb_entry=$pb_row; break ;; esac; done <"/etc/$1"
  [ -n "$pb_entry" ]
}
pb_every() { if [ -z "$pb_local" ] && pb_have getent; then getent "$1"; else cat "/etc/$1"; fi; }
pb_group_find() {
  pb_gid= pb_gname=
  case $1 in
  *[!0-9]* | "") ;;
  *)
    pb_list=$(if [ -z "$pb_local" ] && pb_have getent; then getent group "$1"; else cat /etc/group; fi)
    while IFS=: read -r pb_g pb_x pb_i pb_m; do
      if [ "$pb_i" = "$1" ]; then pb_gid=$pb_i pb_gname=$pb_g; return 0; fi
    done <<EOF
$pb_list
EOF
    ;;
  esac
  pb_entry group "$1" || return 1
  IFS=: read -r pb_gname pb_x pb_gid pb_m <<EOF
$pb_entry
EOF
}
pb_memberships() {
  pb_now=,
  pb_list=$(pb_every group)
  while IFS=: read -r pb_g pb_x pb_i pb_m; do
    case ,$pb_m, in *,"$1",*) pb_now=$pb_now$pb_g, ;; esac
  done <<EOF
$pb_list
EOF
}
"""


def checked(kind: str, name: str) -> str:
    """The name as a shell word. Raises StepError if it is none."""
    if _NO_NAME.search(name):
        raise StepError(f"invalid {kind} name {name!r}")
    return quote(name)


def key(kind: str, name: str) -> str:
    """How an account is named among what a dry run would have made (`Fragment.makes`): no path looks like it."""
    return f"{kind}:{name}"


def expected(probe: str, will_exist: Collection[str]) -> str:
    """The probe of a dry run, told which accounts earlier steps would have made, if it asks who somebody is."""
    coming = sorted(name for name in will_exist if name.startswith(("user:", "group:")))
    if not coming or "pb_attr_probe" not in probe:
        return probe
    words = " ".join(coming)
    return f"pb_coming={quote(f' {words} ')}\n{probe}"


def is_coming(call: Call, kind: str, name: str) -> bool:
    """Whether an earlier step of this dry run would have made it."""
    return call.check and key(kind, name) in call.will_exist


def is_going(call: Call, kind: str, name: str) -> bool:
    """Whether an earlier step of this dry run would have removed it."""
    return call.check and key(kind, name) in call.will_vanish
