"""What `user` runs for an account that is new or goes: useradd, userdel and their like, and a home folder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runner.sh import account_text
from runner.sh.quote import path, quote

# As useradd does it: a copy of the skeleton, with the mode that login.defs names. `pb_skel` "" is none.
HOME_TEXT = r"""pb_make_home() {
  pb_where=${1%/*}
  [ -z "$pb_where" ] || [ -d "$pb_where" ] || mkdir -p -- "$pb_where" || pb_fail "cannot make $pb_where"
  mkdir -- "$1" || pb_fail "cannot make $1"
  if [ -d "$pb_skel" ]; then cp -R -P -- "$pb_skel/." "$1/" || pb_fail "cannot copy $pb_skel to $1"; fi
  pb_home_mode=755
  if [ -r /etc/login.defs ]; then
    while read -r pb_k pb_v; do
      case $pb_k:$pb_v in
      *:*[!0-7]* | *:) ;;
      HOME_MODE:*) pb_home_mode=$pb_v; break ;;
      UMASK:*) pb_octal "$((0777 & ~0$pb_v))"; pb_home_mode=$pb_octal ;;
      esac
    done </etc/login.defs
  fi
  chmod "$pb_home_mode" "$1" || pb_fail "cannot change the mode of $1"
}
pb_own_home() { chown -R -h -- "$1:$2" "$3" || pb_fail "cannot give $3 to its user"; }
"""


def _pairs(args: Mapping[str, Any], *names: tuple[str, str]) -> list[str]:
    """Options of a tool for those arguments that are given."""
    return [word for option, flag in names if args[option] is not None for word in (flag, quote(str(args[option])))]


def _ranges(args: Mapping[str, Any], *names: str) -> list[str]:
    keys = [name for name in names if args[name] is not None]
    return [word for name in keys for word in ("-K", quote(f"{name.upper()}={args[name]}"))]


def create(args: Mapping[str, Any]) -> str:
    """Makes the account with useradd, or with busybox's adduser where there is no other."""
    lines = [
        f"pb_skel={path(args['skeleton'] or '/etc/skel')} pb_early=",
        f"if pb_have useradd; then\n{_useradd(args)}\nelse\n{_adduser(args)}\nfi",
    ]
    if args["password"] is not None:
        lines.append(account_text.set_hash(args))
    return "\n".join(lines)


def _useradd(args: Mapping[str, Any]) -> str:
    name = quote(args["name"])
    words = ["useradd", *_pairs(args, ("uid", "-u"))]
    words += ["-o"] if args["uid"] is not None and args["non_unique"] else []
    words += _pairs(args, ("seuser", "-Z"), ("group", "-g"), ("comment", "-c"))
    words += ["-d", path(args["home"])] if args["home"] is not None else []
    words += ["-s", path(args["shell"])] if args["shell"] is not None else []
    if args["expires"] is not None:
        words += ["-e", "''" if args["expires"] < 0 else account_text.date(args)]
    words += _pairs(args, ("password_expire_account_disable", "-f"))
    if args["create_home"]:
        words += ["-m"] + (["-k", path(args["skeleton"])] if args["skeleton"] is not None else [])
        words += _ranges(args, "umask")
    else:
        words.append("-M")
    words += (["-r"] if args["system"] else []) + _ranges(args, "uid_min", "uid_max")
    # A group with the user's name is not to be made a second time (USERGROUPS_ENAB of login.defs).
    own = "set --" if args["group"] is not None else f"set --; pb_group_find {name} && set -- -N"
    lines = [own, '[ -z "$pb_want" ] || set -- "$@" -G "${pb_want%,}"']
    if args["home"] is not None and args["create_home"]:
        home = path(args["home"])
        lines.append(f'pb_v={home}; [ -d "${{pb_v%/*}}" ] || {{ pb_make_home "$pb_v"; pb_early=1; }}')
    return "\n".join([*lines, f'{" ".join(words)} "$@" {name} || exit'])


def _adduser(args: Mapping[str, Any]) -> str:
    name = quote(args["name"])
    words = ["adduser", "-D", *_pairs(args, ("uid", "-u"), ("group", "-G"), ("comment", "-g"))]
    words += ["-h", path(args["home"])] if args["home"] is not None else []
    words += ["-s", path(args["shell"])] if args["shell"] is not None else []
    words += ([] if args["create_home"] else ["-H"]) + (["-S"] if args["system"] else [])
    words += ["-k", path(args["skeleton"])] if args["skeleton"] is not None else []
    return (
        f"{' '.join(words)} {name} || exit\npb_rest=$pb_want\n"
        'while [ -n "$pb_rest" ]; do pb_g=${pb_rest%%,*} pb_rest=${pb_rest#*,}\n'
        f'adduser {name} "$pb_g" || exit; done'
    )


def remove(args: Mapping[str, Any]) -> str:
    """Removes the account; with `remove`, its home and mail too."""
    name = quote(args["name"])
    flags = ("-f " if args["force"] else "") + ("-r " if args["remove"] else "")
    other = "--remove-home " if args["remove"] else ""
    return f"if pb_have userdel; then userdel {flags}{name}; else deluser {other}{name}; fi || exit"


def ages(args: Mapping[str, Any]) -> tuple[str, str]:
    """How long a password lives (chage): whether it differs, as a condition, and the text that sets it."""
    wanted = [
        (args[f"password_expire_{field}"], field, flag)
        for field, flag in (("min", "-m"), ("max", "-M"), ("warn", "-W"))
        if args[f"password_expire_{field}"] is not None
    ]
    if not wanted:
        return "false", ":"
    same = " && ".join(f'[ "${{pb_{field}:--1}}" = {number} ]' for number, field, _ in wanted)
    words = " ".join(f"{flag} {number}" for number, _, flag in wanted)
    return f"! {{ {same}; }}", f"chage {words} {quote(args['name'])} || exit"
