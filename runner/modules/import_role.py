"""import_role: a role, loaded with the playbook (ansible.builtin.import_role)."""

from __future__ import annotations

from runner.arguments import Option, Spec
from runner.model.call import Call, Effect, Fragment, Outcome, Reply, failed
from runner.model.ports import Desk

SPEC = Spec(
    doc="Put a role's tasks here while the playbook is loaded.",
    free_form=None,
    local=True,
    effect=Effect.READ,
    options={
        "name": Option(required=True, aliases=("role",), doc="The role's name or path."),
        "tasks_from": Option(default="main", doc="The file of the role's `tasks` folder to load."),
        "vars_from": Option(default="main", doc="The file of its `vars` folder."),
        "defaults_from": Option(default="main", doc="The file of its `defaults` folder."),
        "handlers_from": Option(default="main", doc="The file of its `handlers` folder."),
        "allow_duplicates": Option(
            "bool", default=True, doc="Whether the role may run again with the same parameters."
        ),
        "rolespec_validate": Option("bool", default=True, doc="Whether its argument_specs are checked first."),
        "public": Option("bool", default=True, doc="Whether its vars and defaults stay visible to the whole play."),
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
