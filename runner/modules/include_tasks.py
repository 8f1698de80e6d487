"""include_tasks: tasks of another file, loaded when a host reaches it (ansible.builtin.include_tasks)."""

from __future__ import annotations

from runner.arguments import Option, Spec
from runner.model.call import Call, Effect, Fragment, Outcome, Reply, failed
from runner.model.ports import Desk

SPEC = Spec(
    doc="Load a file of tasks during the run; its name may be a template.",
    free_form="file",
    local=True,
    effect=Effect.READ,
    options={
        "file": Option(
            required=True, doc="The task file, relative to the including file or the role's `tasks` folder."
        ),
        "apply": Option("dict", doc="Keywords (`tags`, `become`, `when` …) that every included task inherits."),
    },
)


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """Structural: the tasks take its place before anything is compiled."""
    del desk
    return failed(f"{call.module} is structural: its tasks take its place, it never runs on a host")


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """Never asked for: nothing was sent."""
    del fragment, reply, desk
    return failed(f"{call.module} is structural: it has no answer from a host")
