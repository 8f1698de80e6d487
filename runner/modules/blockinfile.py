"""blockinfile: a block of lines between two markers in a file (ansible.builtin.blockinfile)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from runner.arguments import Option, Spec
from runner.errors import StepError
from runner.model.call import Call, Fragment, Outcome, Reply, Status, failed
from runner.model.ports import Desk
from runner.sh import blocks, editing
from runner.sh.attributes import FILE_OPTIONS
from runner.sh.editing import encoded

SPEC = Spec(
    doc="Put a block of lines, between two marker lines, into a file, replace it or remove it.",
    mutually_exclusive=(("insertbefore", "insertafter"),),
    options={
        "path": Option("path", required=True, aliases=("dest", "destfile", "name"), doc="The file."),
        "state": Option(default="present", choices=("absent", "present"), doc="Whether the block shall be there."),
        "block": Option(default="", aliases=("content",), doc="The lines; without any the block is removed."),
        "marker": Option(default="# {mark} ANSIBLE MANAGED BLOCK", doc="A marker line; `{mark}` is its begin or end."),
        "marker_begin": Option(default="BEGIN", doc="What stands for `{mark}` before the block."),
        "marker_end": Option(default="END", doc="What stands for `{mark}` behind the block."),
        "insertafter": Option(doc="Where a new block goes: after the last match of this pattern, or `EOF`."),
        "insertbefore": Option(doc="Where a new block goes: before the last match of this pattern, or `BOF`."),
        "append_newline": Option("bool", default=False, doc="Keep an empty line behind the block."),
        "prepend_newline": Option("bool", default=False, doc="Keep an empty line before the block."),
        "create": Option("bool", default=False, doc="Make the file (and its folder) if there is none."),
        "backup": Option("bool", default=False, doc="Keep the old file beside it, with the time in its name."),
        "validate": Option(doc="A command that checks the new file before it is put in place; `%s` is its path."),
        **FILE_OPTIONS,
    },
    example="""\
- name: A block of hosts
  ansible.builtin.blockinfile:
    path: /etc/hosts
    marker: "# {mark} cluster"
    block: |
      192.0.2.11 one
      192.0.2.12 two
""",
    returns={
        "backup_file": "Where the old file is kept.",
    },
)


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """The first trip: what the file holds."""
    del desk
    create = call.args["create"] and call.args["state"] == "present"
    return editing.read(call, editing.from_args(call.args, create=create))


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """What has to change, as an outcome or as the second trip; of that, what came of it."""
    del desk
    return editing.outcome(call, fragment, reply, lambda before: _change(call.args, before))


def _change(args: Mapping[str, Any], before: bytes | None) -> editing.Edit | Outcome:
    if before is None:
        if not args["create"]:
            return failed(f"Path {args['path']} does not exist !", rc=257)
        if args["state"] == "absent":
            msg = f"File {args['path']} not present"
            return Outcome(Status.OK, {"msg": msg}, msg=msg)
    wish = _wish(args)
    try:
        content = blocks.edited(before or b"", wish)
    except re.error as error:
        raise StepError(f"Invalid regular expression: {error}") from None
    if before is None:
        return editing.Edit(content, "File created")
    if content == before:
        return editing.Edit(content)
    return editing.Edit(content, "Block inserted" if wish.block else "Block removed")


def _wish(args: Mapping[str, Any]) -> blocks.Wish:
    present = args["state"] == "present"
    begin, end = (args["marker"].replace("{mark}", args[f"marker_{side}"]) for side in ("begin", "end"))
    after, before = (None if args[side] is None else encoded(args[side]) for side in ("insertafter", "insertbefore"))
    return blocks.Wish(
        block=encoded(args["block"]) if present else b"",
        begin=encoded(begin),
        end=encoded(end),
        after=after,
        before=before,
        prepend_newline=args["prepend_newline"] and present,
        append_newline=args["append_newline"] and present,
    )
