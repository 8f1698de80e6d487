"""The text and the result of sysvinit, which service takes on hosts with init scripts."""

from __future__ import annotations

from typing import Any

from runner.model.call import Call, Fragment, Outcome, Reply, Status
from runner.model.ports import Desk
from runner.sh import sysv
from runner.sh.verdict import failure, value


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """One look, then the script."""
    del desk
    return Fragment(sysv.probe(call), sysv.apply(call.args))


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """As Ansible has it: below `status`, what was done to the runlevels and to the service."""
    del fragment, desk
    args = call.args
    coming = "coming" in reply.values
    enabled = _deed(reply, "link", "link_rc", "link_out", "link_err", coming and args["enabled"] is not None)
    if args["runlevels"]:
        enabled["runlevels"] = args["runlevels"]
    acted = _deed(reply, "act", "rc", "out", "err", coming and args["state"] is not None)
    values: dict[str, Any] = {"name": args["name"], "status": {"enabled": enabled, args["state"] or "null": acted}}
    if problem := failure(reply):
        if "rc" in reply.values:
            said = {"rc": reply.rc, "stdout": value(reply, "out"), "stderr": value(reply, "err")}
            return Outcome(Status.FAILED, said, msg=value(reply, "msg"))
        return Outcome(Status.FAILED, msg=problem.msg)
    if "illegal runlevel specified" in value(reply, "link_err"):
        msg = f"Illegal runlevel specified for enable operation on service {args['name']}"
        return Outcome(Status.FAILED, values, msg=msg)
    changed = enabled["changed"] or acted["changed"]
    return Outcome(Status.CHANGED if changed else Status.OK, values)


def _deed(reply: Reply, wanted: str, rc: str, out: str, err: str, coming: bool) -> dict[str, Any]:
    done = rc in reply.values
    return {
        "changed": bool(value(reply, wanted)) or coming,
        "rc": int(value(reply, rc)) if done else None,
        "stdout": value(reply, out) if done else None,
        "stderr": value(reply, err) if done else None,
    }
