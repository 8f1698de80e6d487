"""service_facts: the services of a host as facts (ansible.builtin.service_facts)."""

from __future__ import annotations

import re
from typing import Any, Final

from runner.arguments import Spec
from runner.model.call import Call, Effect, Fragment, Outcome, Reply, Status, skipped
from runner.model.ports import Desk
from runner.sh.verdict import failure, value

SPEC = Spec(
    doc="Learn which services a host has and whether they run, as facts.",
    effect=Effect.READ,
    tells_facts=True,
    example="""\
- name: What runs there
  ansible.builtin.service_facts:
- name: Say it of one
  ansible.builtin.debug:
    msg: "{{ ansible_facts.services['cron.service'].state }}"
  when: "'cron.service' in ansible_facts.services"
""",
    returns={"ansible_facts": "`services`: by name, its name, state, status and source (systemd, sysv or openrc)."},
)

# A template of units (`getty@.service`) has no state of its own to ask for.
_ASK: Final = r"""if pb_have service && ! pb_have chkconfig && ! pb_have rc-status; then
pb_kv sysv "$(service --status-all 2>/dev/null 9>&-)"; fi
if pb_have rc-status && pb_have rc-update; then
pb_kv openrc "$(rc-status -a -s -m 2>&1 | grep '^ ' | tr -d '[]')"
pb_kv runlevels "$(rc-update show -v 2>&1 | grep '|')"; fi
if pb_have systemctl && [ -d /run/systemd/system ]; then
pb_kv units "$(systemctl list-units --no-pager --type service --all --plain 2>/dev/null)"
pb_files=$(systemctl list-unit-files --no-pager --type service --all 2>/dev/null); pb_kv files "$pb_files"
set -f
set -- $(printf '%s\n' "$pb_files" | sed -n 's/^\([^ @]*\(@[^. ][^ ]*\)\{0,1\}\.service\) .*/\1/p')
[ $# -eq 0 ] || pb_kv active "$(systemctl show --property=Id --property=ActiveState -- "$@" 2>/dev/null)"
fi"""
_SYSV: Final = re.compile(r"^\s*\[ ([+-]) \]\s+(.+)$", re.MULTILINE)
_BAD: Final = ("not-found", "masked", "failed")

Services = dict[str, dict[str, Any]]


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """Reads only, so a dry run asks the same."""
    del call, desk
    return Fragment(probe=_ASK, effect=Effect.READ)


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """What every manager there is said, the later one's word counting more, as in Ansible."""
    del call, fragment, desk
    if problem := failure(reply):
        return problem
    found = _sysv(value(reply, "sysv")) | _openrc(value(reply, "openrc"), value(reply, "runlevels"))
    found |= _systemd(value(reply, "units"), value(reply, "files"), value(reply, "active"))
    if not found:
        return skipped("Failed to find any services. This can be due to privileges or some other configuration issue.")
    return Outcome(Status.OK, own_facts={"services": found})


def _sysv(text: str) -> Services:
    return {
        name: {"name": name, "state": "running" if sign == "+" else "stopped", "source": "sysv"}
        for sign, name in _SYSV.findall(text)
    }


def _openrc(text: str, runlevels: str) -> Services:
    levels = {
        name.strip(): rest.split("|")[0].split() or None
        for name, bar, rest in (line.partition("|") for line in runlevels.splitlines())
        if bar
    }
    rows = [line.split() for line in text.splitlines()]
    return {
        row[0]: {"name": row[0], "runlevels": levels[row[0]], "state": row[1], "source": "openrc"}
        for row in rows
        if len(row) > 1 and row[0] != "*" and row[0] in levels
    }


def _systemd(units: str, files: str, active: str) -> Services:
    """Units that are loaded say whether they run; unit files whether they are enabled."""
    found: Services = {}
    for fields in (line.split() for line in units.splitlines() if ".service" in line):
        if len(fields) > 3:
            status = next((bad for bad in _BAD if bad in fields[:-1]), fields[2])
            state = "running" if fields[3] == "running" else "stopped"
            found[fields[0]] = {"name": fields[0], "state": state, "status": status, "source": "systemd"}
    states: dict[str, str] = {}
    for block in active.split("\n\n"):
        shown = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        states[shown.get("Id", "")] = shown.get("ActiveState", "unknown")
    for fields in (line.split() for line in files.splitlines() if ".service" in line):
        name, status = fields[0], fields[1] if len(fields) > 1 else "unknown"
        if name not in found:
            state = states.get(name, "unknown")
            found[name] = {"name": name, "state": state, "status": status, "source": "systemd"}
        elif found[name]["status"] not in _BAD:
            found[name]["status"] = status
    return found
