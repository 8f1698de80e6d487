"""sysvinit: init scripts and their runlevels (ansible.builtin.sysvinit)."""

from __future__ import annotations

from runner.arguments import Option, Spec
from runner.modules._sysvinit import fragment, outcome

__all__ = ["SPEC", "fragment", "outcome"]

SPEC = Spec(
    doc="Start, stop or enable a service that has an init script.",
    restless=True,
    options={
        "name": Option(required=True, aliases=("service",), doc="The script's name below /etc/init.d, or its path."),
        "state": Option(
            choices=("started", "stopped", "restarted", "reloaded"),
            doc="Started and stopped are kept; restarted and reloaded happen each time.",
        ),
        "enabled": Option("bool", doc="Whether it starts with the host."),
        "sleep": Option("int", default=1, doc="Seconds to wait between stop and start of a restart."),
        "pattern": Option(doc="Text of the process list that says it runs, for a script that has no status."),
        "arguments": Option(aliases=("args",), doc="More words for the script."),
        "runlevels": Option("list", elements="str", doc="The runlevels it is enabled in, instead of the script's own."),
        "daemonize": Option("bool", default=False, doc="For a script that stays: it never holds the connection here."),
    },
    required_one_of=(("state", "enabled"),),
    example="""\
- name: The old daemon
  ansible.builtin.sysvinit:
    name: olddaemon
    state: started
    enabled: true
    runlevels: ["3", "5"]
""",
    returns={
        "name": "The service.",
        "status": "What was done to its runlevels (`enabled`) and to the service (its state).",
    },
)
