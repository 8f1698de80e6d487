"""file: files, folders and links, their mode, owner and times (ansible.builtin.file)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from runner.arguments import Option, Spec
from runner.errors import StepError
from runner.model.call import Call, Fragment, Outcome, Reply, Status
from runner.model.ports import Desk
from runner.sh import file_states, modes
from runner.sh.attributes import FILE_OPTIONS, FILE_RETURNS, Seen, attribute_diff, check_mode_text
from runner.sh.extras import extras, refuse_for_trees
from runner.sh.file_states import Texts
from runner.sh.verdict import failure, value

_STATES: Final[Mapping[str, Callable[[Call], Texts]]] = {
    "absent": file_states.absent,
    "directory": file_states.directory,
    "file": file_states.file,
    "hard": file_states.hard,
    "link": file_states.link,
    "touch": file_states.touch,
}

SPEC = Spec(
    doc="Make, change or remove a file, folder or link.",
    options={
        "path": Option("path", required=True, aliases=("dest", "name"), doc="What it is about."),
        "state": Option("str", choices=tuple(_STATES), doc="What it shall be; without it, what it is."),
        "src": Option("path", doc="What a link points to."),
        "recurse": Option("bool", default=False, doc="Mode and owner of everything in a folder too."),
        "force": Option("bool", default=False, doc="Make a link to nothing, or in place of something else."),
        "follow": Option("bool", default=True, doc="If it is a link, mean what it points to."),
        "modification_time": Option("str", doc="preserve, now, or a time."),
        "modification_time_format": Option("str", default="%Y%m%d%H%M.%S", doc="How that time is written."),
        "access_time": Option("str", doc="preserve, now, or a time."),
        "access_time_format": Option("str", default="%Y%m%d%H%M.%S", doc="How that time is written."),
        **FILE_OPTIONS,
    },
    example="""\
- name: A folder
  ansible.builtin.file:
    path: /srv/app
    state: directory
    owner: app
    mode: "0750"
- name: A link
  ansible.builtin.file:
    src: /srv/app/releases/12
    dest: /srv/app/current
    state: link
""",
    returns={
        "path": "What it is about.",
        "dest": "The same for links.",
        **FILE_RETURNS,
    },
)


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:  # noqa: ARG001
    """One subshell; without `state` the host itself picks among the texts that may apply."""
    args = call.args
    check_mode_text(args["mode"])
    state = args["state"]
    if args["recurse"] and state not in ("directory", None):
        raise StepError("recurse option requires state to be 'directory'")
    if args["src"] and state not in ("link", "hard"):
        raise StepError("src option requires state to be 'link' or 'hard'")
    if args["recurse"]:
        refuse_for_trees(args)
    texts = _STATES[state](call) if state else _current(call)
    return Fragment(
        probe=f'{extras(args)}{file_states.start(call)}{texts.probe}\npb_kv path "$pb_path"',
        apply=f'{texts.apply}\npb_stat "$pb_path"; pb_report now; pb_kv path "$pb_path"',
        makes=() if state in ("absent", "file", None) else (args["path"],),
        removes=(args["path"],) if state == "absent" else (),
    )


def _current(call: Call) -> Texts:
    """Without `state`: what is there stays what it is, and only its mode, owner and times are looked after."""
    missing = "directory" if call.args["recurse"] else "file"
    folder, plain = file_states.directory(call), file_states.file(call)
    absent = folder if missing == "directory" else plain
    link = file_states.link(call)
    other = "pb_fail \"recurse option requires state to be 'directory'\"" if call.args["recurse"] else plain.probe
    return Texts(
        f"pb_first=$pb_type\ncase $pb_first in\nabsent) {absent.probe}\n;;\ndir) {folder.probe}\n;;\n"
        f"link) {link.probe}\n;;\n*) {other}\n;;\nesac",
        f"case $pb_first in\nabsent) {absent.apply}\n;;\ndir) {folder.apply}\n;;\nlink) {link.apply}\n;;\n"
        f"*) {plain.apply}\n;;\nesac",
    )


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:  # noqa: ARG001
    """Changed when something differed; keys as Ansible's (path or dest, state, mode, owner …)."""
    problem = failure(reply)
    state = call.args["state"]
    key = "dest" if state in ("link", "hard", "touch") and not problem else "path"
    named = {key: call.args["path"]} | ({"src": call.args["src"]} if call.args["src"] else {})
    if problem:
        return Outcome(problem.status, {**problem.values, **named}, msg=problem.msg)
    was, now = Seen.read(reply, "was"), Seen.read(reply, "now")
    values: dict[str, Any] = {**named, key: value(reply, "path", call.args["path"])}
    if call.check and reply.differs:
        values |= _predicted(call, state, was)
    elif (seen := now or was) is not None:
        values |= seen.result()
    diffs = _diffs(call, was, now, values) if call.diff and reply.differs else ()
    return Outcome(Status.CHANGED if reply.differs else Status.OK, values, diff=diffs)


def _predicted(call: Call, state: str | None, was: Seen | None) -> dict[str, Any]:
    """What a dry run can say of the file: of one that is there, what stays; of a new one, what is asked for."""
    there = was is not None and was.type != "absent"
    if state == "absent":
        return {"state": "absent"}
    if state in (None, "touch"):
        state = was.state if was is not None and there else "file"
    kept = was.result() if was is not None and there and was.state == state else {}
    return {**kept, **_wanted(call, was), "state": str(state)}


def _diffs(call: Call, was: Seen | None, now: Seen | None, values: dict[str, Any]) -> Any:
    """What changes: of a new file only what was asked for, so that a dry run shows the same."""
    before = _shown(was.result()) if was is not None else {}
    after = before | _wanted(call, was) | {"state": values["state"]}
    if values["state"] == "absent":
        after = {"state": "absent"}
    elif now is not None:
        after = {name: value for name, value in _shown(now.result()).items() if name in after}
    found = attribute_diff(str(call.args["path"]), before, after)
    return () if found is None else (found,)


def _shown(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: values[name] for name in ("state", "mode", "owner", "group") if values.get(name) is not None}


def _wanted(call: Call, was: Seen | None) -> dict[str, Any]:
    wanted = {name: call.args[name] for name in ("owner", "group") if call.args[name]}
    if call.args["mode"]:
        current = int(was.mode, 8) if was is not None else 0
        folder = was.type == "dir" if was is not None else False
        wanted["mode"] = f"{modes.predict(call.args['mode'], current, folder, 0o022):04o}"
    return wanted
