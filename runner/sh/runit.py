"""What `service` runs on hosts with runit (Void Linux): sv, and links in the folder that runsvdir watches."""

from __future__ import annotations

from typing import Final

from runner.errors import StepError
from runner.model.call import Call
from runner.sh.quote import quote

# A service is on when a link in the watched folder leads to it; sv(8) says `run: …` or `down: …` of one.
_LOOK: Final = r"""
pb_watched=/var/service pb_link= pb_act=
for pb_d in /var/service /etc/service /service; do [ -d "$pb_d" ] && pb_watched=$pb_d && break; done
pb_on=; { [ -e "$pb_watched/$pb_name" ] || [ -L "$pb_watched/$pb_name" ]; } && pb_on=1
"""
_STATE: Final = r"""
case $(sv status "$pb_watched/$pb_name" 2>/dev/null 9>&-) in run:*) pb_up=1 ;; *) pb_up= ;; esac
"""
_ACTS: Final = {
    "started": '[ -n "$pb_up" ] || pb_act=start',
    "stopped": '[ -z "$pb_up" ] || pb_act=stop',
    "restarted": "pb_act=restart",
    "reloaded": "pb_act=reload",
}
# The link, then sv; one that shall be off is stopped before its link goes.
APPLY: Final = r"""
pb_sv() { pb_said=$(sv "$1" "$pb_watched/$pb_name" 2>&1 9>&-) || pb_fail "$pb_said"; }
if [ "$pb_link" = del ]; then
  [ -z "$pb_act" ] || pb_sv "$pb_act"
  rm -f "$pb_watched/$pb_name" || pb_fail "cannot remove $pb_watched/$pb_name"
else
  if [ "$pb_link" = add ]; then
    ln -s "/etc/sv/$pb_name" "$pb_watched/$pb_name" || pb_fail "cannot make $pb_watched/$pb_name"
    pb_n=0
    while [ -n "$pb_act" ] && [ ! -e "/etc/sv/$pb_name/supervise/ok" ] && [ "$pb_n" -lt 7 ]; do
      sleep 1; pb_n=$((pb_n + 1))
    done
  fi
  [ -z "$pb_act" ] || pb_sv "$pb_act"
fi
"""


def probe(call: Call) -> str:
    """Looks at the link and the state. Raises StepError for a name that is none."""
    args, name = call.args, call.args["name"]
    if name.startswith("-") or "/" in name:
        raise StepError(f"Could not find the requested service {name}: host")
    missing = quote(f"Could not find the requested service {name}: host")
    soon = call.check and f"/etc/sv/{name}" in call.will_exist
    absent = "pb_kv coming 1; pb_differs; exit 0" if soon else f"pb_fail {missing}"
    lines = [f"pb_name={quote(name)}{_LOOK}", f'[ -n "$pb_on" ] || [ -d "/etc/sv/$pb_name" ] || {{ {absent}; }}']
    if args["enabled"] is not None:
        rule = '[ -n "$pb_on" ] || pb_link=add' if args["enabled"] else '[ -z "$pb_on" ] || pb_link=del'
        lines.append(rule)
    if args["state"] is not None:
        lines.append(_STATE + _ACTS[args["state"]])
        if args["enabled"]:
            # runsvdir starts what is linked; sv then waits for it.
            lines.append('[ "$pb_link" != add ] || [ "$pb_act" != reload ] || pb_act=start')
    lines.append('[ -z "$pb_link$pb_act" ] || pb_differs')
    return "\n".join(lines)
