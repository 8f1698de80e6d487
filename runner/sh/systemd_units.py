"""What `systemd_service` runs on a host: shell text that asks systemctl about a unit, and tells it what to do.

The text is looked at twice where the manager is told to read its files again: before (which decides whether there is
anything to do) and after it has.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from runner.errors import StepError
from runner.model.call import Call
from runner.sh.quote import quote

# pb_field NAME: sets pb_field to a line of `systemctl show`. pb_unit_look: sets what is known of "$pb_unit".
_LOOK: Final = r"""
pb_field() {
  pb_field=
  case $pb_nl$pb_show in
  *"$pb_nl$1="*) pb_field=$pb_nl$pb_show; pb_field=${pb_field#*"$pb_nl$1="}; pb_field=${pb_field%%"$pb_nl"*} ;;
  *) return 1 ;;
  esac
}
pb_is_enabled() { pb_word=$(pb_ctl is-enabled "$pb_unit" "$@" 2>/dev/null); }
pb_runlevels_start() {
  for pb_f in /etc/rc?.d/S??"$1"; do [ ! -e "$pb_f" ] && [ ! -L "$pb_f" ] || return 0; done
  return 1
}
pb_unit_look() {
  pb_found= pb_active= pb_load= pb_show=$(pb_ctl show "$pb_unit" 2>"$pb_dir/ctl") || pb_show=
  [ ! -e "/etc/init.d/$pb_unit" ] || pb_found=script
  if pb_field LoadState; then
    pb_load=$pb_field
    [ "$pb_load" = not-found ] || pb_found=unit
    if [ "$pb_load" != not-found ] && [ "$pb_load" != masked ] && pb_field LoadError && [ -n "$pb_field" ]; then
      pb_fail "Error loading unit file '$pb_unit': $pb_field"
    fi
    ! pb_field ActiveState || pb_active=$pb_field
  else
    pb_is_enabled
    case $pb_word in
    enabled | enabled-runtime | linked | linked-runtime | masked | masked-runtime | static | indirect | disabled | \
      generated | transient) pb_found=unit ;;
    *) ! pb_ctl list-unit-files "$pb_unit" >/dev/null 2>&1 || pb_found=unit ;;
    esac
  fi
}
"""
_MISSING: Final = 'pb_fail "Could not find the requested service $pb_unit: host"'
_ACTIONS: Final[Mapping[str, str]] = {
    "started": "start",
    "stopped": "stop",
    "restarted": "restart",
    "reloaded": "reload",
}


def start(call: Call) -> str:
    """Defines the functions and `pb_ctl`. Raises StepError for a name that systemctl would take for something else."""
    args = call.args
    unit = args["name"] or ""
    for letter in "*?[":
        if letter in unit:
            raise StepError(
                f"This module does not currently support using glob patterns, found '{letter}' in service name: {unit}"
            )
    if unit.startswith("-"):
        raise StepError(f"Could not find the requested service {unit}: host")
    words = ["systemctl"]
    words += [f"--{args['scope']}"] if args["scope"] != "system" else []
    words += ["--no-block"] if args["no_block"] else []
    words += ["--force"] if args["force"] else []
    return (
        f'{_LOOK}pb_ctl() {{ {" ".join(words)} "$@"; }}\npb_unit={quote(unit)}\n'
        'pb_have systemctl || pb_fail "Failed to find required executable \\"systemctl\\" in paths: $PATH"\n'
        '[ -n "${XDG_RUNTIME_DIR-}" ] || { XDG_RUNTIME_DIR=/run/user/$(id -u); export XDG_RUNTIME_DIR; }'
    )


def probe(call: Call) -> str:
    """Looks at the unit and says whether there is anything to do."""
    args = call.args
    lines = [start(call)]
    again = args["daemon_reload"] or args["daemon_reexec"]
    if args["name"] is not None:
        lines.append(decide(call, final=not again or call.check))
    if again:
        lines.append("pb_differs")
    return "\n".join(lines)


def decide(call: Call, *, final: bool) -> str:
    """Looks, sets pb_mask, pb_enable and pb_act to what is to be done ("" for nothing), and reports all of it.

    A unit that is not there is a mistake only if the look is `final`; in a dry run it may be on its way.
    """
    args = call.args
    missing = _MISSING if final else ":"
    if call.check and is_coming(call):
        missing = "pb_kv coming 1; pb_differs; exit 0"
    lines = ["pb_unit_look; pb_mask= pb_enable= pb_act="]
    if args["masked"] is not None:
        want, other = ("masked", "mask") if args["masked"] else ("", "unmask")
        test = '[ "$pb_word" = masked ]' if want else '[ "$pb_word" != masked ]'
        lines.append(f"pb_is_enabled; {test} || {{ pb_mask={other}; pb_differs; }}")
    if args["enabled"] is not None or args["state"] is not None:
        lines.append(f'[ -n "$pb_found" ] || {{ {missing}; }}')
    if args["enabled"] is not None:
        lines.append(_enabling(args))
    if args["state"] is not None:
        lines.append(_acting(args["state"], final=final))
    lines.append('pb_kv show "$pb_show"; pb_kv mask "$pb_mask"; pb_kv act "$pb_act"')
    return "\n".join(lines)


def is_coming(call: Call) -> bool:
    """Whether an earlier step of this dry run would have brought the unit's file or script."""
    unit = call.args["name"]
    names = {unit, f"{unit}.service"}
    folders = ("/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system", "/etc/init.d")
    return call.check and any(f"{folder}/{name}" in call.will_exist for folder in folders for name in names)


