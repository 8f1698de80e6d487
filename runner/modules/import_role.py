"""import_role: a role, loaded with the playbook (ansible.builtin.import_role)."""

from __future__ import annotations

from runner.arguments import Option, Spec
from runner.model.call import Effect
from runner.modules._structural import ROLE, fragment, outcome

__all__ = ["SPEC", "fragment", "outcome"]

SPEC = Spec(
    doc="Put a role's tasks here while the playbook is loaded.",
    local=True,
    effect=Effect.READ,
    options={
        **ROLE,
        "public": Option("bool", default=True, doc="Whether its vars and defaults stay visible to the whole play."),
    },
    example="""\
- name: A part of a role
  ansible.builtin.import_role:
    name: app
    tasks_from: upgrade
""",
)
