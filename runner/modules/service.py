"""service: services of the host, whatever manages them there (ansible.builtin.service)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from runner.arguments import Option, Spec
from runner.errors import StepError
from runner.model.call import Call, Fragment, Outcome, Reply, Status
from runner.model.ports import Desk
from runner.modules import _systemd, _sysvinit
from runner.sh import openrc, runit, systemd_units, sysv
from runner.sh.verdict import failure, value

SPEC = Spec(
    doc="Start, stop or enable a service, with what manages it there: systemd, OpenRC, runit or init scripts.",
    restless=True,
    options={
        "name": Option(required=True, doc="The service."),
        "state": Option(
            choices=("reloaded", "restarted", "started", "stopped"),
            doc="Started and stopped are kept; restarted and reloaded happen each time.",
        ),
        "enabled": Option("bool", doc="Whether it starts with the host."),
        "use": Option(
            default="auto", doc="What manages it: `systemd`, `openrc`, `runit`, `sysvinit`; by itself the host knows."
        ),
        "arguments": Option(default="", aliases=("args",), doc="More words for an init script."),
        "pattern": Option(doc="Text of the process list that says it runs, for an init script that has no status."),
        "runlevel": Option(default="default", doc="The runlevel it is enabled in, with OpenRC."),
        "sleep": Option("int", doc="Seconds between stop and start of an init script's restart."),
    },
    required_one_of=(("state", "enabled"),),
    example="""\
- name: The web server
  ansible.builtin.service:
    name: nginx
    state: started
    enabled: true
""",
    returns={
        "name": "The service.",
        "state": "Its state.",
        "enabled": "Whether it starts with the host.",
        "status": "What the manager says of it.",
    },
)

# As systemd's own sd_booted(3), and process 1's name where /run has been replaced.
_MANAGER: Final = r"""if pb_have systemctl && { [ -d /run/systemd/system ] || { read -r pb_init </proc/1/comm &&
[ "$pb_init" = systemd ]; } 2>/dev/null; }; then pb_manager=systemd
elif pb_have rc-service; then pb_manager=openrc
elif pb_have sv && { read -r pb_init </proc/1/comm && case $pb_init in runit*) : ;; *) false ;; esac; } 2>/dev/null
then pb_manager=runit
else pb_manager=sysvinit; fi"""
_USES: Final = {
    "auto": _MANAGER,
    "systemd": "pb_manager=systemd",
    "ansible.builtin.systemd": "pb_manager=systemd",
    "openrc": "pb_manager=openrc",
    "runit": "pb_manager=runit",
    "community.general.runit": "pb_manager=runit",
    "sysvinit": "pb_manager=sysvinit",
    "ansible.builtin.sysvinit": "pb_manager=sysvinit",
    "service": _MANAGER,
}


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """The host picks the text that fits it."""
    del desk
    use = call.args["use"].lower()
    if use not in _USES:
        raise StepError(f"there is no way here to use {use!r} for services; known: {', '.join(sorted(_USES))}")
    modern, old = _for_systemd(call), _for_scripts(call)
    texts = {
        "systemd": (systemd_units.probe(modern), systemd_units.apply(modern)),
        "openrc": (openrc.probe(call), openrc.apply(call.args)),
        "runit": (runit.probe(call), runit.APPLY),
        "sysvinit": (sysv.probe(old), sysv.apply(old.args)),
    }
    probe, apply = (
        "case $pb_manager in\n" + "\n".join(f"{name}) {pair[part]}\n;;" for name, pair in texts.items()) + "\nesac"
        for part in (0, 1)
    )
    return Fragment(f'{_USES[use]}\npb_kv manager "$pb_manager"\n{probe}', apply)


def _for_systemd(call: Call) -> Call:
    own = {name: call.args[name] for name in ("name", "state", "enabled")}
    return replace(call, args={**{name: option.default for name, option in _systemd.OPTIONS.items()}, **own})


def _for_scripts(call: Call) -> Call:
    own = {name: call.args[name] for name in ("name", "state", "enabled", "pattern", "arguments")}
    return replace(
        call, args={**own, "runlevels": None, "sleep": 1 if call.args["sleep"] is None else call.args["sleep"]}
    )


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """The manager's own result."""
    manager = value(reply, "manager")
    if manager == "systemd":
        return _systemd.outcome(_for_systemd(call), fragment, reply, desk)
    if manager == "sysvinit":
        return _sysvinit.outcome(_for_scripts(call), fragment, reply, desk)
    if problem := failure(reply):
        return problem
    args = call.args
    values: dict[str, Any] = {"name": args["name"]}
    if args["enabled"] is not None:
        values["enabled"] = args["enabled"]
    if args["state"] is not None:
        values["state"] = "stopped" if args["state"] == "stopped" else "started"
    return Outcome(Status.CHANGED if reply.differs else Status.OK, values)
