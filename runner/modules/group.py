"""group: groups of the host (ansible.builtin.group)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from runner.arguments import Option, Spec
from runner.errors import StepError
from runner.model.call import Call, Fragment, Outcome, Reply, Status
from runner.model.ports import Desk
from runner.sh import account_names as accounts
from runner.sh.quote import quote
from runner.sh.verdict import failure, text, value

SPEC = Spec(
    doc="Make, change or remove a group.",
    brings=True,
    options={
        "name": Option(required=True, doc="Its name."),
        "state": Option(default="present", choices=("absent", "present"), doc="Whether it shall be there."),
        "gid": Option("int", doc="Its number."),
        "non_unique": Option("bool", default=False, doc="Let another group have that number, too."),
        "system": Option("bool", default=False, doc="A new group gets a number of the system's range."),
        "force": Option("bool", default=False, doc="Remove it even if it is the primary group of a user."),
        "local": Option("bool", default=False, doc="Look at the host's own files only, not at its name service."),
        "gid_min": Option("int", doc="The least number a new group may get."),
        "gid_max": Option("int", doc="The greatest number a new group may get."),
    },
    required_if=(("non_unique", True, ("gid",)),),
    example="""\
- name: The application's group
  ansible.builtin.group:
    name: app
    gid: 1500
    state: present
""",
    returns={
        "name": "Its name.",
        "state": "What was asked for.",
        "gid": "Its number.",
        "system": "Whether a system group was asked for.",
    },
)

# Without shadow's tools those of busybox: it has none that changes a number, so the file is edited as a whole.
_RENUMBER: Final = r"""if pb_have groupmod; then groupmod -g {gid}{shared} {name} || exit
else
if pb_every group | grep -q "^[^:]*:[^:]*:{gid}:"; then pb_fail "gid '{gid}' in use"; fi
pb_stat /etc/group; pb_temp /etc/group; pb_want_mode=0$pb_mode
while IFS= read -r pb_row; do
case $pb_row in {name}:*) IFS=: read -r pb_g pb_x pb_i pb_m <<EOF
$pb_row
EOF
pb_row=$pb_g:$pb_x:{gid}:$pb_m ;; esac
printf '%s\n' "$pb_row" >&8
done </etc/group
pb_attr_apply "$pb_temp" 0 0; pb_place "$pb_temp" /etc/group
fi"""


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """One look, one tool."""
    del desk
    args = call.args
    _refuse(args)
    name = accounts.checked("group", args["name"])
    own = accounts.key("group", args["name"])
    look = f"{accounts.LOOK_UP}pb_local={'1' if args['local'] else ''}\npb_entry group {name}\n"
    if accounts.is_going(call, "group", args["name"]):
        look += "pb_entry=\n"
    look += 'pb_kv was "$pb_entry"\n'
    after = f'\npb_entry group {name}; pb_kv now "$pb_entry"'
    if args["state"] == "absent":
        force = "-f " if args["force"] else ""
        drop = f"if pb_have groupdel; then groupdel {force}{name}; else delgroup {name}; fi || exit"
        return Fragment(f'{look}[ -z "$pb_entry" ] || pb_differs', drop + after, removes=(own,))
    add = f'if [ -z "$pb_entry" ]; then\n{_add(args, name)}\nelse\n{_change(args, name)}\nfi'
    differs = '[ -n "$pb_entry" ] || pb_differs'
    if args["gid"] is not None:
        differs = f"case $pb_entry in {name}:*:{args['gid']}:*) ;; *) pb_differs ;; esac"
    return Fragment(look + differs, add + after, makes=(own,))


def _refuse(args: Mapping[str, Any]) -> None:
    """What goes together in no case, in Ansible's words. Raises StepError."""
    if args["local"] and args["force"]:
        raise StepError("force is not a valid option for local, force=True and local=True are mutually exclusive")
    for name in ("gid_min", "gid_max"):
        if args["local"] and args[name] is not None:
            raise StepError(f"'{name}' can not be used with 'local'")


def _add(args: Mapping[str, Any], name: str) -> str:
    """The text that makes the group."""
    number = [] if args["gid"] is None else ["-g", str(args["gid"])]
    ranges = [
        word
        for option in ("gid_min", "gid_max")
        if args[option] is not None
        for word in ("-K", f"{option.upper()}={args[option]}")
    ]
    shadow = [*number, *(["-o"] if number and args["non_unique"] else []), *(["-r"] if args["system"] else []), *ranges]
    busybox = [*number, *(["-S"] if args["system"] else []), *ranges]
    return (
        f"if pb_have groupadd; then {' '.join(map(quote, ['groupadd', *shadow]))} {name}\n"
        f"else {' '.join(map(quote, ['addgroup', *busybox]))} {name}; fi || exit"
    )


def _change(args: Mapping[str, Any], name: str) -> str:
    """The text that gives the group its number."""
    if args["gid"] is None:
        return ":"
    return _RENUMBER.format(gid=args["gid"], shared=" -o" if args["non_unique"] else "", name=name)


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """Changed when something differed; `gid` and `system` of a group that is there."""
    del fragment, desk
    args = call.args
    problem = failure(reply)
    values: dict[str, Any] = {"name": args["name"], "state": args["state"]}
    if problem:
        return Outcome(Status.FAILED, {"name": args["name"]}, msg=problem.msg)
    entry = value(reply, "now", value(reply, "was")).split(":")
    if args["state"] == "present":
        number = entry[2] if len(entry) > 2 and not (call.check and reply.differs) else str(args["gid"] or "")
        values |= {"system": args["system"]} | ({"gid": int(number)} if number.isdigit() else {})
    for stream in ("stdout", "stderr"):
        if said := text(getattr(reply, stream)):
            values[stream] = said
    return Outcome(Status.CHANGED if reply.differs else Status.OK, values)
