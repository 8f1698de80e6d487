"""What `user` runs on a host: shell text that looks at an account, and that makes, changes or removes it.

The probe leaves in the subshell what the apply needs: `$@` holds the options of usermod, `pb_entry` the account's line
of passwd ("" for none). A password's hash is never an argument of a program: it goes to chpasswd's stdin.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Mapping
from typing import Any, Final

from runner.errors import StepError
from runner.model.call import Call
from runner.sh import account_names
from runner.sh.quote import path, quote

# How long a hash is, by its method: MD5, SHA-256, SHA-512, yescrypt.
_HASH_LENGTHS: Final = {"1": 22, "5": 43, "6": 86, "y": 43}
_HASHED: Final = re.compile(r"[A-Za-z0-9./=]*")
# Sets pb_hash and the other fields of shadow; of an account without one (or if it cannot be read) all are empty.
_LOOK: Final = r"""
pb_account() {
  pb_u=$1 pb_entry=$2 pb_hash= pb_min= pb_max= pb_warn= pb_inactive= pb_expire=
  IFS=: read -r pb_x pb_hash pb_uid pb_pgid pb_gecos pb_home pb_shell <<EOF
$pb_entry
EOF
  pb_line=$pb_entry
  if pb_entry shadow "$pb_u"; then
    IFS=: read -r pb_x pb_hash pb_x pb_min pb_max pb_warn pb_inactive pb_expire pb_x <<EOF
$pb_entry
EOF
  fi
  pb_entry=$pb_line
}
"""
# Without usermod, memberships are all that can be changed.
_CAN_CHANGE: Final = """pb_have usermod || case "$# $1" in "2 -G" | "3 -a") ;;
*) pb_fail "Failed to find required executable \\"usermod\\" in paths: $PATH (install shadow)" ;; esac"""
_TOOL: Final = 'pb_have {0} || pb_fail "Failed to find required executable \\"{0}\\" in paths: $PATH"'


def look(call: Call) -> str:
    """Sets `pb_entry` and what is known of the account, and reports it."""
    name = account_names.checked("user", call.args["name"])
    gone = "pb_entry=\n" if account_names.is_going(call, "user", call.args["name"]) else ""
    return (
        f"{account_names.LOOK_UP}{_LOOK}pb_local={'1' if call.args['local'] else ''}\n"
        f'pb_entry passwd {name}\n{gone}pb_kv was "$pb_entry"\n'
        f'[ -z "$pb_entry" ] || pb_account {name} "$pb_entry"\nset --'
    )


def groups_wanted(call: Call) -> str:
    """Sets `pb_want` to the names of the groups, each with a comma behind it; fails for one that is not there."""
    lines = ["pb_want="]
    for group in _groups(call.args) or ():
        if account_names.is_coming(call, "group", group):
            lines.append(f"pb_want=$pb_want{quote(group)},")
        else:
            lines.append(f"{_known(group)}; pb_want=$pb_want$pb_gname,")
    return "\n".join(lines)


def _groups(args: Mapping[str, Any]) -> list[str] | None:
    """The supplementary groups as Ansible reads them; None: they are not asked about."""
    if args["groups"] is None:
        return None
    return [name.strip() for part in args["groups"] for name in part.split(",") if name.strip()]


def _known(group: str) -> str:
    account_names.checked("group", group)
    return f"pb_group_find {quote(group)} || pb_fail {quote(f'Group {group} does not exist')}"


def primary(call: Call) -> str:
    """Sets `pb_gid` to the number of the primary group that is asked for ("" for none, or for one yet to be made)."""
    group = call.args["group"]
    if group is None or account_names.is_coming(call, "group", group):
        return "pb_gid="
    return _known(group)


def differences(call: Call) -> str:
    """Of an account that is there: fills `$@` and says whether anything differs."""
    args = call.args
    lines = []
    if args["uid"] is not None:
        shared = " -o" if args["non_unique"] else ""
        lines.append(f'[ "$pb_uid" = {args["uid"]} ] || set -- "$@" -u {args["uid"]}{shared}')
    lines.append('case $pb_gid in "" | "$pb_pgid") ;; *) set -- "$@" -g "$pb_gid" ;; esac')
    lines += _memberships(args)
    for option, flag, variable in (("comment", "-c", "gecos"), ("home", "-d", "home"), ("shell", "-s", "shell")):
        if args[option] is not None:
            move = " -m" if option == "home" and args["move_home"] else ""
            word = quote(args[option]) if option == "comment" else path(args[option])
            lines.append(f'pb_v={word}; [ "$pb_{variable}" = "$pb_v" ] || set -- "$@" {flag} "$pb_v"{move}')
    lines += _expiry(args)
    inactive = args["password_expire_account_disable"]
    if inactive is not None:
        lines.append(f'[ "${{pb_inactive:--1}}" = {inactive} ] || set -- "$@" -f {inactive}')
    if args["password_lock"] is not None:
        unlocked, locked = ('set -- "$@" -L', ":") if args["password_lock"] else (":", 'set -- "$@" -U')
        lines.append(f"case $pb_hash in !*) {locked} ;; *) {unlocked} ;; esac")
    lines.append(f"[ $# -eq 0 ] || {{ {_CAN_CHANGE}\npb_differs; }}")
    lines += _password_differs(args)
    return "\n".join(lines)


def _memberships(args: Mapping[str, Any]) -> list[str]:
    if args["groups"] is None:
        return []
    name = quote(args["name"])
    missing = (
        f"pb_memberships {name}; pb_need=; pb_rest=$pb_want\n"
        'while [ -n "$pb_rest" ]; do pb_g=${pb_rest%%,*} pb_rest=${pb_rest#*,}\n'
        'case $pb_now in *,"$pb_g",*) ;; *) pb_need=1 ;; esac; done'
    )
    surplus = (
        "pb_rest=${pb_now#,}\n"
        'while [ -n "$pb_rest" ]; do pb_g=${pb_rest%%,*} pb_rest=${pb_rest#*,}\n'
        'case ,$pb_want in *,"$pb_g",*) ;; *) pb_need=1 ;; esac; done'
    )
    flags = "-a -G" if args["append"] else "-G"
    change = f'[ -z "$pb_need" ] || set -- "$@" {flags} "${{pb_want%,}}"'
    return [missing, *([] if args["append"] else [surplus]), change]


def _expiry(args: Mapping[str, Any]) -> list[str]:
    """The account's last day; what shadow says counts days since 1970, "" is never."""
    if args["expires"] is None:
        return []
    if args["expires"] < 0:
        return ['case $pb_expire in "" | -*) ;; *) set -- "$@" -e \'\' ;; esac']
    return [f'[ "$pb_expire" = {_day(args)} ] || set -- "$@" -e {date(args)}']


