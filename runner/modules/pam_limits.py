"""pam_limits: a limit of what users may use, in limits.conf (community.general.pam_limits)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runner.arguments import Option, Spec
from runner.model.call import Call, Fragment, Outcome, Reply, failed
from runner.model.ports import Desk
from runner.sh import editing, limits
from runner.sh.verdict import text

COLLECTION = "community.general"

SPEC = Spec(
    doc="Set a limit of what users may use (files, processes, memory …) in limits.conf.",
    options={
        "domain": Option(required=True, doc="A user, `@group`, or `*`."),
        "limit_type": Option(required=True, choices=("soft", "hard", "-"), doc="Which limit; `-` is both."),
        "limit_item": Option(required=True, choices=limits.ITEMS, doc="What is limited."),
        "value": Option(required=True, doc="How much; or `unlimited`."),
        "use_max": Option("bool", default=False, doc="An old value that is larger stays."),
        "use_min": Option("bool", default=False, doc="An old value that is smaller stays."),
        "backup": Option("bool", default=False, doc="Keep the old file beside it, with the time in its name."),
        "dest": Option("str", default="/etc/security/limits.conf", doc="The file."),
        "comment": Option(default="", doc="A comment behind the limit."),
    },
    example="""\
- name: Many open files for the web server
  community.general.pam_limits:
    domain: www-data
    limit_type: "-"
    limit_item: nofile
    value: 64000
""",
    returns={"backup_file": "Where the old file is kept."},
)


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """The first trip: what the file holds."""
    del desk
    args = call.args
    if args["use_max"] and args["use_min"]:
        return failed("Cannot use use_min and use_max at the same time.")
    limits.check(args["limit_item"], args["value"])
    return editing.read(call, editing.from_args(args, path=args["dest"], create=True, folders=False, attributes_msg=""))


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """What has to change, as an outcome or as the second trip; of that, what came of it."""
    del desk
    return editing.outcome(call, fragment, reply, lambda before: _change(call.args, before))


def _change(args: Mapping[str, Any], before: bytes | None) -> editing.Edit:
    limit = limits.Limit(
        args["domain"],
        args["limit_type"],
        args["limit_item"],
        args["value"],
        args["comment"],
        larger=args["use_max"],
        smaller=args["use_min"],
    )
    made = limits.present(text(before or b""), limit, args["dest"])
    return editing.Edit(editing.encoded(made.text), made.line)