def _enabling(args: Mapping[str, Any]) -> str:
    """https://www.freedesktop.org/software/systemd/man/systemctl.html: what `is-enabled` says, and its exit status."""
    script = ""
    if args["scope"] == "system":
        script = (
            '\n1) [ ! -e "/etc/init.d/$pb_unit" ] || case $pb_word in *disabled) ;; '
            '*) ! pb_runlevels_start "$pb_unit" || pb_on=1 ;; esac ;;'
        )
    wanted, word = ("1", "enable") if args["enabled"] else ("", "disable")
    return (
        "pb_on=; pb_is_enabled -l; case $? in\n"
        f"0) case $pb_word in enabled-runtime | indirect | alias) ;; *) pb_on=1 ;; esac ;;{script}\nesac\n"
        f'pb_kv on "$pb_on"; [ "$pb_on" = "{wanted}" ] || {{ pb_enable={word}; pb_differs; }}'
    )


def _acting(state: str, *, final: bool) -> str:
    action = _ACTIONS[state]
    running = {"started": "", "stopped": "pb_act=stop"}.get(state, f"pb_act={action}")
    idle = {"stopped": ""}.get(state, "pb_act=start")
    unknown = 'pb_fail "Service is in unknown state"' if final else ":"
    stopping = running if state == "stopped" else idle
    return (
        f"case $pb_active in active | activating) {running or ':'} ;; deactivating) {stopping or ':'} ;;\n"
        f'"") [ -n "$pb_load" ] || pb_offline || {unknown} ;; *) {idle or ":"} ;; esac\n'
        '[ -z "$pb_act" ] || pb_differs'
    ).replace("pb_offline", '[ "${SYSTEMD_OFFLINE-}" = 1 ] || [ ! -d /run/systemd/system ]')


def apply(call: Call) -> str:
    """Has the manager read its files again, then does what has to be done, in Ansible's order."""
    args = call.args
    lines = []
    for option, verb in (("daemon_reload", "daemon-reload"), ("daemon_reexec", "daemon-reexec")):
        if args[option]:
            lines.append(_told(verb, f"failure $? during {verb}: $pb_said", unit=False))
    if lines and args["name"] is not None:
        lines.append(decide(call, final=True))
    if args["masked"] is not None:
        lines.append(_if("mask", _told('"$pb_mask"', "Failed to $pb_mask the service ($pb_unit): $pb_said")))
    if args["enabled"] is not None:
        lines.append(_if("enable", _told('"$pb_enable"', "Unable to $pb_enable service $pb_unit: $pb_said")))
    if args["state"] is not None:
        lines.append(_if("act", _told('"$pb_act"', "Unable to $pb_act service $pb_unit: $pb_said")))
    return "\n".join(lines)


def _if(variable: str, text: str) -> str:
    return f'[ -z "$pb_{variable}" ] || {text}'


def _told(verb: str, msg: str, *, unit: bool = True) -> str:
    name = ' "$pb_unit"' if unit else ""
    return f'pb_said=$(pb_ctl {verb}{name} 2>&1 >/dev/null) || pb_fail "{msg}"'


def parsed(text: str) -> dict[str, str]:
    """What `systemctl show` printed; only values of keys that begin with Exec go over several lines, in braces."""
    found: dict[str, str] = {}
    key, many = "", list[str]()
    for line in text.splitlines():
        if many:
            many.append(line)
        elif "=" in line:
            key, _, value = line.partition("=")
            if not (key.startswith("Exec") and value.lstrip().startswith("{")):
                found[key] = value.strip()
                continue
            many.append(value)
        if many and many[-1].rstrip().endswith("}"):
            found[key] = "\n".join(many).strip()
            many = []
    return found
