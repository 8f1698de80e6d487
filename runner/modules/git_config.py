"""git_config: one setting of git, of a user, a repository, the system or a file (community.general.git_config)."""

from __future__ import annotations

from typing import Any

from runner.arguments import Option, Spec
from runner.model.call import Call, Diff, Effect, Fragment, Outcome, Reply, Status, failed, ok
from runner.model.ports import Desk
from runner.sh.quote import path, quote
from runner.sh.verdict import failure, value

COLLECTION = "community.general"

SPEC = Spec(
    doc="Read, set or remove a setting of git.",
    effect=Effect.IDEMPOTENT,
    options={
        "name": Option(doc="The setting, as `user.email`."),
        "value": Option(doc="What it shall be; without it, it is read."),
        "scope": Option(choices=("file", "local", "global", "system"), doc="Whose setting."),
        "repo": Option("path", doc="The repository of a local one."),
        "file": Option("path", doc="The file of one in a file."),
        "state": Option(default="present", choices=("present", "absent"), doc="Whether it shall be there."),
        "add_mode": Option(default="replace-all", choices=("add", "replace-all"), doc="One more, or instead of all."),
        "list_all": Option("bool", default=False, doc="Read all settings of the scope."),
    },
    required_one_of=(("name", "list_all"),),
    required_if=(("scope", "local", ("repo",)), ("scope", "file", ("file",))),
    example="""\
- name: Who commits
  community.general.git_config:
    name: user.email
    value: app@example.org
    scope: global
""",
    returns={
        "config_value": "What it is, when it is read.",
        "config_values": "All settings, with list_all.",
    },
)

_LOOK = r"""
pb_have git || pb_fail 'there is no git on this host; install git'
out="$pb_dir/s.gitconfig.$pb_index"
"""


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """Looks at all values of the name; git itself writes."""
    del desk
    args = call.args
    name = args["name"] or ""
    if args["list_all"] and (name or args["value"] is not None):
        return failed("parameters are mutually exclusive: list_all|name, list_all|value")
    if name and (name.startswith("-") or "." not in name or "\n" in name):
        return failed(f"git has no setting named {name!r}: it is section.key")
    if args["state"] == "present" and args["value"] is not None and args["scope"] is None:
        return failed("state=present requires scope: a value without a scope cannot be set")
    where = {"local": "--local", "global": "--global", "system": "--system"}.get(args["scope"] or "", "")
    if args["scope"] == "file":
        where = f"-f {path(args['file'])}"
    folder = path(args["repo"]) if args["repo"] and args["scope"] in ("local", None) else "/"
    base = f"git -C {folder} config {where}"
    if args["list_all"]:
        probe = f'{base} --includes --list -z >"$out" || {{ [ $? = 1 ] || pb_fail "git cannot read its settings"; }}\n'
        return Fragment(f'{_LOOK}{probe}pb_blob all "$out"', effect=Effect.READ)
    read = f"{base} --includes --get-all -z {quote(name)} "
    read += '>"$out" || { rc=$?; [ $rc = 1 ] || exit $rc; }\npb_blob old "$out"'
    if args["state"] == "present" and args["value"] is None:
        return Fragment(f"{_LOOK}{read}", effect=Effect.READ)
    wanted = quote(args["value"] or "")
    if args["state"] == "absent":
        return Fragment(f'{_LOOK}{read}\n[ ! -s "$out" ] || pb_differs', f"{base} --unset-all {quote(name)}")
    same = f'printf "%s\\0" {wanted} | cmp -s - "$out"'
    if args["add_mode"] == "add":
        same = f'tr "\\0" "\\n" <"$out" | grep -qxF -e {wanted}'
    return Fragment(f"{_LOOK}{read}\n{same} || pb_differs", f"{base} --{args['add_mode']} {quote(name)} {wanted}")


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """Changed when the setting was another one."""
    del fragment, desk
    args = call.args
    problem = failure(reply)
    if problem:
        return problem
    if args["list_all"]:
        pairs = (entry.partition("\n") for entry in value(reply, "all").split("\0") if entry)
        return ok(msg="", config_values={name: text for name, _, text in pairs})
    old = value(reply, "old").split("\0")[:-1]
    if args["state"] == "present" and args["value"] is None:
        return ok(msg="", config_value=old[-1] if old else "")
    if not reply.differs:
        return ok(msg="")
    after: list[str] = [] if args["state"] == "absent" else [args["value"]]
    if args["add_mode"] == "add" and after:
        after = [*old, *after]
    shown: tuple[Any, ...] = ()
    if call.diff:
        header = f"git_config({args['name']})"
        shown = (Diff("".join(f"{text}\n" for text in old), "".join(f"{text}\n" for text in after), header, header),)
    return Outcome(Status.CHANGED, {"msg": "setting changed"}, msg="setting changed", diff=shown)
