"""What `service` runs on hosts with OpenRC (Alpine, Gentoo): rc-service and rc-update."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runner.errors import StepError
from runner.model.call import Call
from runner.sh.quote import quote


def probe(call: Call) -> str:
    """Looks at the service's runlevels and state. Raises StepError for a name that would be read as an option."""
    args = call.args
    name = args["name"]
    if name.startswith("-"):
        raise StepError(f"Could not find the requested service {name}: host")
    missing = quote(f"Could not find the requested service {name}: host")
    soon = call.check and f"/etc/init.d/{name}" in call.will_exist
    absent = "pb_kv coming 1; pb_differs; exit 0" if soon else f"pb_fail {missing}"
    lines = [f"pb_name={quote(name)} pb_link= pb_act=", f'[ -e "/etc/init.d/$pb_name" ] || {{ {absent}; }}']
    if args["enabled"] is not None:
        level = quote(args["runlevel"])
        lines.append(
            f"pb_on=; for pb_l in $(rc-update show 2>/dev/null | sed -n 's/^[[:space:]]*\\([^|]*[^|[:space:]]\\)"
            "[[:space:]]*|\\(.*\\)$/\\1=\\2/p' | while IFS== read -r pb_n pb_ls; do "
            '[ "$pb_n" = "$pb_name" ] && echo "$pb_ls"; done); do\n'
            f'[ "$pb_l" = {level} ] && pb_on=1; done\n'
            f'[ "$pb_on" = "{1 if args["enabled"] else ""}" ] || pb_link={"add" if args["enabled"] else "del"}'
        )
    if args["state"] is not None:
        rule = {
            "started": '[ -n "$pb_up" ] || pb_act=start',
            "stopped": '[ -z "$pb_up" ] || pb_act=stop',
            "restarted": "pb_act=restart",
            "reloaded": 'pb_act=reload; [ -n "$pb_up" ] || pb_act=start',
        }[args["state"]]
        lines.append(
            'case $(rc-service "$pb_name" status 2>/dev/null 9>&-) in *started*) pb_up=1 ;; *) pb_up= ;; esac\n' + rule
        )
    lines.append('[ -z "$pb_link$pb_act" ] || pb_differs\npb_kv link "$pb_link"; pb_kv act "$pb_act"')
    return "\n".join(lines)


def apply(args: Mapping[str, Any]) -> str:
    """rc-update, then rc-service; what the service leaves running does not hold our wire."""
    level = quote(args["runlevel"])
    return (
        f'[ -z "$pb_link" ] || pb_said=$(rc-update -q "$pb_link" "$pb_name" {level} 2>&1) ||\n'
        'pb_fail "failed to $pb_link $pb_name: $pb_said"\n'
        '[ -z "$pb_act" ] || { rc-service "$pb_name" "$pb_act" >"$pb_dir/out" 2>&1 9>&- ||\n'
        'pb_fail "$(cat "$pb_dir/out")"; }'
    )
