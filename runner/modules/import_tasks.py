"""import_tasks: tasks of another file, loaded with the playbook (ansible.builtin.import_tasks)."""

from __future__ import annotations

from runner.arguments import Spec
from runner.model.call import Effect
from runner.modules._structural import TASK_FILE, fragment, outcome

__all__ = ["SPEC", "fragment", "outcome"]

SPEC = Spec(
    doc="Put a file's tasks here while the playbook is loaded.",
    free_form="file",
    local=True,
    effect=Effect.READ,
    options=TASK_FILE,
    example="""\
- name: Tasks of another file
  ansible.builtin.import_tasks: users.yaml
""",
)
