"""What `sysvinit` (and `service` on hosts without systemd) runs: init scripts, their runlevels, and OpenRC's tools."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import Any, Final

from runner.errors import StepError
from runner.model.call import Call
from runner.sh.quote import quote

# pb_ps TEXT: whether the process list holds it (never on a line of our own shells: the text is in no argument).
# pb_status: sets pb_up to 1 or "" by what `status` says, the way that Ansible reads it: words first, then the code.
_LOOK: Final = r"""
pb_script() { case $pb_name in /*) pb_script=$pb_name ;; *) pb_script=/etc/init.d/$pb_name ;; esac; }
pb_ps() {
  pb_list=$(ps auxww 2>/dev/null || ps -ef 2>/dev/null || ps)
  case $pb_list in *"$1"*) return 0 ;; esac
  return 1
}
pb_lower() { printf '%s' "$1" | tr '[:upper:]' '[:lower:]'; }
pb_status() {
  if pb_have service; then pb_out=$(service "$pb_name" status 2>/dev/null 9>&-)
  else pb_out=$("$pb_script" status 2>/dev/null 9>&-)
  fi
  pb_rc=$? pb_up=
  if [ "$pb_name" = iptables ]; then case $pb_out in *ACCEPT*) pb_up=1; return ;; esac; fi
  case $pb_out in
  *"$pb_nl"*) ;;
  *)
    pb_low=$(pb_lower "$pb_name") pb_text=$(pb_lower "$pb_out") pb_rest=
    while :; do
      case $pb_text in *"$pb_low"*) ;; *) break ;; esac
      pb_rest=$pb_rest${pb_text%%"$pb_low"*} pb_text=${pb_text#*"$pb_low"}
    done
    pb_text=$pb_rest$pb_text
    case $pb_text in
    *stop* | *"is dead "* | *"dead but "* | *"could not access pid file"* | *inactive*) return ;;
    *"not "*) ;;
    *run* | *start* | *active*) pb_up=1; return ;;
    esac
    ;;
  esac
  case $pb_rc in
  1 | 2 | 3 | 4 | 69) ;;
  0) pb_up=1 ;;
  *) ! pb_ps "$pb_name" || pb_up=1 ;;
  esac
}
pb_starts_in() {
  if [ -d /etc/rc0.d ]; then pb_rcs=/etc/rc; else pb_rcs=/etc/init.d/rc; fi
  for pb_f in "$pb_rcs"$1.d/S??"$pb_name"; do [ ! -e "$pb_f" ] && [ ! -L "$pb_f" ] || return 0; done
  return 1
}
"""
# A shell's pattern would read these letters of a name otherwise.
_ODD: Final = re.compile(r"[*?\[\]\\]")


def probe(call: Call) -> str:
    """Looks at the script and says whether it has to be told anything."""
    args = call.args
    name = args["name"]
    if name.startswith("-") or _ODD.search(name):
        raise StepError(f"Could not find the requested service {name}: ")
    missing = quote(f"Could not find the requested service {name}: ")
    soon = f"/etc/init.d/{name}" if not name.startswith("/") else name
    absent = "pb_kv coming 1; pb_differs; exit 0" if call.check and soon in call.will_exist else f"pb_fail {missing}"
    lines = [
        f"{_LOOK}pb_name={quote(name)}; PATH=$PATH:/sbin:/usr/sbin:/bin:/usr/bin; pb_script",
        f'[ -e "$pb_script" ] || {{ {absent}; }}\npb_link= pb_act=',
    ]
    lines += _enabling(args)
    if args["state"] is not None:
        lines.append(_acting(args))
    lines.append('[ -z "$pb_link$pb_act" ] || pb_differs\npb_kv link "$pb_link"; pb_kv act "$pb_act"')
    return "\n".join(lines)


def _enabling(args: Mapping[str, Any]) -> list[str]:
    if args["enabled"] is None:
        return []
    levels = args["runlevels"] or ["?"]
    return [
        f"if pb_starts_in {quote(level)}; then pb_on=1; else pb_on=; fi\n"
        f'[ "$pb_on" = "{1 if args["enabled"] else ""}" ] || pb_link=1'
        for level in levels
    ]


def _acting(args: Mapping[str, Any]) -> str:
    """Started and stopped are kept; the others happen each time."""
    state = args["state"]
    look = f"if pb_ps {quote(args['pattern'])}; then pb_up=1; else pb_up=; fi" if args["pattern"] else "pb_status"
    rule = {
        "started": '[ -n "$pb_up" ] || pb_act=start',
        "stopped": '[ -z "$pb_up" ] || pb_act=stop',
        "restarted": "pb_act=restart",
        "reloaded": "pb_act=reload",
    }[state]
    return f"{look}\n{rule}"


def apply(args: Mapping[str, Any]) -> str:
    """Links for the runlevels first, then the script itself."""
    lines = []
    if args["enabled"] is not None:
        lines.append(f'if [ -n "$pb_link" ]; then\n{_link(args)}\nfi')
    if args["state"] is not None:
        lines.append(f'if [ -n "$pb_act" ]; then\n{_act(args)}\nfi')
    return "\n".join(lines)


def _link(args: Mapping[str, Any]) -> str:
    levels = args["runlevels"] or []
    words = " ".join(map(quote, levels))
    if levels:
        debian = f'update-rc.d "$pb_name" {"enable" if args["enabled"] else "disable"} {words}'
        redhat = f'chkconfig --level {quote("".join(levels))} "$pb_name" {"on" if args["enabled"] else "off"}'
    else:
        debian = f'update-rc.d "$pb_name" {"defaults" if args["enabled"] else "disable"}'
        redhat = f'chkconfig "$pb_name" {"on" if args["enabled"] else "off"}'
    return (
        f'if pb_have update-rc.d; then {debian} >"$pb_dir/out" 2>"$pb_dir/said"\n'
        f'elif pb_have chkconfig; then {redhat} >"$pb_dir/out" 2>"$pb_dir/said"\n'
        'else pb_fail "neither update-rc.d nor chkconfig is installed"; fi\n'
        'pb_kv link_rc $?; pb_blob link_out "$pb_dir/out"; pb_blob link_err "$pb_dir/said"'
    )


def _act(args: Mapping[str, Any]) -> str:
    """Without a wire to us: what the script leaves running would hold it open. Its words are read when it ends."""
    words = "".join(f" {quote(word)}" for word in _words(args["arguments"]))
    pause = f"; sleep {args['sleep']}" if args["sleep"] > 0 else ""
    steps = f"pb_tell stop{pause}; pb_tell start{pause}" if args["state"] == "restarted" else 'pb_tell "$pb_act"'
    return (
        "pb_tell() {\n"
        f'"$pb_script" "$1"{words} >"$pb_dir/out" 2>"$pb_dir/said" 9>&-; pb_rc=$?\n'
        'pb_kv rc "$pb_rc"; pb_blob out "$pb_dir/out"; pb_blob err "$pb_dir/said"\n'
        '[ "$pb_rc" -eq 0 ] || pb_fail "Failed to $pb_act service: $pb_name" "$pb_rc"\n}\n'
        f"{steps}"
    )


def _words(arguments: str | None) -> list[str]:
    """More words for the script. Raises StepError for quotes that do not end."""
    try:
        return shlex.split(arguments or "")
    except ValueError as error:
        raise StepError(f"arguments cannot be split into words: {error}") from None
