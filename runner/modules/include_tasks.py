"""include_tasks: tasks of another file, loaded when a host reaches it (ansible.builtin.include_tasks)."""

from __future__ import annotations

from runner.arguments import Spec
from runner.model.call import Effect
from runner.modules._structural import APPLY, TASK_FILE, fragment, outcome

__all__ = ["SPEC", "fragment", "outcome"]

SPEC = Spec(
    doc="Load a file of tasks during the run; its name may be a template.",
    free_form="file",
    local=True,
    effect=Effect.READ,
    options={**TASK_FILE, **APPLY},
    example="""\
- name: Tasks for this system
  ansible.builtin.include_tasks: "{{ ansible_facts.os_family | lower }}.yaml"
""",
)
