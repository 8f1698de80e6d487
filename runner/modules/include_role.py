"""include_role: a role, loaded when a host reaches it (ansible.builtin.include_role)."""

from __future__ import annotations

from runner.arguments import Option, Spec
from runner.model.call import Effect
from runner.modules._structural import APPLY, ROLE, fragment, outcome

__all__ = ["SPEC", "fragment", "outcome"]

SPEC = Spec(
    doc="Load and run a role during the run; its name may be a template.",
    local=True,
    effect=Effect.READ,
    options={
        **ROLE,
        "public": Option("bool", default=False, doc="Whether its vars and defaults stay visible after it."),
        **APPLY,
    },
    example="""\
- name: A role for each site
  ansible.builtin.include_role:
    name: site
  vars:
    site_name: "{{ item }}"
  loop: [shop, blog]
""",
)