def _day(args: Mapping[str, Any]) -> int:
    return math.floor(float(args["expires"])) // 86400


def date(args: Mapping[str, Any]) -> str:
    """That day as the tools read it. Raises StepError for a time that no calendar has."""
    try:
        return time.strftime("%Y-%m-%d", time.gmtime(args["expires"]))
    except (OverflowError, OSError, ValueError) as error:
        raise StepError(f"Invalid value for 'expires' {args['expires']}: {error}") from None


def hash_wanted(args: Mapping[str, Any]) -> str:
    """The password's hash as it shall stand in shadow. Raises StepError for one that would break that file."""
    found = str.__str__(args["password"])
    if any(letter in found for letter in ":\n\r"):
        raise StepError("password is no hash: it holds a colon or a line break")
    return f"!{found}" if args["password_lock"] and not found.startswith("!") else found


def doubts(args: Mapping[str, Any]) -> list[str]:
    """What is worth a warning: a password that looks as if it was no hash, and `append` without groups."""
    found = []
    if args["append"] and args["groups"] is None:
        what = "'append' is set, but no 'groups' are specified. Use 'groups' for appending new groups."
        found.append(f"{what}This will change to an error in Ansible 2.14.")
    if args["password"] and not _is_hash(str.__str__(args["password"])):
        what = "The input password appears not to have been hashed."
        found.append(f"{what} The 'password' argument must be encrypted for this module to work properly.")
    return found


def _is_hash(text: str) -> bool:
    """Whether it looks like one of crypt(3), or is none on purpose, so that nobody can log in with it."""
    if text in ("*", "!", "*************"):
        return True
    fields = text.split("$")
    if len(fields) < 3 or not {":", "*", "!"}.isdisjoint(text) or not _HASHED.fullmatch(fields[-1]):
        return False
    return len(fields[-1]) == _HASH_LENGTHS.get(fields[1], len(fields[-1]))


def _password_differs(args: Mapping[str, Any]) -> list[str]:
    """Whether the hash differs, a lock aside; then usermod has neither to lock nor to unlock."""
    if args["password"] is None or args["update_password"] == "on_create":
        return []
    bare = quote(hash_wanted(args).lstrip("!"))
    return [
        "pb_v=$pb_hash; while :; do case $pb_v in !*) pb_v=${pb_v#!} ;; *) break ;; esac; done",
        f'pb_new_hash=; [ "$pb_v" = {bare} ] || {{ pb_differs; pb_new_hash=1; }}',
    ]


def set_hash(args: Mapping[str, Any]) -> str:
    """Gives the account its hash; `printf` is the shell's own, so no process list ever has it."""
    line = quote(f"{args['name']}:{hash_wanted(args)}")
    return f"{_TOOL.format('chpasswd')}; printf '%s\\n' {line} | chpasswd -e || exit"


def change(args: Mapping[str, Any]) -> str:
    """Runs usermod with what differs; without it, only memberships and the password can be changed."""
    name = quote(args["name"])
    lines = []
    if args["password"] is not None and args["update_password"] == "always":
        lines.append(
            'if [ -n "$pb_new_hash" ]; then\npb_n=$#; while [ $pb_n -gt 0 ]; do pb_v=$1; shift; pb_n=$((pb_n - 1))\n'
            'case $pb_v in -L | -U) ;; *) set -- "$@" "$pb_v" ;; esac; done\n' + set_hash(args) + "\nfi"
        )
    lines.append(f'[ $# -eq 0 ] || if pb_have usermod; then usermod "$@" {name} || exit\nelse\n{_by_hand(args)}\nfi')
    return "\n".join(lines)


def _by_hand(args: Mapping[str, Any]) -> str:
    """Memberships with the tools of busybox; anything else needs usermod."""
    name = quote(args["name"])
    drop = (
        ""
        if args["append"]
        else (
            f"pb_memberships {name}; pb_rest=${{pb_now#,}}\n"
            'while [ -n "$pb_rest" ]; do pb_g=${pb_rest%%,*} pb_rest=${pb_rest#*,}\n'
            f'case ,$pb_want in *,"$pb_g",*) ;; *) delgroup {name} "$pb_g" || exit ;; esac; done'
        )
    )
    return (
        f'pb_rest=$pb_want; while [ -n "$pb_rest" ]; do pb_g=${{pb_rest%%,*}} pb_rest=${{pb_rest#*,}}\n'
        f'case $pb_now in *,"$pb_g",*) ;; *) adduser {name} "$pb_g" || exit ;; esac; done\n{drop}'
    )
