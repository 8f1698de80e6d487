"""Firewalld by its own tools: what is asked and what is run for a thing to be there or not, now and at the next boot.

`firewall-cmd` speaks to the daemon; where none runs, what is permanent is written by `firewall-offline-cmd`, whose
words are the same but for `--permanent` and the removal of a service. Source: firewall-cmd(1), firewall-offline-cmd(1).
"""

from __future__ import annotations

from typing import Final

from runner.model.quick import dataclass
from runner.sh.quote import quote

NOT_RUNNING: Final = (
    "firewall is not currently running, unable to perform immediate actions without a running firewall daemon"
)
_MISSING: Final = "firewalld is not installed on the host: this module needs firewall-cmd, or firewall-offline-cmd"

# `ask` sets `said` to the last line of the answer. A daemon that does not run ends firewall-cmd with 252, and so does a
# bus that is not there, by its own error. $strict: what is then said, if nothing can be done without a daemon.
PRELUDE: Final = rf"""
PATH=$PATH:/usr/sbin:/sbin
daemon=1 off=
stored() {{ if [ -n "$daemon" ]; then firewall-cmd --permanent "$@"; else firewall-offline-cmd "$@"; fi; }}
now() {{ firewall-cmd "$@"; }}
main() {{ if [ -n "$daemon" ]; then firewall-cmd "$@"; else firewall-offline-cmd "$@"; fi; }}
no_daemon() {{
  daemon= off=-from-zone
  pb_kv offline 1
  [ -z "$strict" ] || pb_fail "$strict"
  pb_have firewall-offline-cmd || pb_fail "{_MISSING}"
}}
try() {{
  said=$("$@" 2>"$pb_dir/firewalld") && rc=0 || rc=$?
  wrong=$(sed -n 's/^Error: //p' "$pb_dir/firewalld")
  said=${{said##*"$pb_nl"}}
  [ -n "$said" ] || said=$(tail -n 1 "$pb_dir/firewalld")
}}
ask() {{
  try "$@"
  case "$daemon $rc $wrong" in
  "1 252 "* | "1 "*"DBUS_ERROR: Failed to connect to socket"*) no_daemon; try "$@" ;;
  esac
  [ "$rc" = 0 ] || [ "$said" = no ] || [ "$said" = "no zone" ] || pb_fail "ERROR: Exception caught: ${{wrong:-$said}}"
}}
broken() {{
  case $1 in *INVALID_SERVICE*) how="$how, $services" ;; esac
  pb_fail "ERROR: Exception caught: $1 $how"
}}
run() {{ try "$@"; [ "$rc" = 0 ] || broken "${{wrong:-$said}}"; }}
services="Services are defined by port/tcp relationship and named as they are in /etc/services (on most systems)"
pb_have firewall-cmd || {{ pb_have firewall-offline-cmd || pb_fail "{_MISSING}"; no_daemon; }}
"""


@dataclass(frozen=True, slots=True)
class Known:
    """What firewalld must know before a thing can be added: `ask` lists names, `name` must be one of them (or, `alone`,
    the only one, if there is any); `wrong` is the error if it is not."""

    ask: str
    name: str
    wrong: str
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Thing:
    """What can be in a zone, or be one. `ask`, `add` and `remove` are sh words for the tools; `there` is the pattern of
    `case` that `$said` fits when it is there. `timed`: it can be for a time."""

    ask: str
    add: str
    remove: str
    there: str = "yes"
    timed: bool = False
    known: Known | None = None


def in_zone(
    zone: str | None,
    flag: str,
    text: str = "",
    *,
    adding: str = "add",
    timed: bool = False,
    known: Known | None = None,
) -> Thing:
    """Something that is in a zone or not: `--query-`, `--add-` and `--remove-FLAG`, with `=TEXT` if that is given."""
    where = f"{quote(f'--zone={zone}')} " if zone else ""
    tail = quote(f"={text}") if text else ""
    return Thing(
        f"{where}--query-{flag}{tail}",
        f"{where}--{adding}-{flag}{tail}",
        # Offline, `--remove-service` is a word of an older tool and means something else.
        f"{where}--remove-{flag}{'$off' if flag == 'service' else ''}{tail}",
        timed=timed,
        known=known,
    )


def target(zone: str, wanted: str) -> Thing:
    """What a zone does with packets that no rule of it decides. Tools say `REJECT` or `%%REJECT%%`."""
    where = quote(f"--zone={zone}")
    word = quote(wanted)
    return Thing(
        f"{where} --get-target",
        f"{where} --set-target={word}",
        f"{where} --set-target=default",
        there=f"{word} | {quote(wanted.strip('%'))}",
    )


def zone(name: str) -> Thing:
    """A zone itself."""
    return Thing(
        "--get-zones",
        quote(f"--new-zone={name}"),
        quote(f"--delete-zone={name}"),
        there=f"{quote(name)} | {quote(name + ' ')}* | *{quote(' ' + name + ' ')}* | *{quote(' ' + name)}",
    )


def default(name: str, otherwise: str) -> Thing:
    """The zone of what is in no other one."""
    return Thing(
        "--get-default-zone",
        quote(f"--set-default-zone={name}"),
        f"--set-default-zone={otherwise}",
        there=quote(name),
    )


def probe(thing: Thing, runners: tuple[str, ...], *, wanted: bool | None) -> str:
    """Asks each of the runners (`stored`, `now`, `main`); sets `do_RUNNER` where something has to be done.
    `wanted` None: nothing ever is."""
    lines = ["do_stored= do_now= do_main="]
    for runner in runners:
        lone = '[ -z "$daemon" ] || ' if runner == "now" and len(runners) > 1 else ""
        differs = ("", f"do_{runner}=1") if wanted else (f"do_{runner}=1", "")
        verdict = f"case $said in {thing.there}) {differs[0]} ;; *) {differs[1]} ;; esac" if wanted is not None else ":"
        lines.append(f"{lone}{{ ask {runner} {thing.ask}; {verdict}; }}")
    lines.append('[ -z "$do_stored$do_now$do_main" ] || pb_differs')
    if thing.known is not None and wanted:
        name = quote(f" {thing.known.name} ")
        fits = f'{name} | " no zone "' if thing.known.alone else f"*{name}*"
        lines.append(
            f'if [ -n "$do_stored$do_now" ]; then ask {runners[0]} {thing.known.ask}\n'
            f'case " $said " in {fits}) ;; *) broken {quote(thing.known.wrong)} ;; esac; fi'
        )
    return "\n".join(lines)


def apply(thing: Thing, runners: tuple[str, ...], *, wanted: bool, timeout_s: int) -> str:
    """Does what the probe found to be done."""
    lines = []
    for runner in runners:
        words = thing.add if wanted else thing.remove
        if wanted and thing.timed and runner == "now" and timeout_s:
            words += f" --timeout={timeout_s}"
        lines.append(f'[ -z "$do_{runner}" ] || run {runner} {words}')
    return "\n".join(lines)
