"""systemd: units of systemd (ansible.builtin.systemd, also called systemd_service)."""

from __future__ import annotations

from runner.arguments import Spec
from runner.modules._systemd import OPTIONS, REQUIRED_ONE_OF, RETURNS, fragment, outcome

__all__ = ["SPEC", "fragment", "outcome"]

SPEC = Spec(
    doc="Start, stop, enable or mask a unit of systemd.",
    restless=True,
    options=OPTIONS,
    required_one_of=REQUIRED_ONE_OF,
    example="""\
- name: The web server, now and with every start of the host
  ansible.builtin.systemd:
    name: nginx
    state: started
    enabled: true
    daemon_reload: true
""",
    returns=RETURNS,
)
